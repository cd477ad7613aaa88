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
 * and run serially: the fork does nothing and the join calls the function. A second form, for where tasks do next to
 * nothing, is in fork_at.h.
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

/* What programs compiled with ROVE_DEBUG ask: whether `task` lies at `slot`. At the end another one may, which is not
 * queued either. On threads that are no workers, whose deque has no slots, nothing is known. */
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

ROVE_END_C

#endif
