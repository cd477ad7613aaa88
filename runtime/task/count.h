/*
 * How a group counts its tasks, and how its waiters learn that none is left.
 *
 * A group counts in two places: `local`, which only the thread touches on whose stack the group lies (its home), with
 * plain operations, and `state`, with atomic ones. The group is empty when the two add up to zero. HOME in `state`, and
 * `is_home` for the home thread itself, say that `local` has to be asked. Before the home thread sleeps it moves
 * `local` over into `state`; from then on whoever brings the count to zero announces the end.
 *
 * "Announce, then touch nothing": the step that brings `state` to zero is the last access to the group, because a
 * waiter may free it at once. If waiters are registered they do not look at the count any more but wait for a word on
 * their own stack, so the completer may still take the list of waiters out of the group; clearing WAITERS is then the
 * last access.
 *
 * Edges
 *   [end]     state (seq_cst) by whoever completes a task -> state (seq_cst) of the waiter: what the tasks wrote
 *   [signal]  is_done (seq_cst) -> the registered waiter; seq_cst: the completer then looks whether it sleeps
 *   [lock]    state LOCK (acquire, release): the list of waiters
 */
#ifndef ROVEI_TASK_COUNT_H
#define ROVEI_TASK_COUNT_H

#include "runtime/sched/worker.h"

#include <rove/group.h>

/* A thread that waits for a group, on its own stack. */
struct group_waiter {
    struct group_waiter *next;
    rove_group *group;
    struct rovei_worker *worker; /* NULL: no worker, sleeps on `is_done` */
    struct rovei_stack stack;
    int64_t until; /* when to give up; 0: never */
    bool is_registered;
    bool has_missed;          /* the end came before it could register */
    bool is_stuck;            /* a task of the group lies below on this stack: the end cannot come */
    _Atomic uint32_t is_done; /* a futex word */
};

/* Whether the group lies on the stack of the thread that is in `worker`: then that is its home. */
static inline bool group_is_home(const struct rovei_worker *worker, const rove_group *group)
{
    return worker && (uintptr_t)group >= worker->stack.low && (uintptr_t)group < worker->stack.high;
}

/* The home thread begins to count in `local`. */
__attribute__((cold)) void rovei_group_begin_home(rove_group *group);

/* Adds `change` to the home's count. Home thread only. */
static inline void group_count_home(rove_group *group, int64_t change)
{
    group->local += change;
    if (ROVEI_UNLIKELY(!group->is_home))
        rovei_group_begin_home(group);
}

/* Counts `tasks` more, which the thread in `worker` (NULL: no worker) is about to spawn; or less, below zero, which
 * were counted and will not come, while others that were counted are left. */
void rovei_group_count_spawned(const struct rovei_worker *worker, rove_group *group, int64_t tasks);

/* Whether nothing is counted: the group is new, or has been waited for. */
bool rovei_group_is_settled(const rove_group *group);

/* Counts a task less, which has run in `worker`. The last access to the group. */
void rovei_group_count_completed(const struct rovei_worker *worker, rove_group *group);

/* Counts something that is no task, so that the group does not end, and counts it no more: the last access to the
 * group. The first returns as rove_group_spawn and fills in the group's runtime. Any thread. Defined in group.c. */
rove_status rovei_group_hold(rove_group *group);
void rovei_group_let_go(rove_group *group);

/* Spawns a task into a queue of the caller's runtime, an injector or an inbox, and wakes nobody. Only on a worker of
 * the group's runtime. Returns as rove_group_spawn. Defined in group.c. */
rove_status rovei_group_spawn_into(rove_group *group, struct rovei_injector *queue, rove_group_fn *fn, void *arg);

/* Whether the group of the struct group_waiter `waiter` is empty, as far as that waiter may ask. */
bool rovei_group_is_over(void *waiter);

/* Makes sure that the waiter will be signalled, or sees that the group is empty. For the moment before it sleeps. */
void rovei_group_before_sleep(void *waiter);

/* The queue of an isolated group, with a reference for the caller, or NULL; and the end of the group's own reference.
 * Several waiters may come at once, and the first that returns ends it. */
struct rovei_isolation *rovei_group_share_isolation(rove_group *group);
void rovei_group_drop_isolation(rove_group *group);

/* Takes back the registration of a waiter that has given up. False if the end has come meanwhile, after all. */
bool rovei_group_give_up(struct group_waiter *waiter);

/* The home thread moves its count over to where all can see it; any other thread has nothing to move. */
void rovei_group_move_home(const struct group_waiter *waiter);

#endif
