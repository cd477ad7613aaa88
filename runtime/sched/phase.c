/*
 * Phases: idle workers stay awake, because the program knows that work is near.
 */
#include "runtime/sched/runtime.h"

#include <rove/scale.h>

/* The runtime that is meant by NULL where work is run: the caller's own, else the default one. */
static rove_status phase_resolve(struct rove_runtime **runtime)
{
    struct rovei_worker *self = worker_self();
    if (!*runtime && self && runtime_is_here(self->runtime))
        *runtime = self->runtime;
    return rovei_runtime_resolve(runtime);
}

rove_status rove_phase_begin(rove_runtime *runtime)
{
    rove_status status = phase_resolve(&runtime);
    if (status)
        return status;
    atomic_fetch_add_explicit(&runtime->phases, 1, memory_order_seq_cst); /* [over] of sleep.c: before the states */
    rovei_wake_all(runtime);
    return ROVE_OK;
}

rove_status rove_phase_end(rove_runtime *runtime)
{
    rove_status status = phase_resolve(&runtime);
    if (status)
        return status;
    uint32_t phases = atomic_load_explicit(&runtime->phases, memory_order_relaxed);
    do {
        if (phases == 0)
            return ROVE_INVALID;
    } while (!atomic_compare_exchange_weak_explicit(&runtime->phases, &phases, phases - 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return ROVE_OK;
}
