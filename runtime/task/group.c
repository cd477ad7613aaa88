/*
 * Spawning into groups. The counting is in count.h, waiting in group_wait.c.
 *
 * Edges
 *   [begun]  stage (release) by the first spawn -> other spawns (acquire): the group is prepared
 */
#include "runtime/task/group.h"

#include "runtime/platform/cpu.h"
#include "runtime/task/isolated.h"

/* Relaxed: what a waiter reads after its wait is ordered by [end] of count.h. */
void rovei_group_fail(rove_group *group, int error)
{
    rovei_scope_keep_error(&group->scope, error);
    __atomic_fetch_add(&group->failed, 1, __ATOMIC_RELAXED);
    if (group->policy == ROVE_FAIL_FAST)
        rovei_scope_end(&group->scope, ROVE_FAILED);
}

void rovei_group_discard(rove_group *group, void *arg)
{
    __atomic_fetch_add(&group->discarded, 1, __ATOMIC_RELAXED);
    if (group->on_discard)
        group->on_discard(arg);
}

void rovei_group_run(rove_task *task)
{
    struct group_task *cell = (struct group_task *)task;
    struct rovei_worker *worker = worker_self();
    rove_group *group = cell->item.group;
    struct rovei_frame frame = group_frame(group);
    worker_push_frame(worker, &frame);
    group_execute(worker, &frame, group, cell);
    worker_pop_frame(worker, &frame);
    rovei_group_count_completed(worker, group);
}

/* The first spawn forgets what the last use left. The scope around is known to outlive the group only if the group is
 * younger than it on the same stack. `worker` spawns into its own deque; NULL: the tasks go elsewhere. */
static enum group_stage group_prepare(rove_group *group, struct rove_runtime *runtime,
                                      const struct rovei_worker *worker)
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
    rovei_scope_begin(&group->scope, is_within ? frame->scope : &runtime->scope);
    return group->is_isolated || group->isolation ? GROUP_ISOLATED : GROUP_PLAIN;
}

