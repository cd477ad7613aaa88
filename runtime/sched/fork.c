/*
 * The slow sides of fork, join and spawn: whatever is not a push to, or a take from, the private part of a deque.
 */
#include "runtime/queue/ring.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/steal.h"
#include "runtime/sched/wait.h"

/* The slot of a task that could not be queued; its `run` then holds where the bottom of the deque was. */
#define SLOT_UNQUEUED INT64_MIN

/* A push has found the ring full, or somebody hungry. False if the ring is full and cannot grow. */
static bool fork_attend(struct rovei_worker *worker, struct rovei_deque *deque)
{
    if (deque_is_full(deque)) {
        struct rovei_ring *larger = rovei_ring_create(&worker->runtime->settings.allocator, 2 * (deque->mask + 1));
        if (!larger)
            return false;
        deque_grow(deque, larger);
        worker_count(worker, COUNT_GROWTHS);
    }
    if (ROVEI_LOAD(deque->limit, RELAXED) == DEQUE_HUNGRY) {
        worker_count(worker, COUNT_DOORBELLS);
        deque_publish(deque);
        rovei_wake_one(worker->runtime, worker);
    }
    return true;
}

/* Takes back the push that has just been made. False if a thief was quicker, and the task is queued after all. */
static bool fork_withdraw(struct rovei_worker *worker, struct rovei_deque *deque)
{
    int64_t slot = ROVEI_LOAD(deque->bottom, RELAXED) - 1; /* own variable */
    if (!rovei_deque_take(deque, slot) && !deque_take_slow(deque, slot))
        return false;
    worker_count(worker, COUNT_INLINE_RUNS);
    return true;
}

void rovei_fork_slow(void)
{
    struct rovei_worker *worker = worker_self();
    if (!worker)
        return;
    struct rovei_deque *deque = &worker->forks;
    int64_t slot = ROVEI_LOAD(deque->bottom, RELAXED) - 1;                          /* own variable */
    struct rove_task *task = ROVEI_LOAD(deque->slots[slot & deque->mask], RELAXED); /* own variable */
    if (fork_attend(worker, deque) || !fork_withdraw(worker, deque))
        return;
    ROVEI_INIT(task->run, (uintptr_t)ROVEI_LOAD(deque->bottom, RELAXED));
    task->slot = SLOT_UNQUEUED;
}

bool rovei_spawn_slow(struct rovei_worker *worker)
{
    return fork_attend(worker, &worker->spawns) || !fork_withdraw(worker, &worker->spawns);
}

static bool join_is_over(void *task)
{
    return rovei_stolen_is_done(task);
}

int rovei_join_slow(rove_task *task)
{
    struct rovei_worker *worker = worker_self();
    if (!worker)
        return ROVE_JOIN_RUNS;
    if (task->slot == SLOT_UNQUEUED) {
        deque_restore(&worker->forks, (int64_t)task->run);
        return ROVE_JOIN_RUNS;
    }
    if (deque_take_slow(&worker->forks, task->slot))
        return ROVE_JOIN_RUNS;
    struct rovei_wait wait = {
        .is_over = join_is_over, .arg = task, .stolen = task, .isolation = worker_isolation(worker)};
    return (int)rovei_wait(worker, &wait, false);
}
