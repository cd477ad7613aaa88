/*
 * Who sleeps in a runtime, seen from inside: for tests that place work at the moment when a worker is about to.
 */
#ifndef TESTS_IDLE_H
#define TESTS_IDLE_H

#include "runtime/sched/runtime.h"

#include <support/support.h>

/* How many workers have announced that they sleep, or are about to. */
static inline uint32_t idle_announced(const rove_runtime *runtime)
{
    return idle_sleepers(atomic_load(&runtime->idle.counts));
}

/* Returns when `count` workers have announced it, with little delay if this thread has a processor of its own. */
static inline void idle_await(const rove_runtime *runtime, uint32_t count)
{
    for (uint32_t polls = 1; idle_announced(runtime) < count; polls++)
        if (polls % 1000 == 0)
            test_yield();
}

/* Whether the worker is asleep, or about to be, in a wait inside a task. */
static inline bool idle_is_waiting(struct rovei_worker *worker)
{
    uint32_t state = atomic_load(&worker->state);
    return state == WORKER_PARKED || state == WORKER_DEAF;
}

#endif
