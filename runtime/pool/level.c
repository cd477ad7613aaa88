#include "runtime/pool/level.h"

#include "runtime/platform/memory.h"

#include <limits.h>

enum { LEVEL_RING = 64 };

/* A ring of twice the size; or, if the old one is mostly gaps, of the same size without them. */
bool rovei_level_grow(struct pool_level *level, const rove_allocator *allocator)
{
    size_t places = level->ring ? level->mask + 1 : 0;
    size_t wanted = places == 0 ? LEVEL_RING : level->length > places / 2 ? 2 * places : places;
    struct pool_cell **ring = rovei_memory_allocate(allocator, wanted * sizeof(struct pool_cell *));
    if (!ring)
        return false;
    size_t kept = 0;
    for (uint64_t position = level->begin; position < level->end; position++) {
        struct pool_cell *cell = level->ring[position & level->mask];
        if (cell) {
            cell->position = kept;
            ring[kept++] = cell;
        }
    }
    rovei_level_fini(level, allocator);
    level->ring = ring;
    level->mask = wanted - 1;
    level->begin = 0;
    level->end = kept;
    return true;
}

void rovei_level_fini(struct pool_level *level, const rove_allocator *allocator)
{
    if (level->ring)
        rovei_memory_release(allocator, level->ring, (level->mask + 1) * sizeof *level->ring);
    level->ring = NULL;
}

/* The position of a cell that is in no ring. */
#define LEVEL_LATE UINT64_MAX

void rovei_lane_put_back(struct pool_lane *lane, struct pool_cell *cell, const rove_allocator *allocator)
{
    struct pool_level *level = &lane->levels[cell->level];
    if (level_reserve(level, allocator)) {
        lane_put(lane, cell);
        return;
    }
    struct pool_cell **link = &level->late;
    while (*link)
        link = &(*link)->next;
    *link = cell;
    cell->next = NULL;
    cell->state = CELL_QUEUED;
    cell->position = LEVEL_LATE;
    level->length++;
    lane->length++;
    lane->is_blocked = false;
}

bool rovei_lane_has(const struct pool_lane *lane, const struct pool_cell *cell)
{
    const struct pool_level *level = &lane->levels[cell->level];
    const struct pool_cell *late = level->late;
    if (cell->position != LEVEL_LATE)
        return cell->position >= level->begin && cell->position < level->end &&
               level->ring[cell->position & level->mask] == cell;
    while (late && late != cell)
        late = late->next;
    return late != NULL;
}

static void level_drop_late(struct pool_lane *lane, struct pool_level *level, const struct pool_cell *cell)
{
    struct pool_cell **link = &level->late;
    while (*link != cell)
        link = &(*link)->next;
    *link = cell->next;
    level->length--;
    lane->length--;
}

static void level_drop(struct pool_lane *lane, struct pool_level *level, uint64_t position)
{
    level->ring[position & level->mask] = NULL;
    level->length--;
    lane->length--;
    while (level->begin < level->end && !level->ring[level->begin & level->mask])
        level->begin++;
    while (level->end > level->begin && !level->ring[(level->end - 1) & level->mask])
        level->end--;
}

void rovei_lane_remove(struct pool_lane *lane, struct pool_cell *cell)
{
    struct pool_level *level = &lane->levels[cell->level];
    if (cell->position == LEVEL_LATE)
        level_drop_late(lane, level, cell);
    else
        level_drop(lane, level, cell->position);
}

static bool key_is_suspended(const struct pool_lane *lane, uint64_t key)
{
    for (const struct pool_suspended *suspended = lane->suspended; suspended; suspended = suspended->next)
        if (suspended->key == key)
            return true;
    return false;
}

/* The oldest cell of the level that may start, or NULL. */
static struct pool_cell *level_oldest(const struct pool_lane *lane, const struct pool_level *level, bool is_keyed)
{
    bool may_any = !is_keyed || !lane->suspended;
    for (uint64_t position = level->begin; position < level->end; position++) {
        struct pool_cell *cell = level->ring[position & level->mask];
        if (cell && (may_any || !key_is_suspended(lane, cell->key)))
            return cell;
    }
    struct pool_cell *late = level->late;
    while (late && !may_any && key_is_suspended(lane, late->key))
        late = late->next;
    return late;
}

/* The others that have jobs were passed over once more; an empty one waits for nothing. */
static void lane_note_choice(struct pool_lane *lane, int levels, int chosen)
{
    for (int i = 0; i < levels; i++) {
        struct pool_level *level = &lane->levels[i];
        level->passed = i == chosen || level->length == 0 ? 0 : level->passed + (level->passed < INT_MAX);
    }
}

struct pool_cell *rovei_lane_take(struct pool_lane *lane, int levels, int aging, bool is_keyed)
{
    struct pool_cell *cell = NULL;
    int most_passed = aging - (levels - 1);
    int chosen = 0;
    for (int i = 0; i < levels; i++) {
        struct pool_cell *oldest = level_oldest(lane, &lane->levels[i], is_keyed);
        if (oldest && (!cell || lane->levels[i].passed > most_passed)) {
            cell = oldest;
            chosen = i;
        }
        if (oldest && lane->levels[i].passed > most_passed)
            most_passed = lane->levels[i].passed;
    }
    lane->is_blocked = !cell && lane->length > 0;
    if (!cell)
        return NULL;
    rovei_lane_remove(lane, cell);
    if (levels > 1)
        lane_note_choice(lane, levels, chosen);
    return cell;
}

/* The cells themselves are not looked at: they lie in the cache of whoever has submitted them. */
size_t rovei_lane_take_many(struct pool_lane *lane, struct pool_cell **cells, size_t most)
{
    struct pool_level *level = &lane->levels[0];
    size_t count = 0;
    while (count < most && level->begin < level->end) {
        struct pool_cell *cell = level->ring[level->begin++ & level->mask];
        if (cell)
            cells[count++] = cell;
    }
    level->length -= count;
    lane->length -= count;
    while (count < most && level->late) {
        cells[count] = level->late;
        level_drop_late(lane, level, cells[count++]);
    }
    return count;
}
