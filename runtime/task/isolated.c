/*
 * Spawning into an isolated group.
 *
 * Edges
 *   [queue]  isolation (release, compare and exchange) -> other spawns (acquire): the queue is made
 */
#include "runtime/task/isolated.h"

#include "runtime/sched/isolation.h"
#include "runtime/sched/sleep.h"

/* A task that lets any worker run one of an isolation's: those lie in a queue of their own. */
struct group_ticket {
    struct rovei_injected injected; /* first: the task */
    struct rovei_isolation *isolation;
};

static void ticket_run(rove_task *task)
{
    struct group_ticket *cell = (struct group_ticket *)task;
    struct rovei_worker *worker = worker_self();
    struct rovei_isolation *isolation = cell->isolation;
    slab_release(&worker->slab, cell);
    rove_task *found = rovei_isolation_take(isolation);
    if (found)
        rovei_group_run(found);
    else
        worker_count_many(worker, COUNT_EXECUTED, (uint64_t)-1); /* a waiter has run it, and it was counted */
    rovei_isolation_release(isolation);
}

static void ticket_fill(struct group_ticket *ticket, struct rovei_isolation *isolation)
{
    ROVEI_INIT(ticket->injected.task.run, (uintptr_t)ticket_run);
    ticket->isolation = isolation;
    rovei_isolation_retain(isolation);
}

/* The queue that the tasks of a group go to, made if need be. NULL if there is no memory. */
static struct rovei_isolation *isolated_queue(rove_group *group)
{
    struct rovei_isolation *isolation = __atomic_load_n(&group->isolation, __ATOMIC_ACQUIRE); /* [queue] */
    if (isolation)
        return isolation;
    struct rovei_isolation *made = rovei_isolation_create(&group_runtime(group)->settings.allocator);
    if (!made ||
        __atomic_compare_exchange_n(&group->isolation, &isolation, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    rovei_isolation_release(made);
    return isolation;
}

rove_status rovei_isolated_spawn(struct rovei_worker *worker, rove_group *group, rove_group_fn *fn, void *arg)
{
    struct rovei_isolation *isolation = isolated_queue(group);
    struct group_task *cell = isolation ? slab_allocate(&worker->slab) : NULL;
    struct group_ticket *ticket = cell ? slab_allocate(&worker->slab) : NULL;
    if (!ticket) {
        if (cell)
            slab_release(&worker->slab, cell);
        return ROVE_NO_MEMORY; /* a waiter that sleeps, being no worker, would not run it */
    }
    group_fill(cell, group, fn, arg);
    rovei_group_count_spawned(worker, group, 1);
    worker_count(worker, COUNT_SPAWNED);
    ticket_fill(ticket, isolation);
    rovei_isolation_push(isolation, &cell->item.injected);
    if (!worker_spawn(worker, &ticket->injected.task)) {
        injector_push(&worker->runtime->injectors[0], &ticket->injected, &ticket->injected, 1);
        rovei_wake_one(worker->runtime, worker);
    }
    return ROVE_OK;
}

rove_status rovei_isolated_submit(struct rove_runtime *runtime, rove_group *group, rove_group_fn *fn, void *arg)
{
    int near = rovei_injector_near(runtime);
    struct rovei_injector *injector = &runtime->injectors[near];
    struct rovei_isolation *isolation = isolated_queue(group);
    mutex_lock(&injector->lock);
    bool is_closed = runtime_is_closed(runtime);
    struct group_task *cell = is_closed || !isolation ? NULL : slab_allocate(&runtime->injector_slabs[near]);
    struct group_ticket *ticket = cell ? slab_allocate(&runtime->injector_slabs[near]) : NULL;
    if (ticket) {
        group_fill(cell, group, fn, arg);
        rovei_group_count_spawned(NULL, group, 1);
        ticket_fill(ticket, isolation);
        rovei_isolation_push(isolation, &cell->item.injected);
        injector_append(injector, &ticket->injected, &ticket->injected, 1);
    } else if (cell) {
        slab_release(&runtime->injector_slabs[near], cell);
    }
    mutex_unlock(&injector->lock);
    return is_closed ? ROVE_CLOSED : ticket ? ROVE_OK : ROVE_NO_MEMORY;
}
