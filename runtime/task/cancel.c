#include "runtime/task/cancel.h"

#include "runtime/platform/clock.h"

static void scope_count(int change)
{
    atomic_fetch_add_explicit(&rovei_scopes_to_heed, change, memory_order_relaxed);
}

/* Adds bits to the state; a scope that has begun and has something to say is then counted. One step, so that it is
 * counted once, whoever says what when. */
static void scope_add(rove_scope *scope, int32_t bits)
{
    int32_t state = __atomic_load_n(&scope->state, __ATOMIC_RELAXED);
    int32_t after;
    do {
        if (state & SCOPE_CAUSE)
            bits &= ~SCOPE_CAUSE; /* the first cause counts */
        after = state | bits;
        if (after & SCOPE_IS_BEGUN && after & (SCOPE_CAUSE | SCOPE_IS_TIMED))
            after |= SCOPE_IS_COUNTED;
    } while (!__atomic_compare_exchange_n(&scope->state, &state, after, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    if (after & ~state & SCOPE_IS_COUNTED)
        scope_count(1);
}

void rovei_scope_begin(rove_scope *scope, rove_scope *parent)
{
    bool is_named = scope->parent != NULL;
    if (!is_named)
        __atomic_store_n(&scope->parent, parent, __ATOMIC_RELAXED);
    do {
        scope_add(scope, SCOPE_IS_BEGUN | (scope->deadline ? SCOPE_IS_TIMED : 0));
        scope = scope_parent(scope);
    } while (is_named && scope && !(__atomic_load_n(&scope->state, __ATOMIC_RELAXED) & SCOPE_IS_BEGUN));
}

void rovei_scope_discount(rove_scope *scope)
{
    int32_t none = SCOPE_IS_BEGUN | SCOPE_IS_COUNTED;
    if (__atomic_fetch_and(&scope->state, ~none, __ATOMIC_RELAXED) & SCOPE_IS_COUNTED)
        scope_count(-1);
}

rove_status rovei_scope_leave(rove_scope *scope, rove_scope *parent)
{
    rove_status status = rove_scope_status(scope);
    rovei_scope_discount(scope);
    if (status)
        rovei_scope_end(scope, status);
    __atomic_store_n(&scope->parent, parent, __ATOMIC_RELAXED);
    return status;
}

void rovei_scope_end(rove_scope *scope, rove_status cause)
{
    scope_add(scope, (int32_t)cause);
}

void rovei_scope_keep_error(rove_scope *scope, int error)
{
    int32_t none = 0;
    __atomic_compare_exchange_n(&scope->error, &none, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Of one scope, not of those around it. */
static bool scope_is_canceled(rove_scope *scope)
{
    int32_t state = __atomic_load_n(&scope->state, __ATOMIC_RELAXED);
    if (!(state & SCOPE_CAUSE) && state & SCOPE_IS_TIMED && rovei_clock_now() >= scope->deadline) {
        rovei_scope_end(scope, ROVE_TIMED_OUT);
        return true;
    }
    return state & SCOPE_CAUSE;
}

bool rovei_scope_has_ended(rove_scope *scope)
{
    while (scope && !scope_is_canceled(scope))
        scope = scope_parent(scope);
    return scope != NULL;
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
    rovei_scope_begin(call->scope, scope_current(worker));
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
    return status ? status : rovei_scope_leave(scope, before);
}

void rove_scope_cancel(rove_scope *scope)
{
    if (scope)
        rovei_scope_end(scope, ROVE_CANCELED);
}

/* All that is around a scope that has begun has begun too, and is counted where it has something to say. */
rove_status rove_scope_status(const rove_scope *scope)
{
    if (!scope)
        return ROVE_OK;
    int32_t state = __atomic_load_n(&scope->state, __ATOMIC_RELAXED);
    bool is_alone = state & SCOPE_IS_BEGUN && atomic_load_explicit(&rovei_scopes_to_heed, memory_order_relaxed) == 0;
    rove_status status = (rove_status)(state & SCOPE_CAUSE);
    for (const rove_scope *above = scope_parent(scope); !status && !is_alone && above; above = scope_parent(above)) {
        int32_t cause = __atomic_load_n(&above->state, __ATOMIC_RELAXED) & SCOPE_CAUSE;
        if (cause)
            status = cause == ROVE_TIMED_OUT ? ROVE_TIMED_OUT : ROVE_CANCELED;
    }
    return status;
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
