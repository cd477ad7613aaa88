#include "runtime/sched/scale.h"

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
    if (seat >= 0 && scale_surplus(runtime) > 0)
        scale_bench(runtime, seat);
    for (int i = used - 1; i >= 0 && scale_surplus(runtime) > 0; i--)
        scale_bench(runtime, i);
    if (seat >= 0 && scale_surplus(runtime) < 0)
        scale_unbench(runtime, seat);
    for (int i = 0; i < used && scale_surplus(runtime) < 0; i++)
        scale_unbench(runtime, i);
}

void rovei_bench_self(struct rovei_worker *worker)
{
    struct rove_runtime *runtime = worker->runtime;
    rovei_worker_publish(worker);
    mutex_lock(&runtime->seats);
    bool is_leaving = scale_surplus(runtime) > 0 && !atomic_load_explicit(&runtime->is_finished, memory_order_relaxed);
    if (is_leaving) {
        atomic_store_explicit(&worker->state, WORKER_BENCHED, memory_order_seq_cst);
        atomic_fetch_sub_explicit(&runtime->pool_active, 1, memory_order_seq_cst);
    }
    mutex_unlock(&runtime->seats);
    if (!is_leaving)
        return;
    rovei_leave_work(runtime);
    rovei_stop_if_quiet(runtime);
}

rove_status rove_set_workers(rove_runtime *runtime, int count)
{
    if (!runtime)
        return ROVE_INVALID;
    if (!runtime_is_here(runtime))
        return ROVE_FORKED;
    if (count < 1 || count > runtime->limit)
        return ROVE_INVALID;
    rove_status status = rovei_gate_enter(runtime);
    if (status)
        return status;
    mutex_lock(&runtime->seats);
    int had = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    atomic_store_explicit(&runtime->target, count, memory_order_relaxed); /* first: threads pin themselves by it */
    int error;
    status = rovei_workers_start(runtime, count, &error);
    if (status && count > had && count > runtime->pool_threads) {
        int threads = runtime->pool_threads;
        atomic_store_explicit(&runtime->target, threads > had ? threads : had, memory_order_relaxed);
    }
    rovei_scale_adjust(runtime, -1);
    mutex_unlock(&runtime->seats);
    rovei_gate_leave(runtime);
    return status;
}

int rove_worker_count(const rove_runtime *runtime)
{
    return runtime ? atomic_load_explicit(&runtime->target, memory_order_relaxed) : 0;
}

int rove_worker_limit(const rove_runtime *runtime)
{
    return runtime ? 2 * runtime->limit : 0;
}
