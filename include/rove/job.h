/*
 * Jobs: what a pool (pool.h) runs, and what can be said about each.
 *
 *     rove_job job = {.fn = thumbnail, .arg = &image, .name = "thumbnail",
 *                     .timeout = 2 * ROVE_SECOND, .retry = {.attempts = 3, .backoff = 50 * ROVE_MILLISECOND}};
 *     if (rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL) != ROVE_OK) ...
 *
 * Everything but `fn` may be zero. What is not used costs nothing.
 */
#ifndef ROVE_JOB_H
#define ROVE_JOB_H

#include <rove/cancel.h>
#include <rove/export.h>
#include <rove/future.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

struct rove_pool;
struct rove_batch;

/* The work: stores its value, if it has one, in `*value`, which is NULL before, and returns 0; or returns an error. Its
 * scope (cancel.h) is the job's: rove_is_canceled tells it that it was canceled or is late, and rove_fail fails it. */
typedef int rove_job_fn(void *arg, void **value);

/* Whether and when a job that has failed runs again. A pause holds no worker. A job that was canceled or has crashed,
 * or whose deadline is over, does not run again. */
typedef struct rove_retry {
    int attempts;        /* the most runs in all; 0 and 1: no second one */
    int64_t backoff;     /* nanoseconds before the second run, doubled before each further one; 0: none */
    int64_t backoff_max; /* what the doubling stops at; 0: nothing */
    int jitter;          /* each pause is shortened at random by up to so many percent, 0 to 100 */
    bool (*is_retryable)(int error, void *arg); /* asked on a worker, with the job's `arg`; NULL: every error is */
} rove_retry;

/* A job as it is submitted. The submission copies it; what it points to, but for the array `after`, must live until the
 * job has ended. */
typedef struct rove_job {
    rove_job_fn *fn;
    void *arg;
    uint64_t id;      /* the program's own, handed through */
    const char *name; /* for the watchdog and the metrics; or NULL. See rove_pool_get_workers */
    void *user;       /* handed through to the result */
    int priority;     /* the level, 0 is the first; below the pool's `levels` */
    uint64_t key; /* in a pool with ROVE_PLACE_KEYED: jobs of one key run one after the other, even while one waits */
    int64_t deadline; /* by rove_clock; a job that is late before it starts is not run, one that runs is asked to stop;
                         0: none */
    int64_t timeout;  /* nanoseconds that each run may take before it is asked to stop; 0: any. A run that was told so
                         ends the job */
    rove_retry retry;
    void (*on_discard)(void *arg); /* called once, on a worker, if the job ends without ever having run; or NULL */
    rove_future *future;           /* ends with the job and has its value; made by the submission; or NULL. A job that
                                      waits for it on top of this one, on the same stack, is told ROVE_BUSY */
    rove_future *const *after;     /* the job waits for these to have values, see rove_pool_submit_job */
    size_t after_count;
    struct rove_batch *batch; /* what it is part of, see batch.h; or NULL */
    size_t index;             /* its place in the results of the batch */
} rove_job;

/* Names a job that was submitted. 0 is no job. */
typedef uint64_t rove_ticket;

/*
 * Moves the job to the level `priority`, behind what waits there, if it has not started.
 *
 * Returns ROVE_OK; ROVE_BUSY if it has started; ROVE_INVALID for NULL, for a level that the pool does not have, or if
 * there is no such job, any more or at all; ROVE_FORKED. Any thread. Does not block.
 */
ROVE_API rove_status rove_job_set_priority(struct rove_pool *pool, rove_ticket ticket, int priority);

/*
 * Cancels the job: if it has not started it never will, and ends as ROVE_CANCELED; if it runs, rove_is_canceled tells
 * it so. Returns as rove_job_set_priority, but ROVE_OK also for a job that runs. Any thread. Does not wait.
 */
ROVE_API rove_status rove_job_cancel(struct rove_pool *pool, rove_ticket ticket);

/* The job that the caller is, for its function and what that calls on the same thread: valid until the function
 * returns. Attempts count from 1. */
typedef struct rove_job_info {
    struct rove_pool *pool;
    uint64_t id;
    const char *name;
    void *user;
    void *state; /* what the pool's worker_start has made for this worker, or NULL */
    int priority;
    int attempt;
    int64_t deadline;
} rove_job_info;

/* The job that the caller is part of, as its function or what that calls; NULL elsewhere, also in tasks of groups and
 * in forked tasks that run elsewhere. */
ROVE_API const rove_job_info *rove_current_job(void);

/*
 * Breaks the calling job off: its function does not return, and the job ends as ROVE_CRASHED with the error `code` (0
 * becomes -1). What lies on the stack between is left behind as by longjmp(3): no destructor or clean-up runs.
 *
 * Requires: a pool with `catches_aborts`; the caller has no fork to join and no group to wait for between here and the
 * function of the job. Returns, which means that nothing was done: ROVE_INVALID outside of a job's own function, in a
 * loop, in a task of a group, or in a pool that does not catch.
 */
ROVE_API rove_status rove_job_abort(int code);

ROVE_END_C

#endif
