/*
 * The runtime, for the model tests: stands in front of runtime/sched/runtime.h and has what sleep.c needs of it. All
 * slots are entered before the threads of a scenario start, so they need no atomic access here.
 */
#ifndef ROVEI_SCHED_RUNTIME_H
#define ROVEI_SCHED_RUNTIME_H

#include "runtime/platform/futex.h"
#include "runtime/queue/injector.h"
#include "runtime/sched/sleep.h"
#include "runtime/sched/worker.h"

#include <rove/runtime.h>

enum { MODEL_SEATS = 4 };

struct rovei_plan {
    int seats;
};

/* Which seat is near is a hint, so every answer must do. */
static inline int rovei_plan_seat_near(const struct rovei_plan *plan, int)
{
    return static_cast<int>(rl::rand(static_cast<unsigned>(plan->seats)));
}

/* The scaler only watches. */
struct rovei_scaler {
};

static inline void scaler_rouse(struct rovei_scaler *)
{
}

struct rove_runtime {
    struct rovei_plan plan;
    struct rovei_scaler scaler;
    int limit;
    struct rovei_worker *pool[MODEL_SEATS];
    struct rovei_worker *guests[MODEL_SEATS];
    _Atomic(int) target;
    _Atomic(int) pool_active;
    struct rovei_idle idle;
    _Atomic(uint32_t) phases;
    _Atomic(bool) has_barrier;
    int injector_count;
    struct rovei_injector *injectors;
};

static inline bool runtime_is_in_phase(const struct rove_runtime *runtime)
{
    return atomic_load_explicit(&runtime->phases, memory_order_seq_cst) > 0;
}

static inline struct rovei_worker *runtime_pool(struct rove_runtime *runtime, int i)
{
    return runtime->pool[i];
}

static inline struct rovei_worker *runtime_guest(struct rove_runtime *runtime, int i)
{
    return runtime->guests[i];
}

static inline struct rovei_worker *runtime_slot(struct rove_runtime *runtime, int i)
{
    return i % 2 ? runtime_guest(runtime, i / 2) : runtime_pool(runtime, i / 2);
}

static inline int runtime_slots(struct rove_runtime *runtime)
{
    return 2 * runtime->limit;
}

#endif
