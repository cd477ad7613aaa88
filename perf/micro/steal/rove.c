/*
 * micro/steal with Rove. The owner forks and then does nothing until the task has started elsewhere. A task that nobody
 * takes within a millisecond, because the thief's thread was not running, gives no sample and is tried again.
 */
#include "runtimes/rove.h"
#include "micro/latency.h"
#include "micro/steal/steal.h"
#include "support/clock.h"

#include <sched.h>
#include <stdatomic.h>

enum { SETTLE_NS = 3000, YIELD_NS = 100000, GIVE_UP_NS = 1000000, ATTEMPTS_PER_SAMPLE = 100 };

struct stamped {
    rove_task task;
    int worker;
    _Atomic int64_t started; /* when it started, in nanoseconds; 0: it has not */
};

static void stamped_task(rove_task *task)
{
    struct stamped *self = (struct stamped *)task;
    int64_t now = perf_now_ns();
    self->worker = rove_worker_id();
    atomic_store_explicit(&self->started, now, memory_order_release);
}

/* Lets the thief come back to its search. */
static void settle(void)
{
    for (int64_t begin = perf_now_ns(); perf_now_ns() - begin < SETTLE_NS;)
        continue;
}

static void wait_for_start(struct stamped *stamped, int64_t begin)
{
    while (atomic_load_explicit(&stamped->started, memory_order_acquire) == 0) {
        int64_t waited = perf_now_ns() - begin;
        if (waited > GIVE_UP_NS)
            return;
        if (waited > YIELD_NS)
            sched_yield();
    }
}

static void measure(void *arg)
{
    (void)arg;
    int64_t attempts = ATTEMPTS_PER_SAMPLE * steal_samples;
    while (perf_latency_count() < steal_samples && attempts-- > 0) {
        struct stamped stamped = {.started = 0};
        settle();
        int64_t begin = perf_now_ns();
        rove_fork(&stamped.task, stamped_task);
        wait_for_start(&stamped, begin);
        rove_join(&stamped.task, stamped_task);
        if (stamped.worker != rove_worker_id())
            perf_latency_add(atomic_load_explicit(&stamped.started, memory_order_relaxed) - begin);
    }
}

void steal_rove(void)
{
    perf_rove_run(measure);
}
