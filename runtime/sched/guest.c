#include "runtime/sched/guest.h"

#include "runtime/platform/cpu.h"
#include "runtime/sched/broadcast.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/scale.h"
#include "runtime/sched/steal.h"

/* The guest slot of a seat, made if need be. NULL if there is no memory. Requires: the lock of the seats. */
static struct rovei_worker *guest_slot(struct rove_runtime *runtime, int seat)
{
    struct rovei_worker *worker = runtime_guest(runtime, seat);
    if (!worker && (worker = rovei_worker_create(runtime, runtime->limit + seat, seat)))
        rovei_runtime_enter_slot(runtime, &runtime->guests[seat], worker);
    return worker;
}

rove_status rovei_guest_prepare(struct rove_runtime *runtime)
{
    return guest_slot(runtime, 0) ? ROVE_OK : ROVE_NO_MEMORY;
}

/* A vacant guest slot, the one nearest to where the thread is first. Requires: the lock of the seats. */
static rove_status guest_find_slot(struct rove_runtime *runtime, struct rovei_worker **guest)
{
    int seats = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    if (runtime->pool_threads == 0)
        seats = runtime->limit; /* nobody else would run what a guest brings */
    int first = rovei_plan_seat_near(&runtime->plan, rovei_cpu_current()) % seats;
    rove_status status = ROVE_BUSY;
    for (int i = 0; i < seats; i++) {
        int seat = (first + i) % seats;
        struct rovei_worker *worker = guest_slot(runtime, seat);
        if (!worker) {
            status = ROVE_NO_MEMORY;
            continue;
        }
        /* Acquire: pairs with guest_give_slot_back, so that this thread sees what the last guest left. */
        if (atomic_load_explicit(&worker->state, memory_order_acquire) == WORKER_VACANT) {
            *guest = worker;
            return ROVE_OK;
        }
    }
    return status;
}

/* Counts a worker that goes or comes; its seat is for another while it is away. Requires: the lock of the seats. */
static void guest_count(struct rovei_worker *worker, int change)
{
    struct rove_runtime *runtime = worker->runtime;
    bool is_pool = worker->index < runtime->limit;
    atomic_fetch_add_explicit(is_pool ? &runtime->pool_active : &runtime->guest_active, change, memory_order_relaxed);
    rovei_scale_adjust(runtime, worker->seat);
    /* Nobody is left: what is queued would wait for those that are away, which may wait for it. */
    bool is_deserted = atomic_load_explicit(&runtime->pool_active, memory_order_relaxed) +
                           atomic_load_explicit(&runtime->guest_active, memory_order_relaxed) ==
                       0;
    if (is_deserted && rovei_find_spare(runtime))
        rovei_scale_adjust(runtime, -1);
}

static rove_status guest_take_slot(struct rove_runtime *runtime, struct rovei_worker **guest)
{
    mutex_lock(&runtime->seats);
    rove_status status = guest_find_slot(runtime, guest);
    if (status == ROVE_OK) {
        atomic_store_explicit(&(*guest)->state, WORKER_RUNNING, memory_order_seq_cst); /* before rovei_listen looks */
        guest_count(*guest, 1);
    }
    mutex_unlock(&runtime->seats);
    return status;
}

/* The last of the workers that the calling thread is, from which `outer` leads to all of them. */
static struct rovei_worker *guest_innermost(void)
{
    struct rovei_worker *self = worker_self();
    return self && self->innermost ? self->innermost : self;
}

struct rovei_worker *rovei_worker_beneath(const struct rove_runtime *runtime)
{
    struct rovei_worker *worker = guest_innermost();
    while (worker && worker->runtime != runtime)
        worker = worker->outer;
    return worker;
}

bool rovei_worker_is_away(const struct rovei_worker *worker)
{
    return worker && atomic_load_explicit(&worker->state, memory_order_relaxed) == WORKER_AWAY; /* own variable */
}

void rovei_worker_go_away(struct rovei_worker *from)
{
    if (!from || !runtime_is_here(from->runtime))
        return;
    rovei_worker_publish(from);
    if (rovei_worker_is_away(from)) {
        rovei_leave_work(from->runtime);
        return;
    }
    rovei_broadcasts_settle(from);
    atomic_store_explicit(&from->state, WORKER_AWAY, memory_order_seq_cst);
    guest_count(from, -1);
    mutex_unlock(&from->runtime->seats);
    rovei_leave_work(from->runtime);
}

