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
    int64_t slot;          /* where in the owner's deque it lies */
} rove_task;

/* What a task runs. It gets the task and casts it to the struct around it. */
typedef void rove_task_fn(rove_task *task);

/* What rove_join_at and rovei_join_slow return if the caller is to run the task itself; no rove_status. */
#define ROVE_JOIN_RUNS (-1)

/* The slow sides of fork and join: everything but pushing to and taking from the private part of the deque. They are
 * told as little as possible, because what they are told occupies registers on the fast path. */
ROVE_API __attribute__((cold)) void rovei_fork_slow(void);
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
    ROVEI_INIT(task->run, (uintptr_t)fn);
    if (rovei_deque_push(rovei_self_deque(), task, &task->slot))
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
 * more, and nothing has to be looked up. Where a task does next to nothing that is 15 % (gcc) to 20 % (clang) of the
 * time that a fork and its join take; where it does some work, the plain form is as good, and harder to get wrong.
 *
 *     static long fib(rove_deque *deque, int64_t slot, int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         struct fib left = {.n = n - 1};
 *         int64_t next = rove_fork_at(deque, slot, &left.task, fib_task);
 *         long right = fib(deque, next, n - 2);
 *         if (rove_join_at(deque, &slot, &left.task) == ROVE_JOIN_RUNS)
 *             left.value = fib(deque, slot, left.n);
 *         return left.value + right;
 *     }
 *
 *     static void fib_task(rove_task *task)
 *     {
 *         struct fib *self = (struct fib *)task;
 *         int64_t slot;
 *         rove_deque *deque = rove_deque_here(&slot);
 *         self->value = fib(deque, slot, self->n);
 *     }
 *
 * A slot is good for one use: a fork, or a call of a function that forks. A fork returns the next one, a join stores
 * it; after a call comes a join, or rove_deque_here again. Both forms may be mixed, in one function too: after a
 * rove_fork or rove_join, and after all else that forks or waits, take the slot anew.
 */

/* Where tasks are forked to. It belongs to a thread and must not be used by another one. */
typedef struct rovei_deque rove_deque;

/* The deque of the calling thread; `slot` receives where the next fork puts its task. Any thread, never fails. */
static inline rove_deque *rove_deque_here(int64_t *slot)
{
    rove_deque *deque = rovei_self_deque();
    *slot = ROVEI_LOAD(deque->bottom, RELAXED); /* own variable; on threads that are no workers it does not matter */
    return deque;
}

/* rove_fork, with the requirements of rove_fork. Requires: `deque` is the calling thread's, and `slot` is not used up.
 * Returns the slot for what comes next. */
__attribute__((always_inline)) static inline int64_t rove_fork_at(rove_deque *deque, int64_t slot, rove_task *task,
                                                                  rove_task_fn *fn)
{
    ROVEI_INIT(task->run, (uintptr_t)fn);
    task->slot = slot;
    if (!rovei_deque_push_at(deque, slot, task))
        return slot + 1;
    rovei_fork_slow();
    return ROVEI_LOAD(deque->bottom, RELAXED); /* own variable: the slow path may have taken the push back */
}

/*
 * rove_join, with the requirements of rove_join, except that it leaves running the task to the caller. `slot` receives
 * the slot for what comes next.
 *
 * Returns ROVE_JOIN_RUNS if the task is still here: the caller does now what the task is for. Otherwise what rove_join
 * returns: ROVE_OK if it has run elsewhere, or ROVE_FORKED.
 */
__attribute__((always_inline)) static inline int rove_join_at(rove_deque *deque, int64_t *slot, rove_task *task)
{
    *slot = task->slot;
    if (rovei_deque_take(deque, task->slot))
        return ROVE_JOIN_RUNS;
    int outcome = rovei_join_slow(task);
    *slot = ROVEI_LOAD(deque->bottom, RELAXED); /* own variable: where everything was stolen it has moved */
    return outcome;
}

ROVE_END_C

#endif
