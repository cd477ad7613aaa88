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

/* Makes a scope part of `parent`, if it is part of none. Before anybody else asks. */
static inline void scope_begin(rove_scope *scope, rove_scope *parent)
{
    if (!scope->parent)
        scope->parent = parent;
    if (scope->deadline != 0)
        __atomic_fetch_or(&scope->state, SCOPE_IS_TIMED, __ATOMIC_RELAXED);
}

/* The slow side of scope_is_over, for one scope whose `state` is not zero. */
bool rovei_scope_has_ended(rove_scope *scope);

/* Whether work in `scope` is to stop. NULL: never. Any thread. */
static inline bool scope_is_over(rove_scope *scope)
{
    for (; scope; scope = scope->parent)
        if (ROVEI_UNLIKELY(__atomic_load_n(&scope->state, __ATOMIC_RELAXED)) && rovei_scope_has_ended(scope))
            return true;
    return false;
}

/* Cancels `scope` because of `cause`, unless it is canceled. Any thread, also a signal handler. */
void rovei_scope_end(rove_scope *scope, rove_status cause);

/* Records an error, unless there is one. Any thread. */
void rovei_scope_keep_error(rove_scope *scope, int error);

#endif