void rovei_worker_come_back(struct rovei_worker *to)
{
    if (!to || !runtime_is_here(to->runtime))
        return;
    mutex_lock(&to->runtime->seats);
    atomic_store_explicit(&to->state, WORKER_RUNNING, memory_order_seq_cst); /* before rovei_listen looks */
    guest_count(to, 1);
    mutex_unlock(&to->runtime->seats);
    rovei_listen(to);
}

struct rovei_region rovei_region_suspend(struct rovei_worker *worker)
{
    struct rovei_region region = {worker->blocks, worker->blocked};
    worker->blocks = 0;
    rovei_worker_come_back(worker);
    return region;
}

void rovei_region_resume(struct rovei_worker *worker, struct rovei_region region)
{
    rovei_worker_go_away(worker);
    worker->blocks = region.blocks;
    worker->blocked = region.blocked;
}

rove_status rovei_stay_begin(struct rove_runtime *runtime, struct rovei_stay *stay)
{
    stay->before = worker_self();
    /* First: what then runs on top may need the last slot of that runtime for a stay of its own. */
    stay->lent = stay->before ? rovei_worker_lend(stay->before) : NULL;
    struct rovei_worker *innermost = guest_innermost();
    stay->worker = rovei_worker_beneath(runtime);
    stay->is_guest = !stay->worker;
    if (stay->is_guest) {
        rove_status status = guest_take_slot(runtime, &stay->worker);
        if (status) {
            rovei_worker_take_back(stay->before, stay->lent);
            return status;
        }
        stay->worker->stack = rovei_thread_stack();
        stay->worker->stack_begin = (uintptr_t)__builtin_frame_address(0);
        stay->worker->depth = 0;
        stay->worker->lender = NULL;
        stay->worker->outer = innermost;
        innermost = NULL;
    }
    stay->region = (struct rovei_region){0};
    stay->innermost_before = stay->worker->innermost;
    stay->worker->innermost = innermost;
    stay->was_away = rovei_worker_is_away(stay->before);
    rovei_worker_go_away(stay->before);
    rovei_worker_become(stay->worker);
    if (stay->is_guest)
        rovei_listen(stay->worker);
    else
        stay->region = rovei_region_suspend(stay->worker);
    return ROVE_OK;
}

static void guest_run_queued(struct rovei_worker *guest)
{
    struct rovei_job job;
    while (runtime_is_here(guest->runtime) && (rovei_find_own(guest, &job) || rovei_find_injected(guest, &job)))
        rovei_job_run(guest, &job);
}

static void guest_give_slot_back(const struct rovei_stay *stay)
{
    struct rovei_worker *guest = stay->worker;
    struct rove_runtime *runtime = guest->runtime;
    rovei_broadcasts_settle(guest);
    rovei_worker_become(stay->before);
    guest->innermost = stay->innermost_before;
    atomic_store_explicit(&guest->state, WORKER_VACANT, memory_order_seq_cst); /* see guest_find_slot */
    guest_count(guest, -1);
    mutex_unlock(&runtime->seats);
    rovei_leave_work(runtime);
}

static void guest_leave_again(const struct rovei_stay *stay)
{
    rovei_region_resume(stay->worker, stay->region);
    rovei_worker_become(stay->before);
    stay->worker->innermost = stay->innermost_before;
}

void rovei_stay_end(const struct rovei_stay *stay)
{
    struct rovei_worker *worker = stay->worker;
    if (stay->is_guest && worker->runtime->pool_threads == 0)
        guest_run_queued(worker);
    rovei_worker_publish(worker);
    /* In a child of fork the slot, and what is queued, are the parent's, and its locks may be held for ever. */
    if (stay->is_guest && runtime_is_here(worker->runtime))
        guest_give_slot_back(stay);
    else
        guest_leave_again(stay);
    if (!stay->was_away)
        rovei_worker_come_back(stay->before);
    rovei_worker_take_back(stay->before, stay->lent);
}

void rovei_guest_drain(struct rove_runtime *runtime)
{
    struct rovei_stay stay;
    if (rovei_stay_begin(runtime, &stay) == ROVE_OK)
        rovei_stay_end(&stay);
}
