#include "runtime/task/cancel.h"

#include "runtime/platform/clock.h"

void rovei_scope_end(rove_scope *scope, rove_status cause)
{
    int32_t state = __atomic_load_n(&scope->state, __ATOMIC_RELAXED);
    while (!(state & SCOPE_CAUSE) && !__atomic_compare_exchange_n(&scope->state, &state, state | (int32_t)cause, false,
                                                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

void rovei_scope_keep_error(rove_scope *scope, int error)
{
    int32_t none = 0;
    __atomic_compare_exchange_n(&scope->error, &none, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

bool rovei_scope_has_ended(rove_scope *scope)
{
    int32_t state = __atomic_load_n(&scope->state, __ATOMIC_RELAXED);
    if (state & SCOPE_CAUSE)
        return true;
    if (!(state & SCOPE_IS_TIMED) || rovei_clock_now() < scope->deadline)
        return false;
    rovei_scope_end(scope, ROVE_TIMED_OUT);
    return true;
}

int64_t rove_clock(void)
{
    return rovei_clock_now();
}

/* rove_scope_run on the thread that runs it. */
struct scope_call {
    rove_scope *scope;
    void (*fn)(void *arg);
    void *arg;
};

static void scope_call(void *arg)
{
    const struct scope_call *call = arg;
    struct rovei_worker *worker = worker_self();
    scope_begin(call->scope, scope_current(worker));
    if (scope_is_over(call->scope))
        return;
    struct rovei_frame frame = {.scope = call->scope, .isolation = worker_isolation(worker)};
    worker_push_frame(worker, &frame);
    call->fn(call->arg);
    worker_pop_frame(worker, &frame);
}

rove_status rove_scope_run(rove_scope *scope, rove_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    if (!scope || !fn)
        return ROVE_INVALID;
    struct scope_call call = {scope, fn, arg};
    rove_scope *before = scope_parent(scope);
    rove_status status = rove_run(runtime, scope_call, &call);
    return status ? status : scope_leave(scope, before);
}

void rove_scope_cancel(rove_scope *scope)
{
    if (scope)
        rovei_scope_end(scope, ROVE_CANCELED);
}

rove_status rove_scope_status(const rove_scope *scope)
{
    if (!scope)
        return ROVE_OK;
    rove_status own = (rove_status)(__atomic_load_n(&scope->state, __ATOMIC_RELAXED) & SCOPE_CAUSE);
    for (const rove_scope *above = scope_parent(scope); !own && above; above = scope_parent(above)) {
        int32_t cause = __atomic_load_n(&above->state, __ATOMIC_RELAXED) & SCOPE_CAUSE;
        if (cause)
            own = cause == ROVE_TIMED_OUT ? ROVE_TIMED_OUT : ROVE_CANCELED;
    }
    return own;
}

int rove_scope_error(const rove_scope *scope)
{
    return scope ? __atomic_load_n(&scope->error, __ATOMIC_RELAXED) : 0;
}

rove_scope *rove_current_scope(void)
{
    struct rovei_worker *worker = worker_self();
    return worker ? scope_current(worker) : NULL;
}

bool rove_is_canceled(void)
{
    return scope_is_over(rove_current_scope());
}

void rove_fail(int error)
{
    struct rovei_worker *worker = worker_self();
    if (!worker || error == 0)
        return;
    rove_scope *scope = scope_current(worker);
    if (scope == &worker->runtime->scope)
        return;
    rovei_scope_keep_error(scope, error);
    rovei_scope_end(scope, ROVE_FAILED);
}

rove_status rove_runtime_cancel(rove_runtime *runtime)
{
    if (!runtime)
        return ROVE_INVALID;
    if (!runtime_is_here(runtime))
        return ROVE_FORKED;
    rovei_scope_end(&runtime->scope, ROVE_CANCELED);
    return ROVE_OK;
}
