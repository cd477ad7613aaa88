/*
 * Pools: for jobs that many threads hand over and that nobody waits for one by one. A pool is a bounded queue in front
 * of a runtime, with priorities, deadlines, retries, results and an orderly end.
 *
 *     rove_pool *pool;
 *     rove_pool_create(&pool, NULL, NULL);
 *     while (read_request(&request))
 *         rove_pool_submit(pool, serve, request);     // waits while the queue is full
 *     rove_pool_drain(pool, ROVE_NEVER);              // or rove_clock() + 5 * ROVE_SECOND
 *     rove_pool_destroy(pool);
 *
 * Wherever a call waits `until` something, that is a point in time of rove_clock and not a length; 0 is in the past.
 *
 * A pool has no threads of its own: its jobs run on the workers of its runtime, among other tasks, and several pools
 * may share a runtime. (Jobs that are retried after a pause, and the watchdog, need one thread, which is started when
 * the first of them is asked for.) A job may fork, spawn, run loops, and submit to any pool; while it waits, its worker
 * does other work and another job may run. What waits on what is in runtime/pool/README.md.
 */
#ifndef ROVE_POOL_H
#define ROVE_POOL_H

#include <rove/export.h>
#include <rove/job.h>
#include <rove/pool_stats.h>
#include <rove/result.h>
#include <rove/runtime.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

typedef struct rove_pool rove_pool;

/* A capacity that asks for a queue without a bound. */
#define ROVE_UNBOUNDED SIZE_MAX

/* The most levels and lanes that a pool can have. */
enum { ROVE_LEVELS_MAX = 8, ROVE_LANES_MAX = 256 };

/* Which jobs wait in one queue. In a pool with lanes, each lane runs one job at a time. */
typedef enum rove_placement {
    ROVE_PLACE_SHARED = 0,       /* all, and whoever is free takes the next one */
    ROVE_PLACE_ROUND_ROBIN = 1,  /* in lanes, which get jobs in turn */
    ROVE_PLACE_LEAST_ACTIVE = 2, /* in lanes; the one with the fewest jobs that wait or run gets the next */
    ROVE_PLACE_LEAST_TOTAL = 3,  /* in lanes; the one that has been given the fewest jobs so far gets the next */
    ROVE_PLACE_RANDOM = 4,       /* in lanes, at random */
    ROVE_PLACE_KEYED = 5         /* in lanes, by job.key: of one key, jobs run one at a time and, within a level, in the
                                    order of their submission. Only here a lane that is idle does not help another */
} rove_placement;

/*
 * How to make a pool. Fill it with rove_pool_config_default, then change what matters.
 *
 * All callbacks may be NULL, should be short, get `arg`, and are called on the worker that has the job if nothing else
 * is said. They may submit without waiting (rove_pool_try_submit), close and cancel pools, and must not wait for
 * anything.
 */
