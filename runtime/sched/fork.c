/*
 * The slow sides of fork, join and spawn: whatever is not a push to, or a take from, the private part of a deque.
 */
#include "runtime/queue/slots.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/steal.h"
#include "runtime/sched/wait.h"

/* The push that has just been made has used up the last slot. True if there are more now; otherwise it is undone. */
static bool fork_extend(struct rovei_worker *worker, struct rovei_deque *deque)
{
    if (rovei_slots_extend(deque)) {
        worker_count(worker, COUNT_GROWTHS);
        return true;
    }
    deque_withdraw(deque);
    worker_count(worker, COUNT_INLINE_RUNS);
    return false;
}

/* Answers the doorbell, if it was rung. */
static void fork_answer(struct rovei_worker *worker, struct rovei_deque *deque)
{
    if (ROVEI_LOAD(deque->limit, RELAXED) != DEQUE_HUNGRY)
        return;
    worker_count(worker, COUNT_DOORBELLS);
    deque_publish(deque);
    rovei_wake_one(worker->runtime, worker);
}

bool rovei_fork_slow(void)
{
    struct rovei_worker *worker = worker_self();
    if (!worker) {
        rovei_outside_reset();
        return false;
    }
    bool is_queued = !deque_is_full(&worker->forks) || fork_extend(worker, &worker->forks);
    fork_answer(worker, &worker->forks);
    return is_queued;
}

/* Moves spawned tasks to the beginning of their array, where thieves have made room. They are linked by `slot`
 * meanwhile, which they do not use, the oldest first. */
static void spawn_move(struct rovei_deque *deque)
{
    rove_task *oldest = NULL;
    for (rove_task *task; (task = deque_pop(deque)) || ROVEI_LOAD(deque->bottom, RELAXED) != deque->first;) {
        if (!task)
            continue; /* the last one was lost to a thief: the next look finds the deque empty */
        task->slot = (rove_slot *)oldest;
        oldest = task;
    }
    while (oldest) {
        rove_task *task = oldest;
        oldest = (rove_task *)task->slot;
        rovei_deque_push(deque, ROVEI_LOAD(deque->bottom, RELAXED), task);
    }
}

/* Makes room where the push that has just been made has used up the last slot: in the array, if thieves have taken half
 * of what was in it, or behind it. False if it was undone. */
static bool spawn_make_room(struct rovei_worker *worker, struct rovei_deque *deque)
{
    uintptr_t oldest = deque_place(ROVEI_LOAD(deque->origin, RELAXED), ROVEI_LOAD(deque->top, RELAXED)); /* a hint */
    uintptr_t first = (uintptr_t)deque->first, end = ROVEI_LOAD(deque->end, RELAXED);
    if (oldest - first < (end - first) / 2)
        return fork_extend(worker, deque);
    spawn_move(deque);
    return true;
}

bool rovei_spawn_slow(struct rovei_worker *worker)
{
    bool is_queued = !deque_is_full(&worker->spawns) || spawn_make_room(worker, &worker->spawns);
    fork_answer(worker, &worker->spawns);
    return is_queued;
}

static bool join_is_over(void *task)
{
    return rovei_stolen_is_done(task);
}

int rovei_join_slow(rove_task *task)
{
    struct rovei_worker *worker = worker_self();
    if (!worker) {
        rovei_outside_reset();
        return ROVE_JOIN_RUNS;
    }
    if (deque_take_slow(&worker->forks, ROVEI_LOAD(worker->forks.bottom, RELAXED))) /* own variable */
        return ROVE_JOIN_RUNS;
    struct rovei_wait wait = {
        .is_over = join_is_over, .arg = task, .stolen = task, .isolation = worker_isolation(worker)};
    return (int)rovei_wait(worker, &wait, false);
}
