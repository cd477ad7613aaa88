/*
 * Waiting for groups. How a waiter learns of the end is in count.h.
 */
#include "runtime/platform/clock.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/isolation.h"
#include "runtime/sched/wait.h"
#include "runtime/task/group.h"

#include <rove/scale.h>

static bool waiter_owns_task(const rove_task *task, void *arg)
{
    return group_owns(((const struct group_waiter *)arg)->group, task);
}

/* Whether the worker, which is busy, has something from outside to look at. */
static bool waiter_is_wanted(struct rovei_worker *worker)
{
    struct rove_runtime *runtime = worker->runtime;
    for (int i = 0; i < runtime->injector_count; i++)
        if (!injector_is_empty(&runtime->injectors[i]))
            return true;
    return worker_has_broadcasts(worker);
}

/* Whether a wait for the group by this worker may begin with waiter_run_own: nothing is isolated. */
static bool waiter_may_run_own(const struct rovei_worker *worker, const rove_group *group)
{
    return group_is_plain_in(group, worker->runtime) && !worker_isolation(worker);
}

/* Runs what the worker's own deque has of the group, the newest first: the common case, in which nothing has to be
 * looked for, and in one frame for all. Where anything else is to be considered it ends, and rovei_wait goes on. These
 * tasks are part of what the worker is in the middle of, so its lender is not told. */
static inline __attribute__((always_inline)) void waiter_run_own(struct rovei_worker *worker, rove_group *group,
                                                                 bool is_home)
{
    struct rove_runtime *runtime = worker->runtime;
    struct rovei_frame frame = group_frame(group);
    worker_push_frame(worker, &frame);
    worker->depth++;
    while (is_home ? group->local > 0 : !rovei_group_is_settled(group)) {
        rove_task *task = deque_pop(&worker->spawns);
        if (!task)
            break;
        bool is_single = task->run == (uintptr_t)rovei_group_run && ((const struct group_item *)task)->group == group;
        if (!is_single && !group_owns(group, task)) {
            worker_spawn(worker, task); /* back to where it was, so there is room */
            break;
        }
        worker->ticks++;
        worker_count(worker, COUNT_EXECUTED);
        if (ROVEI_LIKELY(is_single)) {
            group_execute(worker, &frame, group, (struct group_task *)task);
            if (is_home)
                group_count_home(group, -1);
            else
                rovei_group_count_completed(worker, group);
        } else {
            rovei_pack_run(task);
        }
        if (!runtime_is_here(runtime) || (worker->ticks % WAIT_INJECTOR_TICKS == 0 && waiter_is_wanted(worker)))
            break;
    }
    worker->depth--;
    worker_pop_frame(worker, &frame);
}

/* Waits as a worker: works meanwhile. */
static rove_status waiter_work(struct group_waiter *waiter, struct rovei_worker *worker)
{
    waiter->worker = worker;
    bool is_isolated = waiter->group->is_isolated;
    struct rovei_wait wait = {.is_over = rovei_group_is_over,
                              .is_related = waiter_owns_task,
                              .before_sleep = rovei_group_before_sleep,
                              .arg = waiter,
                              .until = waiter->until,
                              .isolation =
                                  is_isolated ? rovei_group_share_isolation(waiter->group) : worker_isolation(worker)};
    rove_status status = rovei_wait(worker, &wait, false);
    if (is_isolated && wait.isolation)
        rovei_isolation_release(wait.isolation);
    return status == ROVE_PENDING && !rovei_group_give_up(waiter) ? ROVE_OK : status;
}

/* Sleeps until the waiter, which is registered, is signalled, or has to give up. */
static bool waiter_is_signalled(struct group_waiter *waiter)
{
    while (!atomic_load_explicit(&waiter->is_done, memory_order_seq_cst)) {
        if (waiter->until == 0)
            rovei_futex_wait(&waiter->is_done, 0);
        else if (rovei_clock_now() < waiter->until)
            rovei_futex_wait_until(&waiter->is_done, 0, waiter->until);
        else
            return !rovei_group_give_up(waiter);
    }
    return true;
}

