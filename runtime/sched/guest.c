#include "runtime/sched/guest.h"

#include "runtime/platform/cpu.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/scale.h"
#include "runtime/sched/steal.h"

/* A vacant guest slot, the one nearest to where the thread is first. Requires: the lock of the seats. */
static rove_status guest_find_slot(struct rove_runtime *runtime, struct rovei_worker **guest)
{
    int seats = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    if (runtime->pool_threads == 0)
        seats = runtime->limit; /* nobody else would run what a guest brings */
    int first = rovei_plan_seat_near(&runtime->plan, rovei_cpu_current()) % seats;
    for (int i = 0; i < seats; i++) {
        int seat = (first + i) % seats;
        struct rovei_worker *worker = runtime_guest(runtime, seat);
        if (!worker) {
            worker = rovei_worker_create(runtime, runtime->limit + seat, seat);
            if (!worker)
                return ROVE_NO_MEMORY;
            rovei_runtime_enter_slot(runtime, &runtime->guests[seat], worker);
        }
        /* Acquire: pairs with rovei_guest_leave, so that this thread sees what the last guest left. */
        if (atomic_load_explicit(&worker->state, memory_order_acquire) == WORKER_VACANT) {
            *guest = worker;
            return ROVE_OK;
        }
    }
    return ROVE_BUSY;
}

rove_status rovei_guest_enter(struct rove_runtime *runtime, struct rovei_worker **guest)
{
    mutex_lock(&runtime->seats);
    rove_status status = guest_find_slot(runtime, guest);
    if (status == ROVE_OK) {
        atomic_store_explicit(&(*guest)->state, WORKER_RUNNING, memory_order_seq_cst); /* before rovei_listen looks */
        atomic_fetch_add_explicit(&runtime->guest_active, 1, memory_order_relaxed);
        rovei_scale_adjust(runtime, (*guest)->seat);
    }
    mutex_unlock(&runtime->seats);
    if (status)
        return status;
    struct rovei_worker *outer = worker_self();
    if (outer) {
        rovei_worker_publish(outer);
        rovei_wake_one(outer->runtime, outer);
    }
    (*guest)->stack = rovei_thread_stack();
    (*guest)->stack_begin = (uintptr_t)__builtin_frame_address(0);
    (*guest)->depth = 0;
    (*guest)->outer = outer;
    rovei_worker_become(*guest);
    rovei_listen(*guest);
    return ROVE_OK;
}

static void guest_run_queued(struct rovei_worker *guest)
{
    struct rovei_job job;
    while (rovei_find_own(guest, &job) || rovei_find_injected(guest, &job))
        rovei_job_run(guest, &job);
}

void rovei_guest_leave(struct rovei_worker *guest)
{
    struct rove_runtime *runtime = guest->runtime;
    if (runtime->pool_threads == 0)
        guest_run_queued(guest);
    rovei_worker_publish(guest);
    rovei_worker_become(guest->outer);
    atomic_store_explicit(&guest->state, WORKER_VACANT, memory_order_seq_cst);
    mutex_lock(&runtime->seats);
    atomic_fetch_sub_explicit(&runtime->guest_active, 1, memory_order_relaxed);
    rovei_scale_adjust(runtime, guest->seat);
    mutex_unlock(&runtime->seats);
    if (worker_has_public(guest))
        rovei_wake_one(runtime, guest);
}

void rovei_guest_drain(struct rove_runtime *runtime)
{
    struct rovei_worker *guest;
    if (rovei_guest_enter(runtime, &guest) == ROVE_OK)
        rovei_guest_leave(guest);
}
