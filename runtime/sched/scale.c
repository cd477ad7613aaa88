#include "runtime/sched/scale.h"

#include "runtime/platform/clock.h"
#include "runtime/sched/broadcast.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/stop.h"

/* Relaxed throughout: changed under the lock of the seats, which the callers hold. */
static int scale_surplus(const struct rove_runtime *runtime)
{
    return atomic_load_explicit(&runtime->pool_active, memory_order_relaxed) +
           atomic_load_explicit(&runtime->guest_active, memory_order_relaxed) -
           atomic_load_explicit(&runtime->target, memory_order_relaxed);
}

static bool scale_bench(struct rove_runtime *runtime, int seat)
{
    struct rovei_worker *worker = runtime_pool(runtime, seat);
    return worker && rovei_bench_idle(worker);
}

static bool scale_unbench(struct rove_runtime *runtime, int seat)
{
    struct rovei_worker *worker = runtime_pool(runtime, seat);
    if (!worker || atomic_load_explicit(&worker->state, memory_order_relaxed) != WORKER_BENCHED)
        return false;
    rovei_unbench(worker);
    return true;
}

void rovei_scale_adjust(struct rove_runtime *runtime, int seat)
{
    int used = runtime_slots(runtime) / 2;
    if (atomic_load_explicit(&runtime->is_finished, memory_order_relaxed)) /* by the lock */
        return;
    if (seat >= 0 && scale_surplus(runtime) > 0)
        scale_bench(runtime, seat);
    for (int i = used - 1; i >= 0 && scale_surplus(runtime) > 0; i--)
        scale_bench(runtime, i);
    if (seat >= 0 && scale_surplus(runtime) < 0)
        scale_unbench(runtime, seat);
    for (int i = 0; i < used && scale_surplus(runtime) < 0; i++)
        scale_unbench(runtime, i);
}

bool rovei_find_spare(struct rove_runtime *runtime)
{
    int used = runtime_slots(runtime) / 2;
    for (int seat = 0; seat < used; seat++) {
        struct rovei_worker *worker = runtime_pool(runtime, seat);
        if (worker && atomic_load_explicit(&worker->state, memory_order_relaxed) == WORKER_BENCHED) /* by the lock */
            return true;
    }
    int threads = atomic_load_explicit(&runtime->pool_threads, memory_order_relaxed);
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    int error;
    return threads > 0 && threads < workers + runtime->settings.spares && threads < runtime->limit &&
           rovei_workers_start(runtime, threads + 1, &error) == ROVE_OK;
}

void rovei_bench_self(struct rovei_worker *worker)
{
    struct rove_runtime *runtime = worker->runtime;
    rovei_worker_publish(worker);
    rovei_broadcasts_settle(worker);
    bool is_leaving = scale_surplus(runtime) > 0 && !atomic_load_explicit(&runtime->is_finished, memory_order_relaxed);
    if (is_leaving) {
        rovei_stop_settle(runtime);
        atomic_store_explicit(&worker->state, WORKER_BENCHED, memory_order_seq_cst);
        atomic_fetch_sub_explicit(&runtime->pool_active, 1, memory_order_seq_cst);
    }
    mutex_unlock(&runtime->seats);
    if (!is_leaving)
        return;
    rovei_leave_work(runtime);
    rovei_stop_if_quiet(runtime);
    /* The end may have come between the look at it above and the state: then nobody else wakes this thread. */
    if (atomic_load_explicit(&runtime->is_finished, memory_order_seq_cst))
        rovei_wake_for_good(worker);
}

static void scale_record(struct rove_runtime *runtime, const rove_scale_decision *decision, int before, int after)
{
    struct rovei_scaler *scaler = &runtime->scaler;
    rove_scale_decision *entry = &scaler->history[scaler->decisions++ % ROVE_SCALE_HISTORY];
    *entry = *decision;
    entry->time = rovei_clock_now();
    entry->before = before;
    entry->after = after;
    atomic_fetch_add_explicit(&scaler->counts[decision->reason], 1, memory_order_relaxed); /* a counter */
}

