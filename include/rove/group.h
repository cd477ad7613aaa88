/*
 * Groups: the second door, for dynamic fan-out with structured fan-in. Any number of tasks are spawned into a group;
 * waiting for the group returns when all of them have ended, and tells the first error.
 *
 *     rove_group group = {0};
 *     for (size_t i = 0; i < count; i++)
 *         rove_group_spawn(&group, compress_file, &files[i]);
 *     if (rove_group_wait(&group) == ROVE_FAILED)
 *         fprintf(stderr, "first error: %d\n", rove_group_error(&group));
 *
 * A group on the stack of the worker that uses it is the fast case: a task that ends where it was spawned then costs no
 * atomic operation. A group anywhere else (on the heap, static, on the stack of a thread that is no worker) is as
 * correct and counts with atomic operations.
 */
#ifndef ROVE_GROUP_H
#define ROVE_GROUP_H

#include <rove/cancel.h>
#include <rove/export.h>
#include <rove/runtime.h>
#include <rove/status.h>
#include <stdint.h>

ROVE_BEGIN_C

struct rovei_isolation;

/* What the error of a task does to the tasks of its group that have not started. */
typedef enum rove_policy {
    ROVE_COLLECT_ALL = 0, /* nothing: all run */
    ROVE_FAIL_FAST = 1    /* they are discarded */
} rove_policy;

/* A set of tasks to wait for. All zero is valid and empty; the first fields may be set before the first spawn, the
 * others are internal. It may be used again when all waits have returned, and needs no destruction. */
typedef struct rove_group {
    rove_runtime *runtime;         /* where tasks go; NULL: the spawner's own runtime, else the default runtime */
    rove_policy policy;            /* what an error does */
    bool is_isolated;              /* nothing but its tasks, and theirs, runs on top of a wait for it */
    void (*on_discard)(void *arg); /* called once for each task that is discarded, instead of its function; or NULL */
    rove_scope scope;              /* cancels the tasks that have not started; `deadline` and `parent` may be set */

    char stage;                        /* whether it is prepared for tasks, and which way these go */
    bool is_locked;                    /* a waiter of an isolated group comes or goes */
    bool has_ended;                    /* a wait has returned */
    bool is_adopted;                   /* the scope's parent was found by the first spawn */
    bool is_home;                      /* whether the thread counts whose stack the group lies on */
    bool is_plain_home;                /* and its tasks go to the deque of the worker that it is */
    int64_t local;                     /* tasks counted by that thread */
    rove_runtime *spawned_to;          /* where the last one went */
    struct rovei_isolation *isolation; /* what its tasks are part of in isolation, or NULL */
    char pad[128];                     /* what others write lies apart */
    uint64_t state;                    /* tasks counted with atomic operations, and whether somebody waits */
    void *waiters;                     /* threads that sleep until the group is empty */
    int64_t failed;                    /* how many tasks returned an error */
    int64_t discarded;                 /* how many did not run */
} rove_group;

/* The work of a task: returns 0 for success; anything else is an error and is kept if it is the group's first. The
 * group is the task's scope: rove_is_canceled asks for it, and rove_fail in the task cancels it. A child of fork(2) that
 * comes back from a task on a pool thread ends, with exit code 0. */
typedef int rove_group_fn(void *arg);

/*
 * Spawns fn(arg) into `group`: it will run once, on some worker, in no particular order.
 *
 * Requires: the group outlives its tasks, which a rove_group_wait guarantees. While a wait is going on, only tasks of
 * the group may spawn into it. Between two waits all tasks of a group go to one runtime.
 *
 * The first spawn makes the group's scope part of the one that the caller works in, if the group lies on the stack of
 * the caller's task; else, and on a thread that is no worker, part of the runtime's, unless `parent` is set. In a group
 * that is canceled a task does not run: it is discarded, and `on_discard` is called for it where it would have run.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `group` or `fn`, or if the group has tasks in another runtime;
 * ROVE_NO_MEMORY, ROVE_CLOSED, ROVE_FORKED (also if the group had tasks that were left behind in the parent): then fn
 * will not run and the group does not count it. Any thread; on a worker it goes to the worker's own deque, else to the
 * injector. Does not block. Allocates from slabs, which grow now and then.
 */
ROVE_API rove_status rove_group_spawn(rove_group *group, rove_group_fn *fn, void *arg);

/*
 * Spawns fn over `count` arguments that lie `stride` bytes apart, the first at `args`: as rove_group_spawn for each,
 * published at once. On an error `*spawned`, which may be NULL, tells how many were spawned; they run.
 */
ROVE_API rove_status rove_group_spawn_many(rove_group *group, rove_group_fn *fn, void *args, size_t stride,
                                           size_t count, size_t *spawned);

/*
 * Returns when every task of the group has ended; what they wrote is then visible. A worker does other work meanwhile,
 * and sleeps when there is none; another thread becomes a guest worker if there is room, and sleeps otherwise. The
 * group is then empty, keeps its error until the next spawn, and may be destroyed as soon as all waits have returned.
 *
 * Requires: the caller is no task of this group (a task that waits for itself would never end). Several threads may
 * wait; a group on the stack of a worker must in the end be waited for by that worker.
 *
 * Returns ROVE_OK; ROVE_FAILED if a task returned an error; else ROVE_CANCELED or ROVE_TIMED_OUT if the group was
 * canceled meanwhile, by itself or from above: tasks may have been discarded; ROVE_INVALID for NULL, or if the caller
 * is a task of this group; ROVE_BUSY if a task of this group lies further below on the caller's stack, having helped
 * out with the caller during a wait of its own: it could not end before this wait does; ROVE_FORKED in a child of
 * fork(2) with tasks outstanding that were left behind in the parent.
 *
 * A wait may run any other task on top of the caller's stack, also one that wants a lock which the caller holds, and
 * which therefore never ends. Where that can happen the group is to be isolated: then only its own tasks run there, and
 * tasks that these spawn; a caller that finds none of them sleeps. Waits and loops within its tasks are isolated too.
 * (A forked task that was stolen does not know what it is part of; what it waits for is not isolated.)
 */
ROVE_API rove_status rove_group_wait(rove_group *group);

/*
 * The same, but gives up at the time `until` of rove_clock: returns ROVE_PENDING if tasks are left then. They go on,
 * and the group must be waited for again. A task that the caller runs while it waits is not interrupted, so it may be
 * later.
 */
ROVE_API rove_status rove_group_wait_until(rove_group *group, int64_t until);

/* The first error that a task of the group returned since it was last empty, or 0. Exact after a wait. Any thread. */
ROVE_API int rove_group_error(const rove_group *group);

/* How many tasks of the group returned an error. Exact after a wait. Any thread. */
ROVE_API int64_t rove_group_failures(const rove_group *group);

/* How many tasks of the group were discarded. Exact after a wait. Any thread. */
ROVE_API int64_t rove_group_discards(const rove_group *group);

ROVE_END_C

#endif