/* Prepares the group, unless another thread does or has done so. Relaxed where nothing is handed over. */
static void group_begin(rove_group *group, struct rove_runtime *runtime, const struct rovei_worker *worker)
{
    char is_new = GROUP_NEW;
    if (__atomic_compare_exchange_n(&group->stage, &is_new, GROUP_BEGINNING, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        __atomic_store_n(&group->stage, (char)group_prepare(group, runtime, worker), __ATOMIC_RELEASE); /* [begun] */
    while (__atomic_load_n(&group->stage, __ATOMIC_ACQUIRE) == GROUP_BEGINNING)                         /* [begun] */
        rovei_cpu_yield();
}

/* They are in one runtime, because who waits for them works there. Relaxed: `spawned_to` is read by those who spawn,
 * inside tasks of the group or before there are any, and by those who wait. */
rove_status rovei_group_enter(rove_group *group, struct rove_runtime *runtime, const struct rovei_worker *worker)
{
    struct rove_runtime *before = group_runtime(group);
    char stage = __atomic_load_n(&group->stage, __ATOMIC_ACQUIRE); /* [begun] */
    bool is_begun = stage == GROUP_PLAIN || stage == GROUP_ISOLATED;
    if (ROVEI_LIKELY(before == runtime && is_begun))
        return ROVE_OK;
    if (before && before != runtime && !rovei_group_is_settled(group))
        return runtime_is_here(before) ? ROVE_INVALID : ROVE_FORKED;
    __atomic_store_n(&group->spawned_to, runtime, __ATOMIC_RELAXED);
    if (!is_begun)
        group_begin(group, runtime, worker);
    return ROVE_OK;
}

/* The worker that spawns into its own deque, or NULL if the task has to be injected. */
static inline struct rovei_worker *group_spawner(const rove_group *group)
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
        status = rovei_group_enter(group, runtime, worker);
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

/* The slow side of group_queue: somebody is hungry, or there was no memory to queue the task. */
static __attribute__((cold, noinline)) rove_status group_queue_slow(struct rovei_worker *worker,
                                                                    struct group_task *cell)
{
    if (!rovei_spawn_slow(worker)) {
        worker_count(worker, COUNT_EXECUTED);
        rovei_group_run(&cell->item.injected.task);
    }
    return ROVE_OK;
}

/* Queues a task that is counted already. */
static inline rove_status group_queue(struct rovei_worker *worker, rove_group *group, rove_group_fn *fn, void *arg,
                                      struct group_task *cell)
{
    rove_slot *bottom = ROVEI_LOAD(worker->spawns.bottom, RELAXED); /* own variable */
    group_fill(cell, group, fn, arg);
    worker_count(worker, COUNT_SPAWNED);
    return rovei_deque_push(&worker->spawns, bottom, &cell->item.injected.task) ? group_queue_slow(worker, cell)
                                                                                : ROVE_OK;
}

static __attribute__((noinline)) rove_status group_spawn_on(struct rovei_worker *worker, rove_group *group,
                                                            rove_group_fn *fn, void *arg)
{
    rove_status status = rovei_group_enter(group, worker->runtime, worker);
    if (status)
        return status;
    if (group_is_isolated(group))
        return rovei_isolated_spawn(worker, group, fn, arg);
    struct group_task *cell = slab_allocate(&worker->slab);
    if (!cell)
        return ROVE_NO_MEMORY;
    rovei_group_count_spawned(worker, group, 1);
    if (group_is_home(worker, group))
        group->is_plain_home = true;
    return group_queue(worker, group, fn, arg, cell);
}

/* Whether the task is one of many that the worker spawns into a plain group on its own stack, where nothing is new: the
 * common case, which has a way of its own without a call. `is_plain_home` is only set while `is_home` is and the group is
 * prepared as GROUP_PLAIN, and cleared with `is_home`, which comes before any wait is over: so neither is looked at. */
static inline bool group_is_at_hand(const struct rovei_worker *worker, const rove_group *group)
{
    return group_is_home(worker, group) && group->is_plain_home && group_runtime(group) == worker->runtime &&
           process_is_surely_same(&worker->runtime->process) && worker->slab.free;
}

static inline rove_status group_spawn_at_hand(struct rovei_worker *worker, rove_group *group, rove_group_fn *fn,
                                              void *arg)
{
    group->local++;
    return group_queue(worker, group, fn, arg, slab_allocate(&worker->slab));
}

rove_status rovei_group_spawn_into(rove_group *group, struct rovei_injector *queue, rove_group_fn *fn, void *arg)
{
    struct rovei_worker *worker = worker_self();
    rove_status status = rovei_group_enter(group, worker->runtime, worker);
    if (!status && group_is_isolated(group))
        return rovei_isolated_spawn(worker, group, fn, arg);
    struct group_task *cell = status ? NULL : slab_allocate(&worker->slab);
    if (!cell)
        return status ? status : ROVE_NO_MEMORY;
    group_fill(cell, group, fn, arg);
    rovei_group_count_spawned(worker, group, 1);
    worker_count(worker, COUNT_SPAWNED);
    injector_push(queue, &cell->item.injected, &cell->item.injected, 1);
    return ROVE_OK;
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
        return rovei_group_submit(group, fn, args, stride, count, spawned);
    rove_status status = ROVE_OK;
    while (!status && *spawned < count) {
        void *arg = (char *)args + stride * *spawned;
        status = group_is_at_hand(worker, group) ? group_spawn_at_hand(worker, group, fn, arg)
                                                 : group_spawn_on(worker, group, fn, arg);
        *spawned += status == ROVE_OK;
    }
    return status;
}

static __attribute__((noinline)) rove_status group_spawn_any(rove_group *group, rove_group_fn *fn, void *arg)
{
    size_t spawned = 0;
    if (!group || !fn)
        return ROVE_INVALID;
    struct rovei_worker *worker = group_spawner(group);
    return worker ? group_spawn_on(worker, group, fn, arg) : rovei_group_submit(group, fn, arg, 0, 1, &spawned);
}

rove_status rove_group_spawn(rove_group *group, rove_group_fn *fn, void *arg)
{
    struct rovei_worker *worker = worker_self();
    if (ROVEI_LIKELY(fn && worker && group_is_at_hand(worker, group)))
        return group_spawn_at_hand(worker, group, fn, arg);
    return group_spawn_any(group, fn, arg);
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
