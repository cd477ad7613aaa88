#include "runtime/sched/isolation.h"

#include "runtime/platform/memory.h"
#include "runtime/sched/sleep.h"

struct rovei_isolation *rovei_isolation_create(const rove_allocator *allocator)
{
    struct rovei_isolation *isolation = rovei_memory_allocate(allocator, sizeof *isolation);
    if (!isolation)
        return NULL;
    injector_init(&isolation->tasks);
    isolation->allocator = allocator;
    atomic_init(&isolation->references, 1);
    return isolation;
}

void rovei_isolation_retain(struct rovei_isolation *isolation)
{
    /* Relaxed: whoever retains it has a reference, or is inside what has one. */
    atomic_fetch_add_explicit(&isolation->references, 1, memory_order_relaxed);
}

void rovei_isolation_release(struct rovei_isolation *isolation)
{
    /* Acquire and release: who frees it comes after all others. */
    if (atomic_fetch_sub_explicit(&isolation->references, 1, memory_order_acq_rel) > 1)
        return;
    injector_fini(&isolation->tasks);
    rovei_memory_release(isolation->allocator, isolation, sizeof *isolation);
}

void rovei_isolation_push(struct rovei_isolation *isolation, struct rovei_injected *task)
{
    mutex_lock(&isolation->tasks.lock);
    injector_append(&isolation->tasks, task, task, 1); /* [feed] */
    for (struct rovei_isolated *waiter = isolation->waiters; waiter; waiter = waiter->next)
        rovei_wake_worker(waiter->worker); /* [feed] */
    mutex_unlock(&isolation->tasks.lock);
}

rove_task *rovei_isolation_take(struct rovei_isolation *isolation)
{
    if (injector_is_empty(&isolation->tasks))
        return NULL;
    mutex_lock(&isolation->tasks.lock);
    struct rovei_injected *oldest = injector_detach(&isolation->tasks);
    mutex_unlock(&isolation->tasks.lock);
    return oldest ? &oldest->task : NULL;
}

void rovei_isolation_enter(struct rovei_isolation *isolation, struct rovei_isolated *waiter)
{
    mutex_lock(&isolation->tasks.lock);
    waiter->next = isolation->waiters;
    isolation->waiters = waiter;
    mutex_unlock(&isolation->tasks.lock);
}

void rovei_isolation_leave(struct rovei_isolation *isolation, struct rovei_isolated *waiter)
{
    mutex_lock(&isolation->tasks.lock);
    struct rovei_isolated **link = &isolation->waiters;
    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    mutex_unlock(&isolation->tasks.lock);
}
