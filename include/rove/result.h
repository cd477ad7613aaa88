/*
 * Results: what came of the jobs of a pool, one record for each, as a stream in the order in which they end.
 *
 *     rove_result result;
 *     while (rove_pool_next(pool, &result, ROVE_NEVER) == ROVE_OK)
 *         printf("%" PRIu64 ": %s\n", result.id, rove_status_text(result.status));
 *
 * A pool has a stream if its configuration asks for one. It holds up to `results_capacity` records; what happens when
 * nobody reads them is `overflow`'s to say. After the pool is closed and the last record is read, the stream says
 * ROVE_CLOSED.
 */
#ifndef ROVE_RESULT_H
#define ROVE_RESULT_H

#include <rove/export.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

struct rove_pool;

/* What came of a job. Times are nanoseconds, reckoned from the processor's counter: right to a microsecond or so, and to
 * a few per mille. A job that was canceled, or was late and told so by rove_is_canceled, while it ran, has ended so
 * whatever its function returned. */
typedef struct rove_result {
    uint64_t id;
    rove_status status; /* ROVE_OK; ROVE_FAILED; ROVE_CANCELED; ROVE_TIMED_OUT; ROVE_CRASHED; ROVE_REJECTED (batch.h) */
    int error;          /* what the function returned in its last run, or gave to rove_fail or rove_job_abort; or 0 */
    void *value;
    void *user;
    int worker;        /* where it ran last, or was discarded; -1: nowhere */
    int attempts;      /* how often it ran; 0: never */
    int64_t submitted; /* when, by rove_clock; 0 in a pool that takes no times, like the next two */
    int64_t wait_ns;   /* from its submission to its last start */
    int64_t run_ns;    /* of its last run */
} rove_result;

/* What a full stream does. No policy ever blocks a worker. */
typedef enum rove_overflow {
    ROVE_OVERFLOW_BLOCK = 0,       /* no job starts until there is room for its result; once the pool is closed, what is
                                      left in its queue is run all the same, and the stream holds more than it may */
    ROVE_OVERFLOW_DROP_OLDEST = 1, /* the record that has waited longest is lost, and counted */
    ROVE_OVERFLOW_GROW = 2,        /* the stream has no bound */
    ROVE_OVERFLOW_CALLER_RUNS = 3  /* the worker hands the record to the pool's `on_result` itself */
} rove_overflow;

/*
 * Takes the oldest record off the stream and stores it in `*result`; waits for one until the time `until` of
 * rove_clock. ROVE_NEVER: without an end; 0: not at all. A worker does other work while it waits, another thread
 * sleeps.
 *
 * Returns ROVE_OK; ROVE_TIMED_OUT if none has come; ROVE_CLOSED if none will come: the pool is closed, all its jobs
 * have ended, and their records are read; ROVE_INVALID for NULL, or a pool without a stream; ROVE_BUSY in a job of this
 * pool if it would have to wait; ROVE_FORKED. Any thread; several may read, and each record goes to one of them.
 */
ROVE_API rove_status rove_pool_next(struct rove_pool *pool, rove_result *result, int64_t until);

/* The same for up to `most` records: waits for the first one, takes what else is there, and stores in `*count` how
 * many. Also ROVE_INVALID if `most` is 0. */
ROVE_API rove_status rove_pool_next_batch(struct rove_pool *pool, rove_result *results, size_t most, int64_t until,
                                          size_t *count);

ROVE_END_C

#endif
