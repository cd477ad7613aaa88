/*
 * A group's tasks from inside: what a task is, how it runs, and which way the next one goes.
 */
#ifndef ROVEI_TASK_GROUP_H
#define ROVEI_TASK_GROUP_H

#include "runtime/sched/runtime.h"
#include "runtime/task/cancel.h"
#include "runtime/task/count.h"

#include <rove/group.h>

/* What `stage` of a group says: whether it is prepared for tasks, and where they go. */
enum group_stage {
    GROUP_NEW,
    GROUP_PLAIN,    /* to the deque of the worker that spawns them, or to the injector */
    GROUP_ISOLATED, /* to a queue of their own, see isolated.h */
    GROUP_BEGINNING /* another thread prepares it */
};

/* The head of what is queued for a group. */
struct group_item {
    struct rovei_injected injected; /* first: the task */
    rove_group *group;
};

/* A spawned task, in a cell of a slab. */
struct group_task {
    struct group_item item;
    rove_group_fn *fn;
    void *arg;
};

_Static_assert(sizeof(struct group_task) <= SLAB_CELL, "a task fits in a cell");

/* What `run` of an item holds: runs a task of any group, or the next of a pack (see submit.c), and counts it as
 * completed. */
void rovei_group_run(rove_task *task);
void rovei_pack_run(rove_task *task);

static inline void group_fill(struct group_task *cell, rove_group *group, rove_group_fn *fn, void *arg)
{
    ROVEI_INIT(cell->item.injected.task.run, (uintptr_t)rovei_group_run);
    cell->item.group = group;
    cell->fn = fn;
    cell->arg = arg;
}

/* Whether `task`, which the caller has taken and not run, is one of the group's, or a pack of them. */
static inline bool group_owns(const rove_group *group, const rove_task *task)
{
    bool is_item = task->run == (uintptr_t)rovei_group_run || task->run == (uintptr_t)rovei_pack_run;
    return is_item && ((const struct group_item *)task)->group == group;
}

/* What the worker is in the middle of while it runs tasks of the group. */
static inline struct rovei_frame group_frame(rove_group *group)
{
    return (struct rovei_frame){.scope = &group->scope, .group = group, .isolation = group->isolation};
}

/* The rare ends of a task. */
__attribute__((cold)) void rovei_group_discard(rove_group *group, void *arg);
__attribute__((cold)) void rovei_group_fail(rove_group *group, int error);

/* Runs fn(arg) for the group, or discards it, in `frame`, which is the worker's innermost. Inline even where nothing
 * else is: where tasks wait within tasks, it lies on the stack once for each. */
static inline __attribute__((always_inline)) void group_call(struct rovei_frame *frame, rove_group *group,
                                                             rove_group_fn *fn, void *arg)
{
    frame->what = (uintptr_t)fn;
    int error = 0;
    if (scope_is_over(&group->scope))
        rovei_group_discard(group, arg);
    else
        error = fn(arg);
    if (ROVEI_UNLIKELY(error))
        rovei_group_fail(group, error);
}

/* Runs a task of `group` and does not count it. Its cell is free before it runs, so that what it spawns lies in memory
 * which is at hand. */
static inline __attribute__((always_inline)) void group_execute(struct rovei_worker *worker, struct rovei_frame *frame,
                                                                rove_group *group, struct group_task *cell)
{
    rove_group_fn *fn = cell->fn;
    void *arg = cell->arg;
    slab_release(&worker->slab, cell);
    group_call(frame, group, fn, arg);
}

/* Notes where the group's tasks are, and prepares it for the first. `worker` spawns into its own deque; NULL: the tasks
 * go elsewhere. Returns ROVE_OK; ROVE_INVALID or ROVE_FORKED if the group has tasks in another runtime. */
rove_status rovei_group_enter(rove_group *group, struct rove_runtime *runtime, const struct rovei_worker *worker);

/* Where its tasks go, NULL before the first one. Relaxed: see rovei_group_enter. */
static inline struct rove_runtime *group_runtime(const rove_group *group)
{
    return __atomic_load_n(&group->spawned_to, __ATOMIC_RELAXED);
}

/* Whether the group has been prepared for tasks in `runtime` that go the common ways. Any thread. */
static inline bool group_is_plain_in(const rove_group *group, const struct rove_runtime *runtime)
{
    return group_runtime(group) == runtime &&
           __atomic_load_n(&group->stage, __ATOMIC_ACQUIRE) == GROUP_PLAIN; /* [begun] of group.c */
}

/* Whether the group's tasks go to a queue of their own. Requires: it has been entered. */
static inline bool group_is_isolated(const rove_group *group)
{
    return __atomic_load_n(&group->stage, __ATOMIC_RELAXED) == GROUP_ISOLATED; /* ordered by [begun] of group.c */
}

/* Spawns from a thread that is no worker of the group's runtime, as rove_group_spawn_many; `spawned` is not NULL and
 * tells zero. */
rove_status rovei_group_submit(rove_group *group, rove_group_fn *fn, char *args, size_t stride, size_t count,
                               size_t *spawned);

#endif
