/*
 * Batches: jobs that belong together, with their results in the order of their indices.
 *
 *     rove_result results[COUNT];
 *     rove_batch batch = {.results = results, .count = COUNT, .policy = ROVE_FAIL_FAST};
 *     switch (rove_batch_run(&batch, pool, resize, images, sizeof *images, COUNT)) {
 *     case ROVE_FAILED: ...
 *
 * or, with jobs of different kinds: rove_pool_submit_job with `job.batch = &batch` and `job.index = i`, then
 * rove_batch_wait.
 */
#ifndef ROVE_BATCH_H
#define ROVE_BATCH_H

#include <rove/cancel.h>
#include <rove/export.h>
#include <rove/group.h>
#include <rove/job.h>
#include <rove/result.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

struct rove_pool;

/* Jobs that are waited for and canceled together. If their pool has a stream, their records go there, too, and somebody
 * has to read them. All zero is valid; the first fields may be set before the first
 * submission, the others are internal. It must outlive its jobs, which a wait guarantees, needs no destruction, and may
 * be used again when all waits have returned. Its jobs go to one pool between two waits. */
typedef struct rove_batch {
    rove_result *results; /* where the result of the job with index i goes: results[i]; or NULL */
    size_t count;         /* how many there is room for */
    rove_policy policy;   /* what a job that does not succeed does to those that have not started */
    size_t stop_after;    /* when so many jobs have succeeded, the others are canceled; 0: never */
    int64_t deadline;     /* of the whole, by rove_clock; 0: none */

    rove_scope scope;       /* internal: of the jobs; keeps the first error */
    struct rove_pool *pool; /* where the jobs are, since the last wait */
    bool has_ended;         /* a wait has returned */
    size_t left;            /* jobs that have not ended */
    size_t succeeded;       /* jobs that have ended as ROVE_OK; and those that have not, */
    size_t failed;          /* of themselves */
    size_t stopped;         /* or because the batch was stopped */
} rove_batch;

/*
 * Submits fn over `count` arguments that lie `stride` bytes apart, the first at `args`, as jobs with the indices and
 * ids from 0 to count - 1, blocking where the queue is full, and waits for the batch. A job that was not accepted,
 * because the pool was closed, or the batch canceled, or there was no memory, has a result with the status
 * ROVE_REJECTED.
 *
 * Returns as rove_batch_wait; if that is ROVE_OK but a job was not accepted, the status of its submission.
 */
ROVE_API rove_status rove_batch_run(rove_batch *batch, struct rove_pool *pool, rove_job_fn *fn, void *args,
                                    size_t stride, size_t count);

/*
 * Returns when all jobs of the batch have ended, or at the time `until` of rove_clock (ROVE_NEVER: no such time). A
 * worker does other work meanwhile, other threads sleep.
 *
 * Returns ROVE_OK if all have succeeded, or `stop_after` of them; ROVE_FAILED if one has not, see rove_batch_error;
 * ROVE_CANCELED or ROVE_TIMED_OUT if the batch was, by rove_batch_cancel, its pool, or its deadline; ROVE_PENDING (for
 * ROVE_TIMED_OUT is the batch's own) if `until` is over: the batch must be waited for again; ROVE_INVALID for NULL, or
 * inside a job of the batch; ROVE_BUSY as rove_group_wait; ROVE_FORKED.
 */
ROVE_API rove_status rove_batch_wait(rove_batch *batch, int64_t until);

/* Cancels the jobs that have not started, and asks those that run to stop; a thread that is blocked in a submission to
 * the batch gives up with ROVE_CANCELED. NULL is legal and does nothing. Does not wait. Any thread. Requires: the
 * pool of its jobs still exists. */
ROVE_API void rove_batch_cancel(rove_batch *batch);

/* The first error of a job, or 0. How many have succeeded so far. Exact after a wait. Any thread. */
ROVE_API int rove_batch_error(const rove_batch *batch);
ROVE_API size_t rove_batch_successes(const rove_batch *batch);

ROVE_END_C

#endif
