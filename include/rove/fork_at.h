/*
 * Fork and join for recursive functions that hand their place in the deque on to the functions they call: two arguments
 * more than with rove_fork, and nothing has to be looked up. Where a task does next to nothing that is a third of the
 * time that a fork and its join take; where it does some work, the plain form is as good, and harder to get wrong.
 *
 *     static long fib(rove_deque *deque, rove_slot *slot, int n)
 *     {
 *         long sum = 0;
 *         for (; n >= 2; n--) {
 *             struct fib left = {.n = n - 1};
 *             rove_slot *next = rove_fork_at(deque, slot, &left.task, fib_task);
 *             sum += n - 2 < 2 ? n - 2 : fib(deque, next, n - 2);
 *             if (rove_join_at(deque, slot, &left.task) != ROVE_JOIN_RUNS)
 *                 return sum + left.value;
 *         }
 *         return sum + n;
 *     }
 *
 *     static void fib_task(rove_task *task)
 *     {
 *         struct fib *self = (struct fib *)task;
 *         rove_slot *slot;
 *         rove_deque *deque = rove_deque_here(&slot);
 *         self->value = fib(deque, slot, self->n);
 *     }
 *
 * Two things in it make it quick: a task that is still here is what the loop goes on with, so nothing is called for it;
 * and what is too small to fork is seen before a function is called for it.
 *
 * A slot is a place in the deque. A function that gets one forks its first task there; each fork returns the slot for
 * what comes next, be it another fork or a call of a function that forks. A task is joined at the slot at which it was
 * forked, and then that slot is the next one again. Slots do not move, and those of forks in a row lie side by side, as
 * long as there is memory to queue tasks; after that, and on threads that are no workers, a fork returns the slot that
 * it was given. So of tasks that were forked in a row from `slot` on, number i, counted from 0, is joined at slot + i, or
 * at what the last fork has returned if that is lower. Spawns (group.h) take no slots.
 *
 * A deque and its slots are for the function that has asked for them and those that it hands them to. A task, a loop
 * body, the function of rove_run, whatever Rove calls, asks anew. Both forms may be mixed, in one function too, but
 * each task is joined by the form that forked it; and while a task of rove_fork waits for its join, the next slot is
 * what rove_deque_here says.
 *
 * Programs compiled with ROVE_DEBUG defined stop where this is not kept: at a deque of another thread, a fork or join
 * out of turn, a fork of what is not prepared. Without it such a mistake may pass for long, until a thief comes.
 */
#ifndef ROVE_FORK_AT_H
#define ROVE_FORK_AT_H

#include <rove/task.h>

ROVE_BEGIN_C

/* Where tasks are forked to. It belongs to a thread and must not be used by another one. */
typedef struct rovei_deque rove_deque;

/* What programs compiled with ROVE_DEBUG ask: whether the next fork of this thread belongs at `slot`. */
static inline bool rovei_is_next(struct rovei_deque *deque, rove_slot *slot)
{
    return deque == rovei_self && (!deque->first || slot == ROVEI_LOAD(deque->bottom, RELAXED));
}

/* Whether `task` is prepared at `slot`: it has neither been written over since nor stolen, which the highest bit of `run`
 * says then. */
static inline bool rovei_is_prepared(struct rovei_deque *deque, rove_slot *slot, rove_task *task)
{
    return rovei_lies_at(deque, slot, task) && (intptr_t)ROVEI_LOAD(task->run, RELAXED) > 0;
}

/* The deque of the calling thread; `slot` receives the slot for what comes next. Any thread, never fails. */
ROVE_API rove_deque *rove_deque_here(rove_slot **slot);

/*
 * The two steps of rove_fork_at, for a loop that forks the same task again and again: it is prepared once, before the
 * loop. Where a task does next to nothing that saves up to a third of the time that a fork and its join take.
 *
 *     long sum = 0;
 *     struct fib left;
 *     rove_prepare_at(deque, slot, &left.task, fib_task);
 *     for (; n >= 2; n--) {
 *         left.n = n - 1;
 *         rove_slot *next = rove_fork_prepared_at(deque, slot, &left.task);
 *         sum += n - 2 < 2 ? n - 2 : fib(deque, next, n - 2);
 *         if (rove_join_at(deque, slot, &left.task) != ROVE_JOIN_RUNS)
 *             return sum + left.value;
 *     }
 *     return sum + n;
 *
 * rove_prepare_at forks nothing. It says which task lies at `slot`, and what it is to run. That holds for any number of
 * forks as long as their joins return ROVE_JOIN_RUNS, the rove_task is not written over (by an assignment of the whole
 * struct, say), and nothing else is prepared or forked before the first fork, or between a join and the next fork: not
 * by the caller and not in what it calls, which includes loops, spawns and waits, because these may run other tasks.
 * Between a fork and its join anything may be. After a join that returned something else it has to be prepared again.
 */

/* Requires: `deque` is the calling thread's, and `slot` is the next one. Never fails. */
__attribute__((always_inline)) static inline void rove_prepare_at(rove_deque *deque, rove_slot *slot, rove_task *task,
                                                                  rove_task_fn *fn)
{
    (void)deque;
    ROVEI_ASSERT(rovei_is_next(deque, slot));
    ROVEI_INIT(task->run, (uintptr_t)fn);
    rovei_deque_write(slot, task);
}

/* rove_fork, with the requirements of rove_fork. Requires: `deque` is the calling thread's, `slot` is the next one, and
 * `task` is prepared there. Returns the slot for what comes next. */
__attribute__((always_inline)) static inline rove_slot *rove_fork_prepared_at(rove_deque *deque, rove_slot *slot,
                                                                              rove_task *task)
{
    (void)task;
    ROVEI_ASSERT(rovei_is_next(deque, slot) && rovei_is_prepared(deque, slot, task));
    rove_slot *next = slot + 1;
    if (rovei_deque_raise(deque, slot))
        next = slot + rovei_fork_slow(); /* the same slot if the task is not queued */
    return next;
}

/* rove_fork, with the requirements of rove_fork. Requires: `deque` is the calling thread's, and `slot` is the next one.
 * Returns the slot for what comes next. */
__attribute__((always_inline)) static inline rove_slot *rove_fork_at(rove_deque *deque, rove_slot *slot,
                                                                     rove_task *task, rove_task_fn *fn)
{
    rove_prepare_at(deque, slot, task, fn);
    return rove_fork_prepared_at(deque, slot, task);
}

/*
 * rove_join, with the requirements of rove_join, except that it leaves running the task to the caller. Requires: `task`
 * was forked at `slot`.
 *
 * Returns ROVE_JOIN_RUNS if the task is still here: the caller does now what the task is for. Otherwise what rove_join
 * returns: ROVE_OK if it has run elsewhere, or ROVE_FORKED.
 */
__attribute__((always_inline, warn_unused_result)) static inline int rove_join_at(rove_deque *deque, rove_slot *slot,
                                                                                  rove_task *task)
{
    ROVEI_ASSERT(rovei_is_newest(deque, slot, task));
    return ROVEI_LIKELY(rovei_deque_take(deque, slot)) ? ROVE_JOIN_RUNS : rovei_join_slow(task);
}

ROVE_END_C

#endif
