/*
 * Edges
 *   [quiet]  settlings (seq_cst), then the state by a thread that goes to sleep -> the states (seq_cst), then settlings
 *            by whoever asks whether all sleep: who is seen asleep twice, and has not settled, has slept all the time
 */
#include "runtime/sched/stop.h"

#include "runtime/sched/guest.h"
#include "runtime/sched/runtime.h"

rove_status rovei_gate_enter(struct rove_runtime *runtime)
{
    uint32_t before = atomic_fetch_add_explicit(&runtime->gate, 1, memory_order_seq_cst);
    if (!(before & GATE_CLOSED))
        return ROVE_OK;
    rovei_gate_leave(runtime);
    return ROVE_CLOSED;
}

void rovei_gate_leave(struct rove_runtime *runtime)
{
    if (atomic_fetch_sub_explicit(&runtime->gate, 1, memory_order_seq_cst) & GATE_CLOSED)
        rovei_futex_wake(&runtime->gate, FUTEX_WAKE_ALL);
}

/* A thread that runs, or is just being called, sees the word by itself. Under the lock of the seats, because the scaler
 * and blocking regions start threads, and put them on the bench and take them from it: none does after this. */
static void stop_finish(struct rove_runtime *runtime)
{
    mutex_lock(&runtime->seats);
    atomic_store_explicit(&runtime->is_finished, 1, memory_order_seq_cst);
    for (int seat = 0; seat < runtime_slots(runtime) / 2; seat++) {
        struct rovei_worker *worker = runtime_pool(runtime, seat);
        if (worker)
            rovei_wake_for_good(worker);
    }
    mutex_unlock(&runtime->seats);
    rovei_futex_wake(&runtime->is_finished, FUTEX_WAKE_ALL);
}

/* Seq_cst also for `is_stopping`: who does not see it yet has called whom it feeds before anybody asks. */
void rovei_stop_settle(struct rove_runtime *runtime)
{
    if (atomic_load_explicit(&runtime->is_stopping, memory_order_seq_cst))
        atomic_fetch_add_explicit(&runtime->settlings, 1, memory_order_seq_cst); /* [quiet] */
}

static bool stop_is_asleep(struct rove_runtime *runtime)
{
    for (int seat = 0; seat < runtime_slots(runtime) / 2; seat++) {
        struct rovei_worker *worker = runtime_pool(runtime, seat);
        uint32_t state = worker ? atomic_load_explicit(&worker->state, memory_order_seq_cst) : WORKER_BENCHED;
        if (state != WORKER_IDLE && state != WORKER_BENCHED)
            return false;
    }
    return true;
}

/* Whether all pool threads sleep between tasks, at the same time, and nothing is left to do. A thread that is seen
 * asleep, then runs what one not looked at yet has left, and is seen asleep again, has settled meanwhile; whoever
 * settles last looks, too. */
static bool stop_is_quiet(struct rove_runtime *runtime)
{
    uint32_t settlings = atomic_load_explicit(&runtime->settlings, memory_order_seq_cst); /* [quiet] */
    return stop_is_asleep(runtime) && !rovei_work_is_visible(runtime) && stop_is_asleep(runtime) &&
           atomic_load_explicit(&runtime->settlings, memory_order_seq_cst) == settlings; /* [quiet] */
}

void rovei_stop_if_quiet(struct rove_runtime *runtime)
{
    if (atomic_load_explicit(&runtime->is_stopping, memory_order_seq_cst) && stop_is_quiet(runtime))
        stop_finish(runtime);
}

static void stop_await_gate(struct rove_runtime *runtime)
{
    uint32_t gate;
    while ((gate = atomic_load_explicit(&runtime->gate, memory_order_seq_cst)) != GATE_CLOSED) /* [gate] */
        rovei_futex_wait(&runtime->gate, gate);
}

static void stop_close(struct rove_runtime *runtime)
{
    atomic_fetch_or_explicit(&runtime->gate, GATE_CLOSED, memory_order_seq_cst);
    stop_await_gate(runtime);
    /* Whoever pushes looks at the gate under the lock: after this, nobody who saw it open is still at it. */
    for (int i = 0; i < runtime->injector_count; i++) {
        mutex_lock(&runtime->injectors[i].lock);
        mutex_unlock(&runtime->injectors[i].lock);
    }
}

static void stop_join(struct rove_runtime *runtime)
{
    for (int seat = 0; seat < runtime_slots(runtime) / 2; seat++) {
        struct rovei_worker *worker = runtime_pool(runtime, seat);
        if (worker)
            pthread_join(worker->thread, NULL);
    }
}

rove_status rove_runtime_shutdown(rove_runtime *runtime)
{
    if (!runtime || rovei_runtime_is_default(runtime))
        return ROVE_INVALID;
    if (!runtime_is_here(runtime))
        return ROVE_FORKED;
    if (rovei_worker_beneath(runtime))
        return ROVE_BUSY;
    mutex_lock(&runtime->stopping);
    if (!atomic_load_explicit(&runtime->is_joined, memory_order_relaxed)) {
        stop_close(runtime);
        if (runtime->pool_threads == 0)
            rovei_guest_drain(runtime);
        atomic_store_explicit(&runtime->is_stopping, true, memory_order_seq_cst);
        rovei_stop_if_quiet(runtime);
        while (!atomic_load_explicit(&runtime->is_finished, memory_order_seq_cst))
            rovei_futex_wait(&runtime->is_finished, 0);
        stop_join(runtime);
        rovei_scaler_end(runtime);
        stop_await_gate(runtime); /* threads from outside may still be about to wake what has ended */
        atomic_store_explicit(&runtime->is_joined, true, memory_order_relaxed);
    }
    mutex_unlock(&runtime->stopping);
    return ROVE_OK;
}
