/*
 * What the workers have done since the runtime was created. Counting is always on and costs nothing on the fast path:
 * a fork that is joined where it was made is not counted, because counting it would cost as much as the fork.
 */
#ifndef ROVE_STATS_H
#define ROVE_STATS_H

#include <rove/export.h>
#include <rove/runtime.h>
#include <rove/scale.h>
#include <rove/status.h>
#include <stdint.h>

ROVE_BEGIN_C

/* How far apart thief and victim sit. */
typedef enum rove_distance {
    ROVE_DISTANCE_SELF = 0,   /* the same slot */
    ROVE_DISTANCE_SMT = 1,    /* the same core */
    ROVE_DISTANCE_CACHE = 2,  /* the same second-level cache */
    ROVE_DISTANCE_SOCKET = 3, /* the same last-level cache */
    ROVE_DISTANCE_NODE = 4,   /* the same memory node */
    ROVE_DISTANCE_REMOTE = 5, /* another memory node */
    ROVE_DISTANCES = 6
} rove_distance;

/* Plural nouns count events. */
typedef struct rove_stats {
    uint64_t spawned;                            /* tasks spawned into groups, or handed over by rove_run */
    uint64_t executed;                           /* of those, tasks that have run, or were discarded */
    uint64_t stolen_forks;                       /* forked tasks that were run by a thief */
    uint64_t steals;                             /* steals that brought a task */
    uint64_t steals_empty;                       /* looks at a victim that had nothing public */
    uint64_t steals_lost;                        /* steals that another thief or the owner won */
    uint64_t steals_by_distance[ROVE_DISTANCES]; /* `steals`, by how far the victim sat */
    uint64_t injected;                           /* tasks taken from the injector */
    uint64_t doorbells;                          /* times that an owner published because somebody was hungry */
    uint64_t forced;                             /* times that a thief published for a busy owner */
    uint64_t inline_runs;                        /* tasks run at once because no memory could be had to queue them */
    uint64_t growths;                            /* times that the array of a deque was doubled */
    uint64_t parks;                              /* times that a worker went to sleep */
    uint64_t wakes;                              /* times that a sleeping worker was woken for new work */
    uint64_t pins_refused;                       /* pool threads that run unpinned because the system refused */
    uint64_t threads_refused;                    /* pool threads that the system refused to start */
    uint64_t scalings[ROVE_SCALE_REASONS];       /* changes of the number of workers, by their reason */
    uint64_t blocks;                             /* blocking regions (rove_blocking_begin) */
    uint64_t blocks_bare;                        /* of those, regions without a spare thread, for want of one */
} rove_stats;

/* Adds up the counters of all workers. `runtime` NULL or `stats` NULL: ROVE_INVALID. ROVE_FORKED. Any thread. Does not
 * stop the workers: counters of a running computation are those of slightly different moments. */
ROVE_API rove_status rove_runtime_stats(const rove_runtime *runtime, rove_stats *stats);

/* The counters of worker `worker` (see rove_worker_limit). Also ROVE_INVALID if there is no such worker. Any thread. */
ROVE_API rove_status rove_worker_stats(const rove_runtime *runtime, int worker, rove_stats *stats);

ROVE_END_C

#endif
