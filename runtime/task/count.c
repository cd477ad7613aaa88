#include "runtime/task/count.h"

#include "runtime/platform/cpu.h"
#include "runtime/platform/futex.h"
#include "runtime/sched/isolation.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/sleep.h"

#define LOCK UINT64_C(1)    /* the list of waiters is being changed */
#define WAITERS UINT64_C(2) /* it is not empty: the end has to be signalled */
#define HOME UINT64_C(4)    /* `local` is part of the count */
#define ONE UINT64_C(8)     /* a task */

static int64_t state_count(uint64_t state)
{
    return (int64_t)state >> 3;
}

static bool stack_has(const struct rovei_stack *stack, const rove_group *group)
{
    return (uintptr_t)group >= stack->low && (uintptr_t)group < stack->high;
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

void rovei_group_begin_home(rove_group *group)
{
    group->is_home = true;
    __atomic_fetch_or(&group->state, HOME, __ATOMIC_RELAXED); /* only this thread sets and clears it */
}

/* Relaxed: the tasks themselves are handed over by the deques, and the group cannot end before they are counted. */
void rovei_group_count_spawned(const struct rovei_worker *worker, rove_group *group, int64_t tasks)
{
    if (group_is_home(worker, group))
        group_count_home(group, tasks);
    else
        __atomic_fetch_add(&group->state, ONE * (uint64_t)tasks, __ATOMIC_RELAXED);
}

bool rovei_group_is_settled(const rove_group *group)
{
    return group_load(group) == 0;
}

/* A thread that is no worker of the waiter's runtime keeps that, like one that is in a call, until it is through: the
 * waiter may see the word by itself, and then nothing else would keep the runtime from being destroyed. */
static void waiter_signal(struct group_waiter *waiter)
{
    struct rovei_worker *worker = waiter->worker;
    _Atomic uint32_t *word = &waiter->is_done;
    const struct rovei_worker *self = worker_self();
    struct rove_runtime *kept = worker && (!self || self->runtime != worker->runtime) ? worker->runtime : NULL;
    if (kept)
        atomic_fetch_add_explicit(&kept->gate, 1, memory_order_seq_cst); /* [gate] of runtime.h */
    atomic_store_explicit(word, 1, memory_order_seq_cst);                /* [signal] the last access to the waiter */
    if (worker)
        rovei_wake_worker(worker);
    else
        rovei_futex_wake(word, 1); /* names the word only */
    if (kept)
        rovei_gate_leave(kept);
}

/* The group is empty and has waiters, or one that is about to register: lets them go. In a child of fork they are the
 * parent's, and the lock may be held for ever; a wait of the child's own ends because of the fork. */
static void group_release(rove_group *group)
{
    struct rove_runtime *runtime = __atomic_load_n(&group->spawned_to, __ATOMIC_RELAXED);
    if (runtime && !runtime_is_here(runtime))
        return;
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

void rovei_group_count_completed(const struct rovei_worker *worker, rove_group *group)
{
    if (group_is_home(worker, group))
        group_count_home(group, -1);
    else
        group_check_end(group, __atomic_sub_fetch(&group->state, ONE, __ATOMIC_SEQ_CST)); /* [end] */
}

bool rovei_group_is_over(void *arg)
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

void rovei_group_move_home(const struct group_waiter *waiter)
{
    rove_group *group = waiter->group;
    if (!stack_has(&waiter->stack, group) || !group->is_home)
        return;
    uint64_t change = ONE * (uint64_t)group->local - HOME;
    group->local = 0;
    group->is_home = false;
    group->is_plain_home = false;
    group_check_end(group, __atomic_add_fetch(&group->state, change, __ATOMIC_SEQ_CST)); /* [end] */
}

/* Whether a task of the group lies below on this stack: it helps out here and cannot end before this wait does. */
static bool waiter_covers_task(const struct group_waiter *waiter)
{
    const struct rovei_worker *worker = waiter->worker;
    if (worker && worker->innermost)
        worker = worker->innermost;
    for (; worker; worker = worker->outer)
        for (const struct rovei_frame *frame = worker->running; frame; frame = frame->below)
            if (frame->group == waiter->group)
                return true;
    return false;
}

void rovei_group_before_sleep(void *arg)
{
    struct group_waiter *waiter = arg;
    rovei_group_move_home(waiter);
    if (waiter->is_registered)
        return;
    waiter->is_stuck = waiter_covers_task(waiter);
    if (!waiter->is_stuck)
        waiter_register(waiter);
}

static bool waiter_is_listed(const struct group_waiter *waiter, struct group_waiter ***link)
{
    *link = (struct group_waiter **)&waiter->group->waiters;
    while (**link && **link != waiter)
        *link = &(**link)->next;
    return **link != NULL;
}

/* Whoever brings the count to zero while LOCK or WAITERS is set comes to release, and then the waiter has to stay until
 * it has been signalled: the group may be gone afterwards. So the lock is only let go of in one step with the count. */
bool rovei_group_give_up(struct group_waiter *waiter)
{
    if (!waiter->is_registered)
        return !rovei_group_is_over(waiter);
    rove_group *group = waiter->group;
    struct group_waiter **link;
    group_lock(group);
    bool is_listed = waiter_is_listed(waiter, &link);
    bool is_last = is_listed && group->waiters == waiter && !waiter->next;
    uint64_t state = group_load(group);
    while (is_listed && (state_count(state) != 0 || state & HOME)) {
        *link = waiter->next;
        uint64_t without = state & ~(is_last ? LOCK | WAITERS : LOCK);
        if (__atomic_compare_exchange_n(&group->state, &state, without, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            waiter->is_registered = false; /* [lock] */
            return true;
        }
        *link = waiter;
    }
    __atomic_fetch_and(&group->state, ~LOCK, __ATOMIC_SEQ_CST);           /* [lock] */
    while (!atomic_load_explicit(&waiter->is_done, memory_order_seq_cst)) /* [signal] */
        rovei_cpu_yield();
    return false;
}

/* A lock of its own (acquire to take it, release to give it back): whoever ends the group must not find LOCK taken by
 * somebody who does not wait to be signalled. */
static struct rovei_isolation *isolation_take(rove_group *group, bool is_last)
{
    while (__atomic_test_and_set(&group->is_locked, __ATOMIC_ACQUIRE))
        rovei_cpu_yield();
    struct rovei_isolation *isolation = group->isolation;
    if (is_last)
        group->isolation = NULL;
    else if (isolation)
        rovei_isolation_retain(isolation);
    __atomic_clear(&group->is_locked, __ATOMIC_RELEASE);
    return isolation;
}

struct rovei_isolation *rovei_group_share_isolation(rove_group *group)
{
    return isolation_take(group, false);
}

void rovei_group_drop_isolation(rove_group *group)
{
    struct rovei_isolation *isolation = isolation_take(group, true);
    if (isolation)
        rovei_isolation_release(isolation);
}
