/*
 * Spawning into groups and waiting for them. The counting is in count.h.
 *
 * Edges
 *   [begun]  is_begun (release) by the first spawn -> other spawns (acquire): the group is prepared
 *   [queue]  isolation (release, compare and exchange) -> other spawns (acquire): the queue is made
 */
#include <rove/group.h>

#include "runtime/platform/clock.h"
#include "runtime/platform/cpu.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/isolation.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/wait.h"
#include "runtime/task/cancel.h"
#include "runtime/task/count.h"

/* How many tasks a thread that is no worker queues at a time. */
enum { OUTSIDE_BATCH = 64 };

/* A spawned task, in a cell of a slab. */
struct group_task {
    struct rovei_injected injected; /* first: the task */
    rove_group *group;
    rove_group_fn *fn;
    void *arg;
};

_Static_assert(sizeof(struct group_task) <= SLAB_CELL, "a task fits in a cell");

/* Relaxed: what a waiter reads after its wait is ordered by [end]. */
static void group_fail(rove_group *group, int error)
{
    rovei_scope_keep_error(&group->scope, error);
    __atomic_fetch_add(&group->failed, 1, __ATOMIC_RELAXED);
    if (group->policy == ROVE_FAIL_FAST)
        rovei_scope_end(&group->scope, ROVE_FAILED);
}

static __attribute__((cold, noinline)) void group_discard(rove_group *group, void *arg)
{
    __atomic_fetch_add(&group->discarded, 1, __ATOMIC_RELAXED);
    if (group->on_discard)
        group->on_discard(arg);
}

static void group_run(rove_task *task)
{
    struct group_task *cell = (struct group_task *)task;
    struct rovei_worker *worker = worker_self();
    struct group_task self = *cell;
    slab_release(&worker->slab, cell);
    struct rovei_frame frame = {.scope = &self.group->scope,
                                .group = self.group,
                                .isolation = self.group->isolation,
                                .what = (uintptr_t)self.fn};
    worker_push_frame(worker, &frame);
    if (scope_is_over(&self.group->scope)) {
        group_discard(self.group, self.arg);
    } else {
        int error = self.fn(self.arg);
        if (error)
            group_fail(self.group, error);
    }
    worker_pop_frame(worker, &frame);
    rovei_group_count_completed(worker, self.group);
}

static bool group_owns_task(const rove_task *task, void *arg)
{
    const struct group_waiter *waiter = arg;
    return task->run == (uintptr_t)group_run && ((const struct group_task *)task)->group == waiter->group;
}

static void group_fill(struct group_task *cell, rove_group *group, rove_group_fn *fn, void *arg)
{
    ROVEI_INIT(cell->injected.task.run, (uintptr_t)group_run);
    cell->group = group;
    cell->fn = fn;
    cell->arg = arg;
}

/* What `is_begun` says. */
enum { GROUP_NEW, GROUP_BEGUN, GROUP_BEGINNING };

/* The first spawn forgets what the last use left. The scope around is known to outlive the group only if the group is
 * younger than it on the same stack. `worker` spawns into its own deque; NULL: the tasks go elsewhere. */
static void group_prepare(rove_group *group, const struct rovei_worker *worker)
{
    const struct rovei_worker *self = worker_self();
    const struct rovei_frame *frame = self ? self->running : NULL;
    bool is_within = frame && (uintptr_t)group < (uintptr_t)frame && (uintptr_t)group >= self->stack.low;
    if (group->has_ended) {
        group->failed = 0;
        group->discarded = 0;
        group->scope.state = 0;
        group->scope.error = 0;
    }
    if (!group->is_isolated)
        group->isolation = is_within && worker ? frame->isolation : NULL;
    group->is_adopted = !scope_parent(&group->scope);
    rovei_scope_begin(&group->scope, is_within ? frame->scope : &group->spawned_to->scope);
}

