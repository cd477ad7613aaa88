/*
 * Waiting by working: what a worker does until something has come true.
 */
#ifndef ROVEI_SCHED_WAIT_H
#define ROVEI_SCHED_WAIT_H

#include <rove/status.h>
#include <rove/task.h>
#include <stdbool.h>

struct rovei_isolation;
struct rovei_worker;

/* Every so many tasks the injector comes before the own deque, so that work from outside does not starve. */
enum { WAIT_INJECTOR_TICKS = 61 };

struct rovei_wait {
    /* Whether it has come true; called often. Whoever makes it true does so with a seq_cst access that `is_over` reads
     * with another, and then calls rovei_wake_worker: a waiter that is about to sleep and a completer that is about to
     * look see each other. */
    bool (*is_over)(void *arg);
    /* Whether a spawned task is part of what is waited for, and so may run however deep the stack is. May be NULL. */
    bool (*is_related)(const rove_task *task, void *arg);
    /* Called before the worker says that it sleeps: the last chance to tell those who will wake it. May be NULL. */
    void (*before_sleep)(void *arg);
    void *arg;
    rove_task *stolen;                 /* the task that is joined, or NULL: its thief is robbed first */
    int64_t until;                     /* the wait is given up then; 0: never */
    bool is_between_tasks;             /* a pool thread that has nothing on its stack */
    struct rovei_isolation *isolation; /* nothing may run on top of it but what this holds; or NULL */
};

/* Works until `wait` is over. Returns ROVE_OK; ROVE_PENDING if its time ran out first; ROVE_FORKED at once in a child
 * of fork. `is_searcher`: the worker is counted as one already. Owner only. */
rove_status rovei_wait(struct rovei_worker *worker, const struct rovei_wait *wait, bool is_searcher);

/* Whether the worker may still run strangers on top of what it is at, by depth and stack. Owner only. */
bool rovei_wait_may_nest(const struct rovei_worker *worker);

#endif
