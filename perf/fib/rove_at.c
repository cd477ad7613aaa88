/*
 * fib with Rove, in the form of fork and join that hands the place in the deque on as two arguments.
 */
#include "fib/fib.h"
#include "runtimes/rove.h"

struct fib {
    rove_task task;
    int n;
    int64_t value;
};

static void fib_task(rove_task *task);

static int64_t fib(rove_deque *deque, int64_t slot, int n)
{
    if (n < 2)
        return n;
    struct fib left;
    left.n = n - 1;
    int64_t next = rove_fork_at(deque, slot, &left.task, fib_task);
    int64_t right = fib(deque, next, n - 2);
    if (rove_join_at(deque, &slot, &left.task) == ROVE_JOIN_RUNS)
        left.value = fib(deque, slot, left.n);
    return left.value + right;
}

static void fib_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    int64_t slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->value = fib(deque, slot, self->n);
}

static void fib_root(void *arg)
{
    (void)arg;
    int64_t slot;
    rove_deque *deque = rove_deque_here(&slot);
    fib_answer = fib(deque, slot, fib_n);
}

void fib_rove_at(void)
{
    perf_rove_run(fib_root);
}