typedef struct rove_pool_config {
    size_t size;      /* sizeof(rove_pool_config), set by rove_pool_config_default */
    const char *name; /* for messages and metrics; at most 31 characters are kept; NULL: "pool" */
    rove_runtime
        *runtime; /* whose workers run the jobs; NULL: the caller's own on a worker, else the default runtime */

    /* How many jobs may wait; default 1024. 0: a job is only accepted if one of the places (`width`) is free for it,
     * which it is a moment after the job before has ended. ROVE_UNBOUNDED. */
    size_t capacity;

    /* How many jobs may run at once; jobs that wait for others do not count. 0: as many as the runtime has workers;
     * where that number is automatic (scale.h) a number is better, or the pool never asks for more workers than there
     * are. Without meaning in a pool with lanes. */
    int width;

    int levels; /* of priority, 1 to ROVE_LEVELS_MAX; default 1 */
    int aging;  /* a level that has jobs is passed over at most so often in a row; default 64, at least levels - 1 */
    rove_placement placement;
    int lanes; /* how many, up to ROVE_LANES_MAX; 0: as many as the runtime has workers at the creation */

    /* For debugging: jobs run one at a time, in the order in which they would start, on the thread that submits, waits
     * or reads results, before that call returns; if another thread is at it, that one runs them. */
    bool is_serial;

    bool is_untimed; /* takes no times: no histograms, none in results; a job costs two readings of a counter less */
    bool catches_aborts; /* rove_job_abort works; a job costs some nanoseconds more */

    bool has_results;        /* there is a stream of results, see result.h */
    size_t results_capacity; /* how many it holds, and as many more as jobs wait for something while they run; default
                                1024; above 0 if `overflow` makes use of it */
    rove_overflow overflow;
    void (*on_result)(const rove_result *result, void *arg); /* for ROVE_OVERFLOW_CALLER_RUNS, which needs it */

    /* Makes the state of a worker, before its first job of this pool. */
    void *(*worker_start)(void *arg);

    /* Called for each such state by rove_pool_destroy, on the thread that destroys. */
    void (*worker_stop)(void *state, void *arg);

    void (*on_start)(const rove_job_info *job, void *arg); /* before each run of a job */
    void (*on_end)(const rove_result *result, void *arg);  /* when a job has ended */

    /* The watchdog names a job, once, that has run for longer than so many nanoseconds; 0: there is none. On a thread
     * of the pool's own; NULL: it goes to `log`. */
    int64_t stuck_after;
    void (*on_stuck)(const rove_stuck *stuck, void *arg);

    /* When a job has ended, on one worker at a time, but not before `progress_interval` nanoseconds (default 100 ms)
     * have passed since the last time; and when no job is left. */
    int64_t progress_interval;
    void (*on_progress)(const rove_progress *progress, void *arg);

    /* What an operator wants to know, a line each: stuck jobs, the end. Any thread. */
    void (*log)(const char *line, void *arg);
    void *arg;
} rove_pool_config;

/* Fills `config` with the defaults. Cannot fail. Any thread. */
ROVE_API void rove_pool_config_default(rove_pool_config *config);

/*
 * Creates a pool as `config` says (NULL: the defaults) and stores it in `*pool`. `report` may be NULL.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `pool` or a configuration that makes no sense, which the report names;
 * ROVE_NO_MEMORY; ROVE_NO_THREADS if the watchdog's thread was refused; ROVE_CLOSED, ROVE_FORKED. On failure `*pool` is
 * NULL. Any thread. Requires: the runtime outlives the pool.
 */
ROVE_API rove_status rove_pool_create(rove_pool **pool, const rove_pool_config *config, rove_report *report);

/*
 * Submits fn(arg): it will run once, on a worker, at the first level. While the queue is full the call waits. A worker
 * of the pool's runtime never sleeps there: it runs a job of the queue itself to make room, even beyond the width, or
 * is let in beyond the capacity where a job must not run on top of what it is at (deep down on its stack, or in
 * isolation); so pools of one runtime that submit to themselves and to each other do not lock up. Any other thread
 * sleeps; where jobs are short, until a quarter of the queue is free.
 *
 * Returns ROVE_OK; ROVE_INVALID for NULL; ROVE_NO_MEMORY; ROVE_DRAINING or ROVE_CLOSED if the pool is closed, or was
 * while the call waited; ROVE_CANCELED if it was canceled while the call waited; ROVE_CLOSED also if the runtime is
 * shut down; ROVE_FORKED. If it does not return ROVE_OK, fn will not run. Any thread.
 */
ROVE_API rove_status rove_pool_submit(rove_pool *pool, rove_job_fn *fn, void *arg);

/* The same, but returns ROVE_FULL instead of waiting. Does not block. */
ROVE_API rove_status rove_pool_try_submit(rove_pool *pool, rove_job_fn *fn, void *arg);

/* Submits fn over `count` arguments that lie `stride` bytes apart, the first at `args`, in this order; their ids are 0
 * to count - 1. That costs less than as many single calls. Waits as rove_pool_submit. On an error `*submitted`, which
 * may be NULL, tells how many were submitted; they run. */
ROVE_API rove_status rove_pool_submit_many(rove_pool *pool, rove_job_fn *fn, void *args, size_t stride, size_t count,
                                           size_t *submitted);

