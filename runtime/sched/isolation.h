/*
 * Isolation: a queue of tasks of its own. A wait that is isolated runs nothing but tasks from this queue, so nothing
 * that wants what the waiter holds; other workers take from it too, by tickets, see group.c.
 *
 * Edges
 *   [feed]  length of the queue (seq_cst), then the waiter's state -> the waiter's state, then the length: a task that
 *           comes and a waiter that is about to sleep see each other
 */
#ifndef ROVEI_SCHED_ISOLATION_H
#define ROVEI_SCHED_ISOLATION_H

#include "runtime/queue/injector.h"

#include <rove/runtime.h>
#include <stdatomic.h>

struct rovei_worker;

/* A worker that waits in isolation, on its own stack. */
struct rovei_isolated {
    struct rovei_worker *worker;
    struct rovei_isolated *next;
};

struct rovei_isolation {
    struct rovei_injector tasks;
    struct rovei_isolated *waiters; /* under the lock of `tasks` */
    _Atomic(int64_t) references;
    const rove_allocator *allocator; /* the runtime's */
};

/* A queue with one reference, or NULL if there is no memory. The last reference frees it; it is empty then. */
struct rovei_isolation *rovei_isolation_create(const rove_allocator *allocator);
void rovei_isolation_retain(struct rovei_isolation *isolation);
void rovei_isolation_release(struct rovei_isolation *isolation);

/* Adds a task and wakes those that wait in isolation for it. Any thread. */
void rovei_isolation_push(struct rovei_isolation *isolation, struct rovei_injected *task);

/* Takes the oldest task, or NULL. Any thread. */
rove_task *rovei_isolation_take(struct rovei_isolation *isolation);

/* Enters a waiter, and takes it off again. Owner only. */
void rovei_isolation_enter(struct rovei_isolation *isolation, struct rovei_isolated *waiter);
void rovei_isolation_leave(struct rovei_isolation *isolation, struct rovei_isolated *waiter);

#endif
