/*
 * The runtime: the slots of its workers and what they share.
 *
 * Edges
 *   [slot]  pool, guests, slots_used (release or stronger) -> whoever scans the slots (acquire): a worker that is seen
 *           is complete
 *   [seated] seated (release) -> worker (acquire): the plan is complete
 *   [gate]  gate (seq_cst) by a thread from outside that is about to end a worker's wait, then what ends it -> gate
 *           (seq_cst) of the shutdown, which comes after that worker: the runtime stays until that thread has let go
 */
#ifndef ROVEI_SCHED_RUNTIME_H
#define ROVEI_SCHED_RUNTIME_H

#include "numa/plan.h"
#include "numa/topology.h"
#include "runtime/platform/futex.h"
#include "runtime/platform/mutex.h"
#include "runtime/platform/process.h"
#include "runtime/platform/ticks.h"
#include "runtime/queue/injector.h"
#include "runtime/queue/slab.h"
#include "runtime/sched/scaler.h"
#include "runtime/sched/settings.h"
#include "runtime/sched/sleep.h"
#include "runtime/sched/worker.h"

#include <rove/runtime.h>

/* Bits of `gate`: how many threads from outside are in a call, and whether more may come in. */
#define GATE_CLOSED (UINT32_C(1) << 31)

struct rove_runtime {
    struct rovei_settings settings;
    struct rovei_process_mark process; /* tells a child of fork */
    struct rovei_machine machine;
    struct rovei_plan plan;  /* with a seat for each slot */
    rove_scope scope;        /* the root of all others */
    struct ticks_mark begin; /* when it was created */
    int most;                /* the most workers that may be asked for */
    int quota;               /* of processors, when it was created; 0: no bound */

    /* How many slots there are of each kind; a slot is entered once and stays. Slot k of either kind sits on seat k. */
    int limit;
    _Atomic int slots_used;                 /* seats that ever had a slot in use: only grows */
    _Atomic(struct rovei_worker *) *pool;   /* `limit` pool slots */
    _Atomic(struct rovei_worker *) *guests; /* `limit` guest slots */

    /* Under the lock of the seats; the counts are also read without it, as hints. */
    struct rovei_mutex seats;
    _Atomic int target;       /* wanted number of workers */
    _Atomic int pool_active;  /* pool threads that are not benched */
    _Atomic int guest_active; /* guest threads */
    _Atomic int pool_threads; /* pool threads that exist */

    /* Where threads are bound at the moment: `plan`, or what the affinity mask has left of it. */
    _Atomic(const struct rovei_plan *) seated; /* [seated] */
    struct rovei_seating *seatings;            /* the restricted plans that there have been; under the lock */
    struct rovei_scaler scaler;

    struct rovei_idle idle;
    _Atomic uint32_t phases;    /* phases that have begun and not ended: nobody goes to sleep */
    _Atomic bool has_barrier;   /* membarrier works */
    _Atomic int64_t next_force; /* the time before which nobody forces */

    int injector_count; /* one for each memory node */
    struct rovei_injector *injectors;
    struct rovei_slab *injector_slabs; /* one for each, under its lock: packs of tasks from outside */

    struct rovei_mutex stopping;  /* held by the thread that shuts down */
    _Atomic uint32_t gate;        /* a futex word */
    _Atomic bool is_stopping;     /* the gate is closed and empty: what is queued is all that will come */
    _Atomic uint32_t settlings;   /* since then: how often a pool thread was about to sleep */
    _Atomic uint32_t is_finished; /* and now it has all run. A futex word */
    _Atomic bool is_joined;       /* the pool threads have ended */
    _Atomic uint64_t pins_refused;
    _Atomic uint64_t threads_refused;
};

/* A plan that was once made of what the affinity mask left. It stays, because a worker may look at it. */
struct rovei_seating {
    struct rovei_plan plan;
    struct rovei_seating *older;
};

/* Whether this process is the one that created the runtime. */
static inline bool runtime_is_here(const struct rove_runtime *runtime)
{
    return process_is_same(&runtime->process);
}

/* The worker in pool slot, guest slot, or any slot `i`; NULL if that was never used. Slots of both kinds alternate. */
static inline struct rovei_worker *runtime_pool(struct rove_runtime *runtime, int i)
{
    return atomic_load_explicit(&runtime->pool[i], memory_order_acquire); /* [slot] */
}

static inline struct rovei_worker *runtime_guest(struct rove_runtime *runtime, int i)
{
    return atomic_load_explicit(&runtime->guests[i], memory_order_acquire); /* [slot] */
}

static inline struct rovei_worker *runtime_slot(struct rove_runtime *runtime, int i)
{
    return i % 2 ? runtime_guest(runtime, i / 2) : runtime_pool(runtime, i / 2);
}

static inline int runtime_slots(struct rove_runtime *runtime)
{
    return 2 * atomic_load_explicit(&runtime->slots_used, memory_order_acquire); /* [slot] */
}

/* Whether there are more workers than wanted, so that a pool thread should leave. A hint, hence relaxed: whoever acts
 * on it looks again under the lock. */
static inline bool runtime_has_surplus(struct rove_runtime *runtime)
{
    return atomic_load_explicit(&runtime->pool_active, memory_order_relaxed) +
               atomic_load_explicit(&runtime->guest_active, memory_order_relaxed) >
           atomic_load_explicit(&runtime->target, memory_order_relaxed);
}

/* Whether idle workers are to stay awake; not beyond the end of the runtime. Seq_cst for the last look of a worker that
 * is about to sleep, [over] of sleep.c; an end that is heard a moment later does no harm. */
static inline bool runtime_is_in_phase(const struct rove_runtime *runtime)
{
    return atomic_load_explicit(&runtime->phases, memory_order_seq_cst) > 0 &&
           !atomic_load_explicit(&runtime->is_stopping, memory_order_relaxed);
}

/* Enters a worker into its slot, from where all can see it. Requires: the lock of the seats. */
void rovei_runtime_enter_slot(struct rove_runtime *runtime, _Atomic(struct rovei_worker *) *slot,
                              struct rovei_worker *worker);

/* Calls from outside: may one go in? Each that was let in goes out again. Any thread. */
rove_status rovei_gate_enter(struct rove_runtime *runtime);
void rovei_gate_leave(struct rove_runtime *runtime);

/* Whether calls from outside are refused. Under the lock of an injector the answer holds until that is released. */
static inline bool runtime_is_closed(const struct rove_runtime *runtime)
{
    return atomic_load_explicit(&runtime->gate, memory_order_relaxed) & GATE_CLOSED; /* ordered by the lock */
}

/* Which injector is near the calling thread. */
int rovei_injector_near(const struct rove_runtime *runtime);

/* Resolves NULL to the default runtime and refuses one that belongs to another process. */
rove_status rovei_runtime_resolve(rove_runtime **runtime);

bool rovei_runtime_is_default(const rove_runtime *runtime);

#endif