/* Waits on a thread that cannot become a worker of the group's runtime: sleeps. If it is one of another runtime, that
 * one goes on without it. */
static rove_status waiter_sleep(struct group_waiter *waiter)
{
    rove_status status = ROVE_OK;
    waiter->worker = NULL;
    rove_blocking_begin();
    while (!status && !rovei_group_is_over(waiter)) {
        rovei_group_before_sleep(waiter);
        if (waiter->is_registered && !waiter_is_signalled(waiter))
            status = ROVE_PENDING;
    }
    rove_blocking_end();
    return status;
}

/* Works for the runtime that has the tasks, as the worker of it that this thread already is, or as a guest. */
static rove_status waiter_work_there(struct group_waiter *waiter)
{
    struct rove_runtime *runtime = group_runtime(waiter->group);
    bool is_beneath = runtime && rovei_worker_beneath(runtime);
    if (!runtime || (!is_beneath && rovei_gate_enter(runtime) != ROVE_OK))
        return waiter_sleep(waiter);
    struct rovei_stay stay;
    rove_status status = rovei_stay_begin(runtime, &stay);
    if (status == ROVE_OK) {
        status = waiter_work(waiter, stay.worker);
        rovei_stay_end(&stay);
    } else {
        status = waiter_sleep(waiter);
    }
    if (!is_beneath)
        rovei_gate_leave(runtime);
    return status;
}

/* The last step of a wait: the scope around it may be gone when the group is used again. Relaxed: several waiters say
 * the same, and nobody spawns before all have returned. */
static rove_status group_end(rove_group *group)
{
    rove_status status = rovei_scope_leave(&group->scope, group->is_adopted ? NULL : scope_parent(&group->scope));
    if (group->is_isolated)
        rovei_group_drop_isolation(group);
    __atomic_store_n(&group->has_ended, true, __ATOMIC_RELAXED);
    __atomic_store_n(&group->stage, GROUP_NEW, __ATOMIC_RELAXED);
    return rove_group_failures(group) > 0 ? ROVE_FAILED : status;
}

static rove_status group_wait_here(rove_group *group, struct rovei_worker *worker, int64_t until)
{
    struct group_waiter waiter = {
        .group = group, .stack = worker ? worker->stack : rovei_thread_stack(), .until = until};
    if (!rovei_group_is_over(&waiter)) {
        struct rove_runtime *runtime = group_runtime(group);
        if (runtime && !runtime_is_here(runtime))
            return ROVE_FORKED;
        bool is_here = worker && worker->runtime == runtime;
        rove_status status = is_here ? waiter_work(&waiter, worker) : waiter_work_there(&waiter);
        if (status || waiter.is_stuck)
            return waiter.is_stuck ? ROVE_BUSY : status;
    }
    rovei_group_move_home(&waiter);
    return group_end(group);
}

static rove_status group_wait(rove_group *group, int64_t until)
{
    if (!group)
        return ROVE_INVALID;
    struct rovei_worker *worker = worker_self();
    const struct rovei_frame *frame = worker ? worker->running : NULL;
    if (frame && frame->group == group)
        return ROVE_INVALID;
    bool is_here = worker && runtime_is_here(worker->runtime);
    if (is_here && until == 0 && waiter_may_run_own(worker, group)) {
        if (group_is_home(worker, group))
            waiter_run_own(worker, group, true);
        else
            waiter_run_own(worker, group, false);
    }
    return group_wait_here(group, is_here ? worker : NULL, until);
}

rove_status rove_group_wait(rove_group *group)
{
    return group_wait(group, 0);
}

rove_status rove_group_wait_until(rove_group *group, int64_t until)
{
    return group_wait(group, until > 0 ? until : 1);
}
