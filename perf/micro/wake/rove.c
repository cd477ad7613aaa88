/*
 * micro/wake with Rove: a thread that is no worker spawns one task and keeps off the processors until it has started.
 */
#include "runtimes/rove.h"
#include "micro/latency.h"
#include "micro/wake/wake.h"

#include <stdatomic.h>

static _Atomic int64_t wake_started; /* when the task started, in nanoseconds; 0: it has not */
static rove_group wake_group;

static int stamp_task(void *arg)
{
    (void)arg;
    atomic_store_explicit(&wake_started, perf_now_ns(), memory_order_release);
    return 0;
}

void wake_rove(void)
{
    wake_group.runtime = perf_rove_current();
    for (int64_t i = 0; i < wake_samples; i++) {
        atomic_store_explicit(&wake_started, 0, memory_order_relaxed);
        wake_pause(WAKE_SETTLE_US);
        int64_t begin = perf_now_ns();
        perf_rove_require(rove_group_spawn(&wake_group, stamp_task, NULL), "rove_group_spawn");
        int64_t started = 0;
        while (started == 0) {
            wake_pause(WAKE_POLL_US);
            started = atomic_load_explicit(&wake_started, memory_order_acquire);
        }
        perf_rove_require(rove_group_wait(&wake_group), "rove_group_wait");
        perf_latency_add(started - begin);
    }
}

/* Waits actively: who sleeps beside workers that do not gets a processor when they let him. */
static void spin_ns(int64_t ns)
{
    for (int64_t begin = perf_now_ns(); perf_now_ns() - begin < ns;)
        continue;
}

void wake_rove_warm(void)
{
    wake_group.runtime = perf_rove_current();
    perf_rove_require(rove_phase_begin(perf_rove_current()), "rove_phase_begin");
    for (int64_t i = 0; i < wake_samples; i++) {
        atomic_store_explicit(&wake_started, 0, memory_order_relaxed);
        spin_ns(WAKE_WARM_NS);
        int64_t begin = perf_now_ns();
        perf_rove_require(rove_group_spawn(&wake_group, stamp_task, NULL), "rove_group_spawn");
        int64_t started = 0;
        while (started == 0)
            started = atomic_load_explicit(&wake_started, memory_order_acquire);
        spin_ns(WAKE_WARM_NS); /* until the task has ended, so that the wait takes no worker's place */
        perf_rove_require(rove_group_wait(&wake_group), "rove_group_wait");
        perf_latency_add(started - begin);
    }
    perf_rove_require(rove_phase_end(perf_rove_current()), "rove_phase_end");
}
