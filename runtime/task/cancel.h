/*
 * Scopes from inside: how loops and groups belong to them and ask whether to stop.
 *
 * A scope's `state` is zero as long as there is nothing to know about it, so that asking costs one load for each scope
 * up to the root. A deadline that somebody has noticed is kept there as the cause: work that was cut short and work that
 * was not are told apart, and the clock is not asked again.
 *
 * Relaxed throughout: a request is heard a moment later, and orders nothing.
 */
#ifndef ROVEI_TASK_CANCEL_H
#define ROVEI_TASK_CANCEL_H

#include "runtime/sched/runtime.h"

#include <rove/cancel.h>

/* Bits of `state`: why the scope is canceled, a rove_status, and whether it has a deadline. */
#define SCOPE_CAUSE INT32_C(0xff)
#define SCOPE_IS_TIMED INT32_C(0x100)

/* The scope that `worker` works in. */
static inline rove_scope *scope_current(const struct rovei_worker *worker)
{
    return worker->running ? worker->running->scope : &worker->runtime->scope;
}

static inline rove_scope *scope_parent(const rove_scope *scope)
{
    return __atomic_load_n(&scope->parent, __ATOMIC_RELAXED);
}

/* Makes a scope part of `parent`, if it is part of none. Before work in it asks. */
static inline void scope_begin(rove_scope *scope, rove_scope *parent)
{
    if (!scope->parent)
        __atomic_store_n(&scope->parent, parent, __ATOMIC_RELAXED);
    for (rove_scope *around = scope; around; around = scope_parent(around)) /* one that was set by hand is not begun */
        if (around->deadline != 0)
            __atomic_fetch_or(&around->state, SCOPE_IS_TIMED, __ATOMIC_RELAXED);
}

/* The slow side of scope_is_over, for one scope whose `state` is not zero. */
bool rovei_scope_has_ended(rove_scope *scope);

/* Whether work in `scope` is to stop. NULL: never. Any thread. */
static inline bool scope_is_over(rove_scope *scope)
{
    for (; scope; scope = scope_parent(scope))
        if (ROVEI_UNLIKELY(__atomic_load_n(&scope->state, __ATOMIC_RELAXED)) && rovei_scope_has_ended(scope))
            return true;
    return false;
}

/* Cancels `scope` because of `cause`, unless it is canceled. Any thread, also a signal handler. */
void rovei_scope_end(rove_scope *scope, rove_status cause);

/* The scope has `parent` again, as before it was begun, and keeps what came of it: what was around it may be gone soon.
 * Returns that. */
static inline rove_status scope_leave(rove_scope *scope, rove_scope *parent)
{
    rove_status status = rove_scope_status(scope);
    if (status)
        rovei_scope_end(scope, status);
    __atomic_store_n(&scope->parent, parent, __ATOMIC_RELAXED);
    return status;
}

/* Records an error, unless there is one. Any thread. */
void rovei_scope_keep_error(rove_scope *scope, int error);

#endif
