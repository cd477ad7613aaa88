/*
 * Fork and join: the first door, for recursive divide and conquer, at about the cost of a function call.
 *
 * A task is a struct of the caller's, usually on its stack, that begins with a rove_task. Forking it says "this may run
 * elsewhere"; joining it says "now I need it". If nobody took it in between, the join runs it by a direct call.
 *
 *     struct fib {
 *         rove_task task;
 *         int n;
 *         long value;
 *     };
 *
 *     static void fib_task(rove_task *task);
 *
 *     static long fib(int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         struct fib left = {.n = n - 1};
 *         rove_fork(&left.task, fib_task);
 *         long right = fib(n - 2);
 *         rove_join(&left.task, fib_task);
 *         return left.value + right;
 *     }
 *
 *     static void fib_task(rove_task *task)
 *     {
 *         struct fib *self = (struct fib *)task;
 *         self->value = fib(self->n);
 *     }
 *
 * Both are meant for code that runs inside rove_run, in a task, or in a loop body. On any other thread they are legal
 * and run serially: the fork does nothing and the join calls the function.
 *
 * Algorithm: Chase and Lev 2005 (deque), Faxen 2010 and van Dijk and van de Pol 2014 (a private part that is published
 * lazily), Wagner and Calder 1993 (leapfrogging).
 */
#ifndef ROVE_TASK_H
#define ROVE_TASK_H

#include <rove/deque.h>
#include <rove/export.h>
#include <rove/self.h>
#include <rove/status.h>

ROVE_BEGIN_C

/* A unit of work that is forked and joined: the first member of a struct of the caller's. The fields are internal. It
 * needs no initialization, may be forked again after its join, and must not be moved or reused in between. */
typedef struct rove_task {
    rovei_atomic_word run; /* the function, for a thief; once stolen, where the task stands */
    rove_slot *slot;       /* where rove_fork has put it */
} rove_task;

/* What a task runs. It gets the task and casts it to the struct around it. */
typedef void rove_task_fn(rove_task *task);

/* What rove_join_at and rovei_join_slow return if the caller is to run the task itself; no rove_status. */
#define ROVE_JOIN_RUNS (-1)

/* What ROVE_DEBUG asks. On threads that are no workers, whose deque has no slots, only the deque is looked at. */

/* Whether the next fork of this thread belongs at `slot`. */
static inline bool rovei_is_next(struct rovei_deque *deque, rove_slot *slot)
{
    return deque == rovei_self && (!deque->first || slot == ROVEI_LOAD(deque->bottom, RELAXED));
}

/* Whether `task` lies at `slot`. At the end another one may, which is not queued either. */
static inline bool rovei_lies_at(struct rovei_deque *deque, rove_slot *slot, rove_task *task)
{
    return !deque->first || ROVEI_LOAD(slot->task, RELAXED) == task ||
           (uintptr_t)slot >= ROVEI_LOAD(deque->end, RELAXED);
}

/* Whether the next join of this thread is that of `task` at `slot`. A task that could not be queued lies at the end. */
static inline bool rovei_is_newest(struct rovei_deque *deque, rove_slot *slot, rove_task *task)
{
    rove_slot *bottom = ROVEI_LOAD(deque->bottom, RELAXED);
    bool is_unqueued = slot == bottom && (uintptr_t)slot >= ROVEI_LOAD(deque->end, RELAXED);
    bool is_newest = !deque->first || slot + 1 == bottom || is_unqueued;
    return deque == rovei_self && is_newest && rovei_lies_at(deque, slot, task);
}

/* Whether `task` is prepared at `slot`: it has neither been written over since nor stolen, which the highest bit of `run`
 * says then. */
static inline bool rovei_is_prepared(struct rovei_deque *deque, rove_slot *slot, rove_task *task)
{
    return rovei_lies_at(deque, slot, task) && (intptr_t)ROVEI_LOAD(task->run, RELAXED) > 0;
}

/* The slow sides of fork and join: everything but pushing to and taking from the private part of the deque. They are
 * told as little as possible, because what they are told occupies registers on the fast path. The first returns whether
 * the task stays queued. */
ROVE_API __attribute__((cold)) bool rovei_fork_slow(void);
ROVE_API __attribute__((cold)) int rovei_join_slow(rove_task *task);

/*
 * Offers `task` to other workers, to run `fn`. It runs at most once, now or by its join, on this thread or another.
 *
 * Requires: `task` outlives its join. Every fork is joined by the thread that forked, with the same `fn`, in the
 * reverse order of the forks, before the function that forked returns.
 *
 * Cannot fail: if there is no memory to queue the task, the join runs it. Does not block. Never calls `fn` itself.
 */
static inline void rove_fork(rove_task *task, rove_task_fn *fn)
{
    struct rovei_deque *deque = rovei_self_deque();
    rove_slot *bottom = ROVEI_LOAD(deque->bottom, RELAXED); /* own variable */
    ROVEI_INIT(task->run, (uintptr_t)fn);
    task->slot = bottom;
    if (rovei_deque_push(deque, bottom, task))
        rovei_fork_slow();
}

/*
 * Returns when `task` has run: by a direct call of `fn` if it is still here, else by waiting for the worker that has
 * it; a waiting worker does other work meanwhile, and sleeps when there is none. What the task wrote is then visible.
 *
 * Requires: see rove_fork. A task that is waited for may run other tasks on top of the caller's stack, so a lock that
 * such tasks want must not be held across a join.
 *
 * Returns ROVE_OK; ROVE_FORKED in a child of fork(2) if a worker of the parent process had taken the task: it has not
 * run here and will not.
 */
static inline rove_status rove_join(rove_task *task, rove_task_fn *fn)
{
    ROVEI_ASSERT(rovei_is_newest(rovei_self, task->slot, task));
    if (ROVEI_UNLIKELY(!rovei_deque_take(rovei_self_deque(), task->slot))) {
        int outcome = rovei_join_slow(task);
        if (outcome != ROVE_JOIN_RUNS)
            return (rove_status)outcome;
    }
    fn(task);
    return ROVE_OK;
}

/*
 * The same for recursive functions that hand their place in the deque on to the functions they call: two arguments
 * more, and nothing has to be looked up. Where a task does next to nothing that is a third of the time that a fork and
 * its join take; where it does some work, the plain form is as good, and harder to get wrong.
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

/* Where tasks are forked to. It belongs to a thread and must not be used by another one. */
typedef struct rovei_deque rove_deque;

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
