/*
 * Groups: counting tasks, keeping the first error, waiting.
 *
 * A group counts in two places: `local`, which only the thread touches on whose stack the group lies (its home), with
 * plain operations, and `state`, with atomic ones. The group is empty when the two add up to zero. HOME in `state`, and
 * `is_home` for the home thread itself, say that `local` has to be asked. Before the home thread sleeps it moves `local` over into `state`; from then on whoever
 * brings the count to zero announces the end.
 *
 * "Announce, then touch nothing": the step that brings `state` to zero is the last access to the group, because a waiter
 * may free it at once. If waiters are registered they do not look at the count any more but wait for a word on their own
 * stack, so the completer may still take the list of waiters out of the group; clearing WAITERS is then the last access.
 *
 * Edges
 *   [end]     state (acq_rel) by whoever completes a task -> state (seq_cst) of the waiter: what the tasks wrote
 *   [signal]  is_done (seq_cst) -> the registered waiter; seq_cst: the completer then looks whether it sleeps
 *   [lock]    state LOCK (acquire, release): the list of waiters
 */
#include <rove/group.h>

#include "runtime/platform/cpu.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/wait.h"

#define LOCK UINT64_C(1)    /* the list of waiters is being changed */
#define WAITERS UINT64_C(2) /* it is not empty: the end has to be signalled */
#define HOME UINT64_C(4)    /* `local` is part of the count */
#define ONE UINT64_C(8)     /* a task */

/* A spawned task, in a cell of a slab. */
struct group_task {
    struct rovei_injected injected; /* first: the task */
    rove_group *group;
    rove_group_fn *fn;
    void *arg;
};

_Static_assert(sizeof(struct group_task) <= SLAB_CELL, "a task fits in a cell");

/* A task that is running on some stack, for telling who waits for whom. */
struct group_frame {
    const rove_group *group;
    const struct group_frame *below;
};

/* A thread that waits for a group, on its own stack. */
struct group_waiter {
    struct group_waiter *next;
    rove_group *group;
    struct rovei_worker *worker; /* NULL: no worker, sleeps on `is_done` */
    struct rovei_stack stack;
    bool is_registered;
    bool has_missed;          /* the end came before it could register */
    bool is_stuck;            /* a task of the group lies below on this stack: the end cannot come */
    _Atomic uint32_t is_done; /* a futex word */
};

static int64_t state_count(uint64_t state)
{
    return (int64_t)state >> 3;
}

static bool stack_has(const struct rovei_stack *stack, const rove_group *group)
{
    return (uintptr_t)group >= stack->low && (uintptr_t)group < stack->high;
}

/* Whether the group lies on the stack of the thread that is in `worker`: then that is its home. */
static bool group_is_home(const struct rovei_worker *worker, const rove_group *group)
{
    return stack_has(&worker->stack, group);
}

static uint64_t group_load(const rove_group *group)
{
    return __atomic_load_n(&group->state, __ATOMIC_SEQ_CST); /* [end] */
}

/* Returns the state as it was when the lock was taken. */
static uint64_t group_lock(rove_group *group)
{
    for (;;) {
        uint64_t before = __atomic_fetch_or(&group->state, LOCK, __ATOMIC_ACQUIRE); /* [lock] */
        if (!(before & LOCK))
            return before;
        rovei_cpu_yield();
    }
}

/* Adds `change` to the home's count. Home thread only. */
static inline void group_count_home(rove_group *group, int64_t change)
{
    group->local += change;
    if (group->is_home)
        return;
    group->is_home = true;
    __atomic_fetch_or(&group->state, HOME, __ATOMIC_RELAXED); /* only this thread sets and clears it */
}

/* Relaxed: the tasks themselves are handed over by the deques, and the group cannot end before they are counted. */
static void group_count_spawned(const struct rovei_worker *worker, rove_group *group, int64_t tasks)
{
    if (worker && group_is_home(worker, group))
        group_count_home(group, tasks);
    else
        __atomic_fetch_add(&group->state, ONE * (uint64_t)tasks, __ATOMIC_RELAXED);
}

static void waiter_signal(struct group_waiter *waiter)
{
    struct rovei_worker *worker = waiter->worker;
    _Atomic uint32_t *word = &waiter->is_done;
    atomic_store_explicit(word, 1, memory_order_seq_cst); /* [signal] the last access to the waiter */
    if (worker)
        rovei_wake_worker(worker);
    else
        rovei_futex_wake(word, 1); /* names the word only */
}

/* The group is empty and has waiters, or one that is about to register: lets them go. */
static void group_release(rove_group *group)
{
    group_lock(group);
    struct group_waiter *waiter = group->waiters;
    group->waiters = NULL;
    __atomic_fetch_and(&group->state, ~(LOCK | WAITERS), __ATOMIC_SEQ_CST); /* [lock] [end] the last access */
    while (waiter) {
        struct group_waiter *next = waiter->next;
        waiter_signal(waiter);
        waiter = next;
    }
}

