/*
 * Futures: one value that will be there later.
 *
 *     static int load(void *path, void *before, void **value) { ... *value = image; return 0; }
 *     static int shrink(void *size, void *image, void **value) { ... }
 *
 *     rove_future image = {0}, small = {0};
 *     rove_future_start(&image, load, "cat.png");
 *     rove_future_then(&image, &small, shrink, &size);
 *     void *result;
 *     if (rove_future_wait(&small, &result) == ROVE_OK) ...
 *
 * A future is made by one of rove_future_start (a task computes it), rove_future_then (a task computes it from the
 * value of another), rove_future_promise (somebody sets it), and the submission of a job with a future (job.h: it ends
 * as the job does; a job that was broken off counts as failed). It is a struct of the caller's: it allocates nothing
 * but its task, and must outlive its end. Who waits for a future that others follow waits for those too before it is
 * freed.
 */
#ifndef ROVE_FUTURE_H
#define ROVE_FUTURE_H

#include <rove/export.h>
#include <rove/group.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stdint.h>

ROVE_BEGIN_C

/* Computes a value: stores it in `*value` and returns 0, or returns an error. `before` is the value of the future that
 * this one follows, or NULL. */
typedef int rove_future_fn(void *arg, void *before, void **value);

/* A value to come. All zero is valid: not made yet. Of the group, `runtime`, `scope.deadline` and `scope.parent` may be
 * set before it is made; the other fields are internal. It is made once. */
typedef struct rove_future {
    rove_group group; /* its task */
    rove_future_fn *fn;
    void *arg;
    void *before;
    void *value;
    struct rove_future *next; /* among those that follow the same one */
    uintptr_t followers;      /* the futures that wait for this one's value, or a mark that it has come */
    rove_status outcome;
    int has_outcome;
} rove_future;

/*
 * Has fn(arg, NULL, &value) run as a task, which makes the future's value.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `future` or `fn`; else as rove_group_spawn, and the future is not made. Any
 * thread. Does not block.
 */
ROVE_API rove_status rove_future_start(rove_future *future, rove_future_fn *fn, void *arg);

/*
 * Makes `next` follow `future`: when that has its value, fn(arg, value of future, &value) runs as a task. If `future`
 * ends without a value, `next` ends with the same outcome and error, and fn does not run.
 *
 * Returns as rove_future_start; ROVE_INVALID also if `future` is not made; ROVE_FORKED also, in a child of fork(2), if
 * `future` was pending in the parent process, where alone it ends. Any thread. Does not block.
 */
ROVE_API rove_status rove_future_then(rove_future *future, rove_future *next, rove_future_fn *fn, void *arg);

/* Makes a future that rove_future_set or rove_future_fail is to end, which it always needs: canceling it does not end
 * it, because no task of it can be discarded. Returns as rove_future_start. Any thread. */
ROVE_API rove_status rove_future_promise(rove_future *future);

/* Ends a promised future with `value`, or with `error`, which is not 0; waiters and followers go on. The call is the
 * last access to the future. Returns ROVE_OK; ROVE_INVALID for NULL, an error of 0, or a future that is not promised or
 * has ended. Any thread. Does not block. */
ROVE_API rove_status rove_future_set(rove_future *future, void *value);
ROVE_API rove_status rove_future_fail(rove_future *future, int error);

/*
 * Returns when the future has ended, and stores its value in `*value` (may be NULL) if it has one. A worker does other
 * work meanwhile. Several threads may wait, and again.
 *
 * Returns ROVE_OK; ROVE_FAILED, see rove_future_error; ROVE_CANCELED or ROVE_TIMED_OUT if it was canceled before it had
 * begun; ROVE_INVALID for NULL or a future that is not made; ROVE_BUSY and ROVE_FORKED as rove_group_wait.
 */
ROVE_API rove_status rove_future_wait(rove_future *future, void **value);

/* The same, but returns ROVE_PENDING if the future has not ended at the time `until` of rove_clock; it goes on. To end
 * it instead, cancel `future->group.scope` (cancel.h). */
ROVE_API rove_status rove_future_wait_until(rove_future *future, int64_t until, void **value);

/* Whether a wait would return at once. False for NULL. Any thread. */
ROVE_API bool rove_future_is_done(const rove_future *future);

/* The error that ended it, or 0. Exact when it has ended. Any thread. */
ROVE_API int rove_future_error(const rove_future *future);

ROVE_END_C

#endif
