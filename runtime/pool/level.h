/*
 * Levels: the queue of the jobs of one priority in one lane, and the choice among the levels of a lane. A level is a
 * ring of cells, oldest first, that grows. A job that is taken out of the middle leaves a gap. All under the pool's
 * lock.
 */
#ifndef ROVEI_POOL_LEVEL_H
#define ROVEI_POOL_LEVEL_H

#include "runtime/pool/cell.h"

struct pool_level {
    struct pool_cell **ring; /* `mask` + 1 places, or NULL */
    size_t mask;
    uint64_t begin; /* the position of the oldest */
    uint64_t end;
    size_t length;          /* how many cells, with those in `late` and without the gaps */
    struct pool_cell *late; /* the oldest of a list of cells that came back when there was no memory for a ring */
    int passed;             /* how often in a row another level was chosen, though this one had jobs */
};

struct pool_suspended {
    uint64_t key;
    struct pool_suspended *next;
};

/* The jobs of a pool that one driver after the other takes from; a pool without placement has one. */
struct pool_lane {
    struct pool_level levels[ROVE_LEVELS_MAX];
    size_t length;                    /* of all levels */
    int drivers;                      /* that have it, not counting those whose job waits */
    struct pool_suspended *suspended; /* keys of jobs that wait for something: others of that key must not start */
    bool is_blocked;                  /* when somebody looked last, that was so for all that are in it */
    uint64_t total;                   /* jobs that were given to it */
    uint64_t ended;                   /* of those */
};

/* The slow side of level_reserve. */
bool rovei_level_grow(struct pool_level *level, const rove_allocator *allocator);

/* Makes room for one more cell at the end. False if there is no memory. */
static inline bool level_reserve(struct pool_level *level, const rove_allocator *allocator)
{
    return (level->ring && level->end - level->begin <= level->mask) || rovei_level_grow(level, allocator);
}
void rovei_level_fini(struct pool_level *level, const rove_allocator *allocator);

/* Puts a cell at the end of its level. Requires: a reserved place. */
static inline void lane_put(struct pool_lane *lane, struct pool_cell *cell)
{
    struct pool_level *level = &lane->levels[cell->level];
    cell->state = CELL_QUEUED;
    cell->position = level->end;
    level->ring[level->end++ & level->mask] = cell;
    level->length++;
    lane->length++;
    lane->is_blocked = false;
}

/* The same for a cell that must not be lost, whether or not there is memory. */
void rovei_lane_put_back(struct pool_lane *lane, struct pool_cell *cell, const rove_allocator *allocator);

/* Whether a cell that was put into the lane is still there. */
bool rovei_lane_has(const struct pool_lane *lane, const struct pool_cell *cell);

/* Takes a cell out from wherever it is. */
void rovei_lane_remove(struct pool_lane *lane, struct pool_cell *cell);

/*
 * Takes the cell whose turn it is, or NULL: the oldest of the first level that has any, unless another level has been
 * passed over so often that it would otherwise be more than `aging` times in a row. With n levels a level becomes
 * urgent n - 2 times before that, because so many others may be urgent at the same time. `is_keyed`: cells whose key is
 * suspended stay.
 */
struct pool_cell *rovei_lane_take(struct pool_lane *lane, int levels, int aging, bool is_keyed);

/* The same for up to `most` cells of a lane with one level; returns how many. */
size_t rovei_lane_take_many(struct pool_lane *lane, struct pool_cell **cells, size_t most);

#endif
