/*
 * Spawning into groups from threads that are no workers.
 *
 * Such tasks are queued in packs. A pack is queued with its first task, and as long as it is the newest in the
 * injector, the tasks of the same group that come after go into it; so neither the producer nor the worker pays for a
 * queue's links, and for a line of memory that has to come from the other, for each of them, and the group's count is
 * touched once: a new pack is counted as if it were full. A worker that has a pack takes the next task off, puts the
 * pack into its deque, where it can be stolen, and runs the task. All of this is under the lock of the injector until a
 * worker has the pack, and its owner's afterwards.
 *
 * A pack that is added to is not announced anew (`length` of the injector stays): it was when it was queued, and nobody
 * has taken it since, so that whoever sleeps now has seen it or will be woken.
 */
#include "runtime/sched/sleep.h"
#include "runtime/task/isolated.h"

/* How many tasks are queued under one lock at the most. */
enum { SUBMIT_BATCH = 64 };

enum { PACK_TASKS = 29 };

struct submit_pack {
    struct group_item item;
    int32_t count;                     /* tasks that there are; more may come while it is queued */
    int32_t taken;                     /* the first of these have been taken off */
    const struct rovei_worker *holder; /* the last that had it */
    struct {
        rove_group_fn *fn;
        void *arg;
    } tasks[PACK_TASKS];
};

_Static_assert(sizeof(struct submit_pack) <= SLAB_PACK, "a pack fits in a cell");

/* The pack has come from the injector: it is complete. */
static void pack_close(struct rovei_worker *worker, const struct submit_pack *pack)
{
    worker_count_many(worker, COUNT_INJECTED, (uint64_t)pack->count - 1); /* one was counted when it was taken */
    if (pack->count < PACK_TASKS)
        rovei_group_count_spawned(NULL, pack->item.group, pack->count - PACK_TASKS);
}

/* Puts back what is left. A task that comes from elsewhere may be long, and others that look for work find the rest at
 * once; a worker that goes on with what it had is asked by its doorbell, as about all that it spawns. */
static void pack_put_back(struct rovei_worker *worker, struct submit_pack *pack)
{
    bool is_new = pack->holder != worker;
    pack->holder = worker;
    if (!worker_spawn(worker, &pack->item.injected.task)) {
        /* There was no memory to queue it there; it is counted again when it comes back. */
        worker_count_many(worker, COUNT_INJECTED, (uint64_t)-1);
        injector_push(&worker->runtime->injectors[0], &pack->item.injected, &pack->item.injected, 1);
        rovei_wake_one(worker->runtime, worker);
    } else if (is_new) {
        deque_publish(&worker->spawns);
    }
}

void rovei_pack_run(rove_task *task)
{
    struct submit_pack *pack = (struct submit_pack *)task;
    struct rovei_worker *worker = worker_self();
    rove_group *group = pack->item.group;
    if (pack->taken == 0)
        pack_close(worker, pack);
    rove_group_fn *fn = pack->tasks[pack->taken].fn;
    void *arg = pack->tasks[pack->taken].arg;
    if (++pack->taken < pack->count)
        pack_put_back(worker, pack);
    else
        slab_release(&worker->slab, pack);
    struct rovei_frame frame = group_frame(group);
    worker_push_frame(worker, &frame);
    group_call(&frame, group, fn, arg);
    worker_pop_frame(worker, &frame);
    rovei_group_count_completed(worker, group);
}

/* The newest pack in the injector, if it is this group's and has room; else NULL. Requires: the lock. */
static struct submit_pack *submit_find_pack(const struct rovei_injector *injector, const rove_group *group)
{
    struct rovei_injected *newest = injector->newest;
    if (!newest || newest->task.run != (uintptr_t)rovei_pack_run)
        return NULL;
    struct submit_pack *pack = (struct submit_pack *)newest;
    bool is_open = pack->item.group == group && pack->taken == 0 && pack->count < PACK_TASKS;
    return is_open ? pack : NULL;
}

/* Queues a new pack, which the caller puts a task into. NULL if there is no memory. Requires: the lock. */
static struct submit_pack *submit_new_pack(struct rove_runtime *runtime, int near, rove_group *group)
{
    struct submit_pack *pack = slab_allocate(&runtime->injector_slabs[near]);
    if (!pack)
        return NULL;
    ROVEI_INIT(pack->item.injected.task.run, (uintptr_t)rovei_pack_run);
    pack->item.group = group;
    pack->count = 0;
    pack->taken = 0;
    pack->holder = NULL;
    rovei_group_count_spawned(NULL, group, PACK_TASKS);
    injector_append(&runtime->injectors[near], &pack->item.injected, &pack->item.injected, 1);
    return pack;
}

/* Queues up to SUBMIT_BATCH tasks under one lock. Returns how many there was memory for. */
static size_t submit_batch(struct rove_runtime *runtime, rove_group *group, rove_group_fn *fn, char *args,
                           size_t stride, size_t count, rove_status *status)
{
    int near = rovei_injector_near(runtime);
    struct rovei_injector *injector = &runtime->injectors[near];
    size_t most = count < SUBMIT_BATCH ? count : SUBMIT_BATCH;
    size_t queued = 0;
    mutex_lock_soon(&injector->lock);
    *status = runtime_is_closed(runtime) ? ROVE_CLOSED : ROVE_OK;
    struct submit_pack *pack = *status ? NULL : submit_find_pack(injector, group);
    while (!*status && queued < most) {
        if (!pack || pack->count == PACK_TASKS)
            pack = submit_new_pack(runtime, near, group);
        if (pack) {
            pack->tasks[pack->count].fn = fn;
            pack->tasks[pack->count++].arg = args + stride * queued++;
        } else {
            *status = ROVE_NO_MEMORY;
        }
    }
    mutex_unlock(&injector->lock);
    return queued;
}

rove_status rovei_group_submit(rove_group *group, rove_group_fn *fn, char *args, size_t stride, size_t count,
                               size_t *spawned)
{
    struct rove_runtime *runtime = group->runtime;
    rove_status status = runtime && runtime_is_here(runtime) ? ROVE_OK : rovei_runtime_resolve(&runtime);
    if (!status && !group_is_plain_in(group, runtime))
        status = rovei_group_enter(group, runtime, NULL);
    while (!status && *spawned < count) {
        char *next = args + stride * *spawned;
        if (group_is_isolated(group)) {
            status = rovei_isolated_submit(runtime, group, fn, next);
            *spawned += status == ROVE_OK;
        } else {
            *spawned += submit_batch(runtime, group, fn, next, stride, count - *spawned, &status);
        }
        rovei_wake_one(runtime, NULL);
    }
    return status;
}