/* A change has left the group in `state`: was it the end, and does anybody have to be told? */
static void group_check_end(rove_group *group, uint64_t state)
{
    if (state_count(state) == 0 && !(state & HOME) && (state & (LOCK | WAITERS)))
        group_release(group);
}

static void group_count_completed(const struct rovei_worker *worker, rove_group *group)
{
    if (group_is_home(worker, group))
        group_count_home(group, -1);
    else
        group_check_end(group, __atomic_sub_fetch(&group->state, ONE, __ATOMIC_SEQ_CST)); /* [end] */
}

/* Relaxed: what a waiter reads after its wait is ordered by [end]. */
static void group_fail(rove_group *group, int error)
{
    int32_t none = 0;
    __atomic_compare_exchange_n(&group->error, &none, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    __atomic_fetch_add(&group->failed, 1, __ATOMIC_RELAXED);
}

static void group_run(rove_task *task)
{
    struct group_task *cell = (struct group_task *)task;
    struct rovei_worker *worker = worker_self();
    struct group_task self = *cell;
    slab_release(&worker->slab, cell);
    struct group_frame frame = {self.group, worker->running};
    worker->running = &frame;
    int error = self.fn(self.arg);
    worker->running = (void *)frame.below;
    if (error)
        group_fail(self.group, error);
    group_count_completed(worker, self.group);
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

/* The first spawn after a wait forgets the errors of the group's last use. Relaxed: tasks that could fail come after. */
static void group_refresh(rove_group *group)
{
    if (!__atomic_load_n(&group->has_ended, __ATOMIC_RELAXED))
        return;
    group->has_ended = 0;
    group->failed = 0;
    group->error = 0;
}

static rove_status group_spawn_here(struct rovei_worker *worker, rove_group *group, rove_group_fn *fn, void *arg)
{
    struct group_task *cell = slab_allocate(&worker->slab);
    if (!cell)
        return ROVE_NO_MEMORY;
    group_fill(cell, group, fn, arg);
    if (__atomic_load_n(&group->spawned_to, __ATOMIC_RELAXED) != worker->runtime)
        __atomic_store_n(&group->spawned_to, worker->runtime, __ATOMIC_RELAXED); /* read by those who wait */
    group_count_spawned(worker, group, 1);
    worker_count(worker, COUNT_SPAWNED);
    if (!rovei_worker_spawn(worker, &cell->injected.task)) {
        worker_count(worker, COUNT_EXECUTED);
        group_run(&cell->injected.task);
    }
    return ROVE_OK;
}

/* Takes `count` cells, or as many as there is memory for, and links them. */
static int64_t group_take_cells(struct rove_runtime *runtime, int64_t count, struct rovei_injected **first)
{
    int64_t taken = 0;
    *first = NULL;
    mutex_lock(&runtime->outside);
    for (struct group_task *cell; taken < count && (cell = slab_allocate(&runtime->outside_slab)); taken++) {
        cell->injected.next = *first;
        *first = &cell->injected;
    }
    mutex_unlock(&runtime->outside);
    return taken;
}

static rove_status group_spawn_outside(rove_group *group, rove_group_fn *fn, char *args, size_t stride, size_t count,
                                       size_t *spawned)
{
    struct rove_runtime *runtime = group->runtime;
    rove_status status = rovei_runtime_resolve(&runtime);
    if (status || (status = rovei_gate_enter(runtime)) != ROVE_OK)
        return status;
    struct rovei_injected *first;
    int64_t taken = group_take_cells(runtime, (int64_t)count, &first);
    struct rovei_injected *last = NULL;
    for (struct rovei_injected *next = first; next; next = next->next) {
        group_fill((struct group_task *)next, group, fn, args + stride * (*spawned)++);
        last = next;
    }
    if (first) {
        __atomic_store_n(&group->spawned_to, runtime, __ATOMIC_RELAXED); /* read by those who wait, and so after */
        __atomic_fetch_add(&group->state, ONE * (uint64_t)taken, __ATOMIC_RELAXED); /* see group_count_spawned */
        rovei_inject(runtime, first, last, taken);
    }
    rovei_gate_leave(runtime);
    return taken < (int64_t)count ? ROVE_NO_MEMORY : ROVE_OK;
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
    struct rovei_worker *worker = worker_self();
    group_refresh(group);
    if (!worker || (group->runtime && group->runtime != worker->runtime) || !runtime_is_here(worker->runtime))
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
    struct rovei_worker *worker = worker_self();
    if (!group || !fn)
        return ROVE_INVALID;
    if (!worker || (group->runtime && group->runtime != worker->runtime) || !runtime_is_here(worker->runtime))
        return rove_group_spawn_many(group, fn, arg, 0, 1, NULL);
    group_refresh(group);
    return group_spawn_here(worker, group, fn, arg);
}

static bool waiter_is_over(void *arg)
{
    struct group_waiter *waiter = arg;
    if (waiter->has_missed || waiter->is_stuck)
        return true;
    if (stack_has(&waiter->stack, waiter->group) && waiter->group->is_home)
        return waiter->group->local + state_count(group_load(waiter->group)) == 0;
    if (waiter->is_registered)
        return atomic_load_explicit(&waiter->is_done, memory_order_seq_cst); /* [signal] */
    return group_load(waiter->group) == 0;
}

/* If the count is zero once WAITERS is set, whoever brought it there has seen LOCK or WAITERS and comes to release. */
static void waiter_register(struct group_waiter *waiter)
{
    rove_group *group = waiter->group;
    uint64_t before = group_lock(group);
    if (state_count(before) == 0 && !(before & (HOME | WAITERS))) {
        __atomic_fetch_and(&group->state, ~LOCK, __ATOMIC_RELEASE); /* [lock] */
        waiter->has_missed = true;
        return;
    }
    waiter->next = group->waiters;
    group->waiters = waiter;
    waiter->is_registered = true;
    uint64_t flags = before & WAITERS ? 0 : WAITERS;
    __atomic_fetch_add(&group->state, flags - LOCK, __ATOMIC_SEQ_CST); /* [lock] */
}

/* The home thread moves its count over to where all can see it; any other thread has nothing to move. */
static void waiter_move_home(struct group_waiter *waiter)
{
    rove_group *group = waiter->group;
    if (!stack_has(&waiter->stack, group) || !group->is_home)
        return;
    uint64_t change = ONE * (uint64_t)group->local - HOME;
    group->local = 0;
    group->is_home = false;
    group_check_end(group, __atomic_add_fetch(&group->state, change, __ATOMIC_SEQ_CST)); /* [end] */
}

/* Whether a task of the group lies below on this stack: it helps out here and cannot end before this wait does. */
static bool waiter_covers_task(const struct group_waiter *waiter)
{
    const struct group_frame *frame = waiter->worker ? waiter->worker->running : NULL;
    while (frame && frame->group != waiter->group)
        frame = frame->below;
    return frame != NULL;
}

static void waiter_before_sleep(void *arg)
{
    struct group_waiter *waiter = arg;
    waiter_move_home(waiter);
    if (waiter->is_registered)
        return;
    waiter->is_stuck = waiter_covers_task(waiter);
    if (!waiter->is_stuck)
        waiter_register(waiter);
}

/* Waits as a worker: works meanwhile. */
static rove_status waiter_work(struct group_waiter *waiter, struct rovei_worker *worker)
{
    struct rovei_wait wait = {
        .is_over = waiter_is_over, .is_related = group_owns_task, .before_sleep = waiter_before_sleep, .arg = waiter};
    waiter->worker = worker;
    return rovei_wait(worker, &wait, false);
}

/* Waits on a thread that cannot become a worker: sleeps. */
static rove_status waiter_sleep(struct group_waiter *waiter)
{
    waiter->worker = NULL;
    while (!waiter_is_over(waiter)) {
        waiter_before_sleep(waiter);
        if (waiter->is_registered)
            while (!atomic_load_explicit(&waiter->is_done, memory_order_seq_cst))
                rovei_futex_wait(&waiter->is_done, 0);
    }
    return ROVE_OK;
}

static rove_status waiter_work_as_guest(struct group_waiter *waiter)
{
    struct rove_runtime *runtime = waiter->group->spawned_to;
    struct rovei_worker *guest;
    if (!runtime || rovei_gate_enter(runtime) != ROVE_OK)
        return waiter_sleep(waiter);
    rove_status status = rovei_guest_enter(runtime, &guest);
    if (status == ROVE_OK) {
        status = waiter_work(waiter, guest);
        rovei_guest_leave(guest);
    } else {
        status = waiter_sleep(waiter);
    }
    rovei_gate_leave(runtime);
    return status;
}

static rove_status group_wait(rove_group *group, struct rovei_worker *worker)
{
    struct group_waiter waiter = {.group = group, .stack = worker ? worker->stack : rovei_thread_stack()};
    if (!waiter_is_over(&waiter)) {
        if (group->spawned_to && !runtime_is_here(group->spawned_to))
            return ROVE_FORKED;
        rove_status status = worker ? waiter_work(&waiter, worker) : waiter_work_as_guest(&waiter);
        if (status || waiter.is_stuck)
            return waiter.is_stuck ? ROVE_BUSY : status;
    }
    waiter_move_home(&waiter);
    __atomic_store_n(&group->has_ended, 1, __ATOMIC_RELAXED);
    return rove_group_failures(group) > 0 ? ROVE_FAILED : ROVE_OK;
}

rove_status rove_group_wait(rove_group *group)
{
    if (!group)
        return ROVE_INVALID;
    struct rovei_worker *worker = worker_self();
    const struct group_frame *frame = worker ? worker->running : NULL;
    if (frame && frame->group == group)
        return ROVE_INVALID;
    if (worker && !runtime_is_here(worker->runtime))
        return group_wait(group, NULL);
    return group_wait(group, worker);
}

int rove_group_error(const rove_group *group)
{
    return group ? __atomic_load_n(&group->error, __ATOMIC_RELAXED) : 0; /* ordered by the wait, where it matters */
}

int64_t rove_group_failures(const rove_group *group)
{
    return group ? __atomic_load_n(&group->failed, __ATOMIC_RELAXED) : 0; /* ordered by the wait, where it matters */
}
