/*
 * micro/forced_publication with Rove. The owner forks two tasks one right after the other and computes. The first fork
 * finds the doorbell armed and hands its task to the thief, which is done with it at once; the second task is private
 * by then, and the owner does not push again.
 */
#include "runtimes/rove.h"
#include "micro/forced_publication/forced_publication.h"
#include "micro/latency.h"
#include "support/clock.h"

#include <stdatomic.h>
#include <stdio.h>

enum { ROUSE_MOST_NS = 1000000 };

struct stamped {
    rove_task task;
    _Atomic int64_t started; /* when it started, in nanoseconds; 0: it has not */
};

static void stamped_task(rove_task *task)
{
    struct stamped *self = (struct stamped *)task;
    atomic_store_explicit(&self->started, perf_now_ns(), memory_order_release);
}

static void leaf(void)
{
    for (int64_t begin = perf_now_ns(); perf_now_ns() - begin < forced_publication_leaf_ns;)
        continue;
}

/* Gets the thief out of its sleep: how long that takes is measured by micro/wake. */
static void rouse(void)
{
    struct stamped stamped = {.started = 0};
    rove_fork(&stamped.task, stamped_task);
    for (int64_t begin = perf_now_ns(); perf_now_ns() - begin < ROUSE_MOST_NS;)
        if (atomic_load_explicit(&stamped.started, memory_order_acquire) != 0)
            break;
    rove_join(&stamped.task, stamped_task);
}

/* Without forced publication the second task starts when the owner joins it: the figure is the length of the leaf. */
static void measure(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < forced_publication_samples; i++) {
        struct stamped first = {.started = 0};
        struct stamped second = {.started = 0};
        rouse();
        rove_fork(&first.task, stamped_task);
        int64_t begin = perf_now_ns(); /* the second fork may find the doorbell armed again */
        rove_fork(&second.task, stamped_task);
        leaf();
        rove_join(&second.task, stamped_task);
        rove_join(&first.task, stamped_task);
        perf_latency_add(atomic_load_explicit(&second.started, memory_order_acquire) - begin);
    }
}

void forced_publication_rove(void)
{
    rove_stats stats;
    perf_rove_run(measure);
    perf_rove_require(rove_runtime_stats(perf_rove_current(), &stats), "rove_runtime_stats");
    if (stats.forced == 0)
        fprintf(stderr, "rove-bench: micro/forced_publication: nothing was forced (membarrier is absent or refused): "
                        "the figure is the length of the leaf\n");
}