rove_status rovei_scale_decide(struct rove_runtime *runtime, const rove_scale_decision *decision)
{
    int had = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    int count = decision->after < decision->most ? decision->after : decision->most;
    atomic_store_explicit(&runtime->target, count, memory_order_relaxed); /* first: threads pin themselves by it */
    int error;
    rove_status status = rovei_workers_start(runtime, count, &error);
    if (status && count > had && count > runtime->pool_threads) {
        int threads = runtime->pool_threads;
        count = threads > had ? threads : had;
        atomic_store_explicit(&runtime->target, count, memory_order_relaxed);
    }
    rovei_scale_adjust(runtime, -1);
    if (count != had)
        scale_record(runtime, decision, had, count);
    return status;
}

rove_status rove_set_workers(rove_runtime *runtime, int count)
{
    if (!runtime)
        return ROVE_INVALID;
    if (!runtime_is_here(runtime))
        return ROVE_FORKED;
    if (count < 1 || count > runtime->most)
        return ROVE_INVALID;
    rove_status status = rovei_gate_enter(runtime);
    if (status)
        return status;
    rove_scale_decision asked = {
        .reason = ROVE_SCALE_ASKED, .after = count, .most = runtime->most, .waiting_percent = -1};
    mutex_lock(&runtime->seats);
    runtime->scaler.is_auto = false;
    status = rovei_scale_decide(runtime, &asked);
    mutex_unlock(&runtime->seats);
    rovei_gate_leave(runtime);
    return status;
}

rove_status rove_auto_workers(rove_runtime *runtime, int least, int most)
{
    if (!runtime)
        return ROVE_INVALID;
    if (!runtime_is_here(runtime))
        return ROVE_FORKED;
    if (least < 1 || least > runtime->most || most < 0 || most > runtime->most || (most > 0 && most < least))
        return ROVE_INVALID;
    rove_status status = rovei_gate_enter(runtime);
    if (status)
        return status;
    mutex_lock(&runtime->seats);
    struct rovei_scaler *scaler = &runtime->scaler;
    bool was_auto = scaler->is_auto;
    int least_before = scaler->least, most_before = scaler->most;
    if (rovei_scaler_begin(runtime, least, most) != 0)
        status = ROVE_NO_THREADS;
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    int wanted = workers < least ? least : most > 0 && workers > most ? most : workers;
    rove_scale_decision asked = {
        .reason = ROVE_SCALE_ASKED, .after = wanted, .most = runtime->most, .waiting_percent = -1};
    if (!status && (status = rovei_scale_decide(runtime, &asked))) { /* as it was; the thread goes off by itself */
        scaler->is_auto = was_auto;
        scaler->least = least_before;
        scaler->most = most_before;
        asked.after = workers;
        rovei_scale_decide(runtime, &asked);
    }
    mutex_unlock(&runtime->seats);
    rovei_gate_leave(runtime);
    return status;
}

size_t rove_scale_history(rove_runtime *runtime, rove_scale_decision *decisions, size_t capacity)
{
    if (!runtime || !decisions || !runtime_is_here(runtime))
        return 0;
    struct rovei_scaler *scaler = &runtime->scaler;
    mutex_lock(&runtime->seats);
    size_t kept = scaler->decisions < ROVE_SCALE_HISTORY ? (size_t)scaler->decisions : ROVE_SCALE_HISTORY;
    size_t count = capacity < kept ? capacity : kept;
    for (size_t i = 0; i < count; i++)
        decisions[i] = scaler->history[(scaler->decisions - 1 - i) % ROVE_SCALE_HISTORY];
    mutex_unlock(&runtime->seats);
    return count;
}

int rove_worker_count(const rove_runtime *runtime)
{
    return runtime ? atomic_load_explicit(&runtime->target, memory_order_relaxed) : 0;
}

int rove_worker_limit(const rove_runtime *runtime)
{
    return runtime ? 2 * runtime->limit : 0;
}
