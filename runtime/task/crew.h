/*
 * A crew: workers that take the tiles of a range in order, from its beginning. Scans, searches and filters want that
 * rather than halves of what is left, because to them a far part is of little use as long as a near one is not done.
 *
 * A crew begins with the worker that found somebody hungry. Each member looks, between chunks, whether a thief has rung
 * its doorbell, and forks a helper if so, which is a member too once it is stolen. A member stays until no tile is left
 * to take; it never waits for another one without a bound, since that one may be suspended further below on its own
 * stack.
 */
#ifndef ROVEI_TASK_CREW_H
#define ROVEI_TASK_CREW_H

#include "runtime/task/range.h"

#include <stdatomic.h>

struct rovei_crew;

/* A call for one more member. */
struct crew_helper {
    rove_task task; /* first */
    struct rovei_crew *crew;
    atomic_bool has_started;
    rove_status status;
};

/* How many helpers one member forks at most; they fork helpers of their own. */
enum { CREW_HELPERS = 4 };

/* A member, on the stack of its worker. */
struct crew_member {
    struct rovei_crew *crew;
    int helper_count;
    struct crew_helper helpers[CREW_HELPERS];
};

/* What a member does: takes tiles until none is left or the loop is over, and calls crew_attend between chunks. */
typedef void crew_fn(struct rovei_crew *crew, struct crew_member *member);

struct rovei_crew {
    struct rovei_loop *loop;
    crew_fn *work;
};

/* Runs crew->work on this worker, and on those that come to help, and returns when all have returned. ROVE_OK, or
 * ROVE_FORKED in a child of fork(2) that has left helpers behind in its parent: what they took is not done. */
rove_status rovei_crew_run(struct rovei_crew *crew);

/* The slow side of crew_attend: somebody is hungry. */
void rovei_crew_call(struct crew_member *member);

/* Asks for help if somebody is hungry. */
static inline void crew_attend(struct crew_member *member)
{
    if (range_is_wanted())
        rovei_crew_call(member);
}

/* How many indices a tile of `left` that are left has, if a chunk is `chunk` of them: long enough that taking it costs
 * little, short enough that it stays in a cache of its own and that all get some. A chunk of one index is long
 * enough. */
static inline int64_t crew_tile(int64_t left, int64_t chunk)
{
    enum { CHUNKS_PER_TILE = 8, TILES_PER_WORKER = 4 };
    int64_t tile = chunk > 1 && chunk <= INT64_MAX / CHUNKS_PER_TILE ? chunk * CHUNKS_PER_TILE : chunk;
    int64_t share = left / (TILES_PER_WORKER * (int64_t)rove_worker_count(rove_current_runtime()));
    if (tile > share)
        tile = share;
    return tile > chunk ? tile : chunk;
}

#endif