/*
 * Submits a job with all that can be said about one, and waits for room no longer than until the time `until` of
 * rove_clock; ROVE_NEVER: without an end; 0: not at all. `job`, and the array `after`, are read by the call only.
 * `ticket` may be NULL; it receives a name for the job.
 *
 * A job with `after` is queued when those futures have ended, and takes up room from the beginning. If one of them ends
 * without a value, the job does not run and ends with its outcome and error. A job with `future` makes that one, which
 * must be all zero; it ends when the job does, also when the job is discarded.
 *
 * Returns as rove_pool_submit; ROVE_FULL if `until` is 0 and there is no room; ROVE_TIMED_OUT if none has come until
 * then; ROVE_CANCELED also if the job's batch is canceled; ROVE_INVALID also for a job that makes no sense: a level or
 * a percentage out of range, a negative time, an index beyond the batch, a future that is made already, an `after` that
 * is not; ROVE_NO_MEMORY also for `after`; ROVE_NO_THREADS for a job with a pause before a retry, if the thread for
 * that was refused.
 */
ROVE_API rove_status rove_pool_submit_job(rove_pool *pool, const rove_job *job, int64_t until, rove_ticket *ticket);

/* Where a pool is in its life. It only ever moves on. */
typedef enum rove_pool_state {
    ROVE_POOL_OPEN = 0,
    ROVE_POOL_DRAINING = 1, /* closed; jobs are left */
    ROVE_POOL_STOPPING = 2, /* canceled; jobs are left, which end without having run, or run and are asked to stop */
    ROVE_POOL_CLOSED = 3    /* no job is left */
} rove_pool_state;

/* The state; ROVE_POOL_CLOSED for NULL. Any thread. */
ROVE_API rove_pool_state rove_pool_get_state(const rove_pool *pool);

/* Refuses new jobs from now on; those that were accepted run. Idempotent, does not wait, any thread, also a job.
 * Returns ROVE_OK; ROVE_INVALID for NULL; ROVE_FORKED. */
ROVE_API rove_status rove_pool_close(rove_pool *pool);

/* Closes the pool, and cancels its jobs: what has not started, or waits for futures or its next run, ends as
 * ROVE_CANCELED, what runs is asked to stop. Threads that are blocked in a submission give up. The results of canceled
 * jobs come as ever. Idempotent, does not wait. Returns as rove_pool_close. Any thread. */
ROVE_API rove_status rove_pool_cancel(rove_pool *pool);

/* The same for a signal handler: safe at any moment, on any thread. NULL is legal and does nothing. Jobs that run are
 * asked to stop at once; the rest is for the next thread that does something with the pool, or waits in a call of
 * pool.h, result.h or batch.h (not for a future). */
ROVE_API void rove_pool_request_stop(rove_pool *pool);

/*
 * Returns when no job is left, also none that waits for a retry or for futures, or at the time `until` of rove_clock
 * (ROVE_NEVER: no such time). A worker does other work meanwhile; another thread sleeps, or works if the runtime has no
 * threads of its own.
 *
 * Returns ROVE_OK; ROVE_TIMED_OUT: call it again; ROVE_BUSY in a job of this pool, which would wait for itself;
 * ROVE_INVALID for NULL; ROVE_FORKED. Any thread but the pool's own (on_stuck); several may wait. If jobs wait for
 * their results to be read (ROVE_OVERFLOW_BLOCK), by this thread too, it waits for ever: read them first, or use
 * rove_pool_drain.
 */
ROVE_API rove_status rove_pool_wait(rove_pool *pool, int64_t until);

/* rove_pool_close, then rove_pool_wait. Safe to call again, and after each other's. */
ROVE_API rove_status rove_pool_drain(rove_pool *pool, int64_t until);

/*
 * Cancels what is left (drain the pool before, if that is to run), waits for what runs, and frees the pool with the
 * results that nobody has read. NULL is legal. Returns ROVE_OK; ROVE_BUSY in a job of this pool: it then still exists;
 * in a child of fork(2) ROVE_FORKED, and nothing is freed. Requires: no other thread uses the pool any more.
 */
ROVE_API rove_status rove_pool_destroy(rove_pool *pool);

/* Writes a line for a log: `operation` (what the program calls it), the pool's name, what `status` means, and the state
 * of the queue. Nothing for a null `report`. Any thread. */
ROVE_API void rove_pool_explain(const rove_pool *pool, const char *operation, rove_status status, rove_report *report);

ROVE_END_C

#endif
