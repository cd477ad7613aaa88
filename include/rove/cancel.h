/*
 * Cancellation: asking work to stop, and knowing what is meant. A scope is a part of a computation that can be canceled
 * as a whole: a group, a loop or a sort is one, and rove_scope_run makes one around any function. Scopes form a tree
 * with the runtime at its root; canceling one cancels everything below it and nothing beside it.
 *
 *     rove_scope scope = {.deadline = rove_clock() + 50 * ROVE_MILLISECOND};
 *     switch (rove_scope_run(&scope, NULL, search, &board)) {
 *     case ROVE_TIMED_OUT: ...
 *
 * Cancellation is cooperative. What has not started does not start: tasks of a group are discarded, loops and sorts end
 * at the next chunk. What runs goes on until it asks rove_is_canceled and returns. Asking costs a load as long
 * as nothing in the process is canceled or has a deadline; else a load for each scope up to the root, and a look at the
 * clock for each that has a deadline.
 */
#ifndef ROVE_CANCEL_H
#define ROVE_CANCEL_H

#include <rove/export.h>
#include <rove/runtime.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stdint.h>

ROVE_BEGIN_C

/* Units of rove_clock. */
#define ROVE_MICROSECOND INT64_C(1000)
#define ROVE_MILLISECOND INT64_C(1000000)
#define ROVE_SECOND INT64_C(1000000000)

/* A time that never comes, for calls of pools (pool.h) that may wait without an end. */
#define ROVE_NEVER INT64_MAX

/* A part of a computation that can be canceled. All zero is valid: not canceled, no deadline, no parent yet. It must
 * outlive what runs in it, and is used for one run: it stays canceled. */
typedef struct rove_scope {
    struct rove_scope *parent; /* canceled with it; NULL: filled in when it is entered */
    int64_t deadline;          /* canceled from then on, by rove_clock; 0: never. Set before it is entered */
    int32_t state;             /* internal: why it is canceled */
    int32_t error;             /* internal: the first error */
} rove_scope;

/* Nanoseconds of a clock that never jumps (CLOCK_MONOTONIC), for deadlines. Any thread. */
ROVE_API int64_t rove_clock(void);

/*
 * Runs fn(arg) as rove_run(runtime, fn, arg) does, inside `scope`: everything that fn calls, and every group that is
 * begun there on the stack of the same task, belongs to it. If the scope is canceled already, fn does not run.
 *
 * Returns ROVE_OK; ROVE_CANCELED, ROVE_TIMED_OUT or ROVE_FAILED if the scope was canceled meanwhile, by
 * rove_scope_cancel or from above, by its deadline, or by rove_fail: fn has returned, but may have left work undone;
 * ROVE_INVALID for a null argument; else what rove_run returns, and fn has not run.
 */
ROVE_API rove_status rove_scope_run(rove_scope *scope, rove_runtime *runtime, void (*fn)(void *arg), void *arg);

/* Cancels `scope`; NULL is legal and does nothing. Does not wait. Any thread, also in a signal handler. */
ROVE_API void rove_scope_cancel(rove_scope *scope);

/* What canceled `scope`, the first of several: ROVE_OK while it is not canceled; ROVE_FAILED after rove_fail in it;
 * ROVE_TIMED_OUT if a deadline, its own or one above, has passed and work in it was stopped by that; else
 * ROVE_CANCELED. ROVE_OK for NULL. Any thread, as long as what is around the scope exists; when rove_scope_run has
 * returned, the scope needs that no more. */
ROVE_API rove_status rove_scope_status(const rove_scope *scope);

/* The first error given to rove_fail in `scope`, or 0. Exact when what ran in it has ended. Any thread. */
ROVE_API int rove_scope_error(const rove_scope *scope);

/* The innermost scope that the caller works in: of its loop, group, or rove_scope_run; else that of its runtime. NULL
 * on a thread that is no worker. A forked task (task.h) that was stolen does not know where it comes from and is told
 * the scope of the runtime: who forks and wants to be stoppable hands the scope down in the task. */
ROVE_API rove_scope *rove_current_scope(void);

/* Whether the scope that rove_current_scope names is canceled, at whatever level: a task that takes long asks now and
 * then, and returns. On a thread that is no worker: false. */
ROVE_API bool rove_is_canceled(void);

/* Records `error`, which is not 0, as the error of the caller's innermost scope unless that has one, and cancels it:
 * the loop, or the group, ends with ROVE_FAILED. A loop hands its error on to the scope around it, where it can be
 * read, and which is not canceled by that. On a thread that is no worker, or where there is no scope, it does
 * nothing. */
ROVE_API void rove_fail(int error);

/* Cancels all work of `runtime`, for good: what has not started is discarded from now on, also what comes later. For
 * the last moments before rove_runtime_shutdown. ROVE_INVALID for NULL; ROVE_FORKED. Does not wait. Any thread. */
ROVE_API rove_status rove_runtime_cancel(rove_runtime *runtime);

ROVE_END_C

#endif
