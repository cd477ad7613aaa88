/*
 * Scopes from inside: how loops and groups belong to them and ask whether to stop.
 *
 * To ask is to go through all scopes up to the root; but as long as no scope in the process is canceled or has a
 * deadline, one word says so, and a task deep in a tree of groups pays one load. A deadline that somebody has noticed
 * is kept in the scope as the cause: work that was cut short and work that was not are told apart, and the clock is not
 * asked again.
 *
 * Relaxed throughout: a request is heard a moment later, and orders nothing.
 */
#ifndef ROVEI_TASK_CANCEL_H
#define ROVEI_TASK_CANCEL_H

#include "runtime/sched/runtime.h"

#include <rove/cancel.h>

/* The scope that `worker` works in. */
static inline rove_scope *scope_current(const struct rovei_worker *worker)
{
    return worker->running ? worker->running->scope : &worker->runtime->scope;
}

static inline rove_scope *scope_parent(const rove_scope *scope)
{
    return __atomic_load_n(&scope->parent, __ATOMIC_RELAXED);
}

/* Work is about to run in the scope, which becomes part of `parent`, if it is part of none. Scopes around it that
 * nobody has begun, because the program named them as parents, begin too. */
void rovei_scope_begin(rove_scope *scope, rove_scope *parent);

/* No work runs in it any more: it has `parent` again, as before it was begun, and keeps what came of it, which is
 * returned; what was around it may be gone soon. */
rove_status rovei_scope_leave(rove_scope *scope, rove_scope *parent);

/* A scope that is no longer begun is not counted any more. */
void rovei_scope_discount(rove_scope *scope);

/* The slow side of scope_is_over. */
bool rovei_scope_has_ended(rove_scope *scope);

/* Whether work in `scope` is to stop. NULL: never. Any thread. */
static inline bool scope_is_over(rove_scope *scope)
{
    return ROVEI_UNLIKELY(atomic_load_explicit(&rovei_scopes_to_heed, memory_order_relaxed) != 0) &&
           rovei_scope_has_ended(scope);
}

/* Cancels `scope` because of `cause`, unless it is canceled. Any thread, also a signal handler. */
void rovei_scope_end(rove_scope *scope, rove_status cause);

/* Records an error, unless there is one. Any thread. */
void rovei_scope_keep_error(rove_scope *scope, int error);

#endif
