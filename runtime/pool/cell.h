/*
 * Cells: what a pool knows of a job that it has accepted. A cell is taken when a job is submitted and given back when
 * the job has ended and its result, if the pool has a stream, has been read. All fields are written by whoever has the
 * job at the time: the submission, then whoever takes it out of the queue, then the stream; the locks and hands through
 * which it goes order them.
 */
#ifndef ROVEI_POOL_CELL_H
#define ROVEI_POOL_CELL_H

#include <rove/job.h>
#include <rove/pool.h>

enum pool_cell_state {
    CELL_FREE,
    CELL_HELD,   /* waits for futures, or for the time of its next run */
    CELL_QUEUED, /* was put into its lane; the lane knows whether it is still there or was taken, runs, or ends */
    CELL_ENDED   /* with a ticket: it has */
};

struct pool_cell {
    /* A cache line with all that a job needs of which nothing special is said. `state` and `level` are written under
     * the pool's lock. */
    _Alignas(64) rove_job_fn *fn;
    void *arg;
    uint64_t id;
    int64_t submitted; /* ticks, and in its record by rove_clock; 0 in a pool that takes no times */
    uint64_t key;
    uint64_t position; /* in the ring of its level */
    uint32_t index;    /* among all cells */
    uint32_t generation;
    uint16_t lane;
    uint8_t level;
    uint8_t state;       /* enum pool_cell_state */
    uint8_t has_more;    /* the fields of the second part, up to `index_in_batch`, mean something */
    uint8_t is_canceled; /* by its ticket, before it ran. Under the lock */
    uint8_t has_ticket;  /* somebody may cancel it while it runs */
    uint8_t doom;        /* a rove_status: it ends so without running; or 0. With `error` */

    /* Another one: what has come of it. */
    int attempts; /* set by every submission */
    int error;
    rove_status status;
    int worker;
    void *value;
    int64_t wait_ns;
    int64_t run_ns;
    struct pool_cell *next; /* in the stream, or in a list of whoever has it */

    /* What can be said of a job. */
    const char *name;
    void *user;
    int64_t deadline;
    int64_t timeout;
    rove_retry retry;
    void (*on_discard)(void *arg);
    rove_future *future;
    struct rove_batch *batch;
    size_t index_in_batch;

    /* While it is on its way. */
    rove_scope *scope;          /* of a job that has a ticket and runs: for whoever cancels it. Under the lock */
    int64_t due;                /* when a job that is held runs again, by rove_clock */
    void *follower;             /* what waits for its futures, or NULL; see after.h */
    struct pool_cell *previous; /* these two while it is delayed, with `next`; see delays.h. NULL else */
    struct pool_cell *child;
};

/* The cells of a pool, all under its lock. */
struct pool_cells {
    struct pool_cell **free; /* a stack */
    size_t free_count;
    size_t count;              /* cells that exist */
    size_t room;               /* how many `free` and `chunks` have room for */
    struct pool_cell **chunks; /* of CELL_CHUNK cells each */
};

enum { CELL_CHUNK = 64 };

/* How many submissions ahead a free cell is fetched. */
enum { CELL_AHEAD = 4 };

/* Makes more cells; false if there is no memory. */
bool rovei_cells_grow(struct pool_cells *cells, const rove_allocator *allocator);
void rovei_cells_fini(struct pool_cells *cells, const rove_allocator *allocator);

static inline struct pool_cell *cells_take(struct pool_cells *cells, const rove_allocator *allocator)
{
    if (cells->free_count == 0 && !rovei_cells_grow(cells, allocator))
        return NULL;
    struct pool_cell *cell = cells->free[--cells->free_count];
    if (cells->free_count >= CELL_AHEAD)
        __builtin_prefetch(cells->free[cells->free_count - CELL_AHEAD], 1); /* where jobs were run last */
    return cell;
}

/* Whoever still has a ticket for it finds another generation. */
static inline void cells_give(struct pool_cells *cells, struct pool_cell *cell)
{
    cell->generation++;
    cell->state = CELL_FREE;
    cells->free[cells->free_count++] = cell;
}

/* Tickets are never 0, because places are counted from 1. */
static inline rove_ticket cell_ticket(const struct pool_cell *cell)
{
    return (uint64_t)cell->generation << 32 | (cell->index + 1);
}

static inline struct pool_cell *cells_at(const struct pool_cells *cells, size_t index)
{
    return &cells->chunks[index / CELL_CHUNK][index % CELL_CHUNK];
}

/* The cell that `ticket` names, or NULL if that job is gone. */
static inline struct pool_cell *cells_find(const struct pool_cells *cells, rove_ticket ticket)
{
    size_t index = (uint32_t)ticket - UINT32_C(1);
    if (index >= cells->count)
        return NULL;
    struct pool_cell *cell = cells_at(cells, index);
    return cell->generation == (uint32_t)(ticket >> 32) && cell->state != CELL_FREE ? cell : NULL;
}

#endif