/* Prepares the group, unless another thread does or has done so. Relaxed where nothing is handed over. */
static __attribute__((noinline)) void group_begin(rove_group *group, const struct rovei_worker *worker)
{
    char is_new = GROUP_NEW;
    if (__atomic_compare_exchange_n(&group->is_begun, &is_new, GROUP_BEGINNING, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
        group_prepare(group, worker);
        __atomic_store_n(&group->is_begun, GROUP_BEGUN, __ATOMIC_RELEASE); /* [begun] */
    }
    while (__atomic_load_n(&group->is_begun, __ATOMIC_ACQUIRE) != GROUP_BEGUN) /* [begun] */
        rovei_cpu_yield();
}

/* Notes where the group's tasks are. They are in one runtime, because who waits for them works there. Relaxed: it is
 * read by those who spawn, inside tasks of the group or before there are any, and by those who wait. */
static rove_status group_enter(rove_group *group, struct rove_runtime *runtime, struct rovei_worker *worker)
{
    struct rove_runtime *before = __atomic_load_n(&group->spawned_to, __ATOMIC_RELAXED);
    bool is_begun = __atomic_load_n(&group->is_begun, __ATOMIC_ACQUIRE) == GROUP_BEGUN; /* [begun] */
    if (ROVEI_LIKELY(before == runtime && is_begun))
        return ROVE_OK;
    if (before && before != runtime && !rovei_group_is_settled(group))
        return runtime_is_here(before) ? ROVE_INVALID : ROVE_FORKED;
    __atomic_store_n(&group->spawned_to, runtime, __ATOMIC_RELAXED);
    if (!is_begun)
        group_begin(group, worker);
    return ROVE_OK;
}

/* The worker that spawns into its own deque, or NULL if the task has to be injected. */
static struct rovei_worker *group_spawner(const rove_group *group)
{
    struct rovei_worker *worker = worker_self();
    bool is_here = worker && (!group->runtime || group->runtime == worker->runtime) && runtime_is_here(worker->runtime);
    return is_here ? worker : NULL;
}

rove_status rovei_group_hold(rove_group *group)
{
    struct rovei_worker *worker = group_spawner(group);
    struct rove_runtime *runtime = worker ? worker->runtime : group->runtime;
    rove_status status = rovei_runtime_resolve(&runtime);
    if (!status)
        status = group_enter(group, runtime, worker);
    if (status)
        return status;
    group->runtime = runtime;
    rovei_group_count_spawned(worker, group, 1);
    return ROVE_OK;
}

void rovei_group_let_go(rove_group *group)
{
    rovei_group_count_completed(worker_self(), group);
}

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
        group_run(found);
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
static struct rovei_isolation *group_isolation(rove_group *group)
{
    struct rovei_isolation *isolation = __atomic_load_n(&group->isolation, __ATOMIC_ACQUIRE); /* [queue] */
    if (isolation)
        return isolation;
    struct rovei_isolation *made = rovei_isolation_create(&group->spawned_to->settings.allocator);
    if (!made ||
        __atomic_compare_exchange_n(&group->isolation, &isolation, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    rovei_isolation_release(made);
    return isolation;
}

static rove_status group_spawn_isolated(struct rovei_worker *worker, rove_group *group, rove_group_fn *fn, void *arg)
{
    struct rovei_isolation *isolation = group_isolation(group);
    struct group_task *cell = isolation ? slab_allocate(&worker->slab) : NULL;
    if (!cell)
        return ROVE_NO_MEMORY;
    group_fill(cell, group, fn, arg);
    rovei_group_count_spawned(worker, group, 1);
    worker_count(worker, COUNT_SPAWNED);
    struct group_ticket *ticket = slab_allocate(&worker->slab);
    if (ticket)
        ticket_fill(ticket, isolation);
    rovei_isolation_push(isolation, &cell->injected);
    if (ticket && !rovei_worker_spawn(worker, &ticket->injected.task)) {
        slab_release(&worker->slab, ticket); /* the waiter will run it */
        rovei_isolation_release(isolation);
    }
    return ROVE_OK;
}

static rove_status group_spawn_here(struct rovei_worker *worker, rove_group *group, rove_group_fn *fn, void *arg)
{
    rove_status status = group_enter(group, worker->runtime, worker);
    if (status)
        return status;
    if (ROVEI_UNLIKELY(group->isolation || group->is_isolated))
        return group_spawn_isolated(worker, group, fn, arg);
    struct group_task *cell = slab_allocate(&worker->slab);
    if (!cell)
        return ROVE_NO_MEMORY;
    group_fill(cell, group, fn, arg);
    rovei_group_count_spawned(worker, group, 1);
    worker_count(worker, COUNT_SPAWNED);
    if (!rovei_worker_spawn(worker, &cell->injected.task)) {
        worker_count(worker, COUNT_EXECUTED);
        group_run(&cell->injected.task);
    }
    return ROVE_OK;
}

rove_status rovei_group_spawn_into(rove_group *group, struct rovei_injector *queue, rove_group_fn *fn, void *arg)
{
    struct rovei_worker *worker = worker_self();
    rove_status status = group_enter(group, worker->runtime, worker);
    if (!status && (group->isolation || group->is_isolated))
        return group_spawn_isolated(worker, group, fn, arg);
    struct group_task *cell = status ? NULL : slab_allocate(&worker->slab);
    if (!cell)
        return status ? status : ROVE_NO_MEMORY;
    group_fill(cell, group, fn, arg);
    rovei_group_count_spawned(worker, group, 1);
    worker_count(worker, COUNT_SPAWNED);
    injector_push(queue, &cell->injected, &cell->injected, 1);
    return ROVE_OK;
}

/* Queues up to OUTSIDE_BATCH tasks, under one lock: cells, count and queue. Returns how many there was memory for. */
static int64_t group_inject(struct rove_runtime *runtime, rove_group *group, rove_group_fn *fn, char *args,
                            size_t stride, size_t count, rove_status *status)
{
    int near = rovei_injector_near(runtime);
    struct rovei_injector *injector = &runtime->injectors[near];
    struct rovei_injected *first = NULL;
    struct rovei_injected **link = &first;
    struct rovei_injected *last = NULL;
    int64_t taken = 0;
    mutex_lock(&injector->lock);
    *status = runtime_is_closed(runtime) ? ROVE_CLOSED : ROVE_OK;
    while (!*status && taken < OUTSIDE_BATCH && (size_t)taken < count) {
        struct group_task *cell = slab_allocate(&runtime->injector_slabs[near]);
        if (!cell) {
            *status = ROVE_NO_MEMORY;
            break;
        }
        group_fill(cell, group, fn, args + stride * (size_t)taken++);
        *link = last = &cell->injected;
        link = &last->next;
    }
    if (taken > 0) {
        rovei_group_count_spawned(NULL, group, taken);
        injector_append(injector, first, last, taken);
    }
    mutex_unlock(&injector->lock);
    return taken;
}

/* Queues one task of an isolated group, and a ticket for it. */
static int64_t group_inject_isolated(struct rove_runtime *runtime, rove_group *group, rove_group_fn *fn, void *arg,
                                     rove_status *status)
{
    int near = rovei_injector_near(runtime);
    struct rovei_injector *injector = &runtime->injectors[near];
    struct rovei_isolation *isolation = group_isolation(group);
    mutex_lock(&injector->lock);
    bool is_closed = runtime_is_closed(runtime);
    struct group_task *cell = is_closed || !isolation ? NULL : slab_allocate(&runtime->injector_slabs[near]);
    struct group_ticket *ticket = cell ? slab_allocate(&runtime->injector_slabs[near]) : NULL;
    if (cell) {
        group_fill(cell, group, fn, arg);
        rovei_group_count_spawned(NULL, group, 1);
        rovei_isolation_push(isolation, &cell->injected);
    }
    if (ticket) {
        ticket_fill(ticket, isolation);
        injector_append(injector, &ticket->injected, &ticket->injected, 1);
    }
    mutex_unlock(&injector->lock);
    *status = is_closed ? ROVE_CLOSED : cell ? ROVE_OK : ROVE_NO_MEMORY;
    return cell != NULL;
}

static rove_status group_spawn_outside(rove_group *group, rove_group_fn *fn, char *args, size_t stride, size_t count,
                                       size_t *spawned)
{
    struct rove_runtime *runtime = group->runtime;
    rove_status status = rovei_runtime_resolve(&runtime);
    if (!status)
        status = group_enter(group, runtime, NULL);
    while (!status && *spawned < count) {
        char *next = args + stride * *spawned;
        if (group->isolation || group->is_isolated)
            *spawned += (size_t)group_inject_isolated(runtime, group, fn, next, &status);
        else
            *spawned += (size_t)group_inject(runtime, group, fn, next, stride, count - *spawned, &status);
        rovei_wake_one(runtime, NULL);
    }
    return status;
}

rove_status rove_group_spawn_many(rove_group *group, rove_group_fn *fn, void *args, size_t stride, size_t count,
                                  size_t *spawned)
{
    size_t unread;
    if (!spawned)
        spawned = &unread;
    *spawned = 0;
    if (!group || !fn || count > INT32_MAX)
        return ROVE_INVALID;
    struct rovei_worker *worker = group_spawner(group);
    if (!worker)
        return group_spawn_outside(group, fn, args, stride, count, spawned);
    rove_status status = ROVE_OK;
    while (!status && *spawned < count) {
        status = group_spawn_here(worker, group, fn, (char *)args + stride * *spawned);
        *spawned += status == ROVE_OK;
    }
    return status;
}

rove_status rove_group_spawn(rove_group *group, rove_group_fn *fn, void *arg)
{
    if (!group || !fn)
        return ROVE_INVALID;
    struct rovei_worker *worker = group_spawner(group);
    if (!worker)
        return rove_group_spawn_many(group, fn, arg, 0, 1, NULL);
    return group_spawn_here(worker, group, fn, arg);
}

/* Waits as a worker: works meanwhile. */
static rove_status waiter_work(struct group_waiter *waiter, struct rovei_worker *worker)
{
    waiter->worker = worker;
    bool is_isolated = waiter->group->is_isolated;
    struct rovei_wait wait = {.is_over = rovei_group_is_over,
                              .is_related = group_owns_task,
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

/* Waits on a thread that cannot become a worker: sleeps. */
static rove_status waiter_sleep(struct group_waiter *waiter)
{
    waiter->worker = NULL;
    while (!rovei_group_is_over(waiter)) {
        rovei_group_before_sleep(waiter);
        if (waiter->is_registered && !waiter_is_signalled(waiter))
            return ROVE_PENDING;
    }
    return ROVE_OK;
}

/* Works for the runtime that has the tasks, as the worker of it that this thread already is, or as a guest. */
static rove_status waiter_work_there(struct group_waiter *waiter)
{
    struct rove_runtime *runtime = waiter->group->spawned_to;
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
    __atomic_store_n(&group->is_begun, GROUP_NEW, __ATOMIC_RELAXED);
    return rove_group_failures(group) > 0 ? ROVE_FAILED : status;
}

static rove_status group_wait_here(rove_group *group, struct rovei_worker *worker, int64_t until)
{
    struct group_waiter waiter = {
        .group = group, .stack = worker ? worker->stack : rovei_thread_stack(), .until = until};
    if (!rovei_group_is_over(&waiter)) {
        if (group->spawned_to && !runtime_is_here(group->spawned_to))
            return ROVE_FORKED;
        bool is_here = worker && worker->runtime == group->spawned_to;
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
    return group_wait_here(group, worker && runtime_is_here(worker->runtime) ? worker : NULL, until);
}

rove_status rove_group_wait(rove_group *group)
{
    return group_wait(group, 0);
}

rove_status rove_group_wait_until(rove_group *group, int64_t until)
{
    return group_wait(group, until > 0 ? until : 1);
}

/* Relaxed below: ordered by the wait, where it matters. */
int rove_group_error(const rove_group *group)
{
    return group ? rove_scope_error(&group->scope) : 0;
}

int64_t rove_group_failures(const rove_group *group)
{
    return group ? __atomic_load_n(&group->failed, __ATOMIC_RELAXED) : 0;
}

int64_t rove_group_discards(const rove_group *group)
{
    return group ? __atomic_load_n(&group->discarded, __ATOMIC_RELAXED) : 0;
}
