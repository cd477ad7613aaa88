/*
 * fib with Rove: fork one half, call the other, and if nobody has taken the first by then, go on with it in a loop.
 */
#include "runtimes/rove.h"
#include "fib/fib.h"

struct fib {
    rove_task task;
    int n;
    int64_t value;
};

static void fib_task(rove_task *task);

static int64_t fib(rove_deque *deque, rove_slot *slot, int n)
{
    int64_t sum = 0;
    struct fib left;
    rove_prepare_at(deque, slot, &left.task, fib_task);
    for (; n >= 2; n--) {
        left.n = n - 1;
        rove_slot *next = rove_fork_prepared_at(deque, slot, &left.task);
        sum += n - 2 < 2 ? n - 2 : fib(deque, next, n - 2); /* what forks nothing is not worth a call */
        if (rove_join_at(deque, slot, &left.task) != ROVE_JOIN_RUNS)
            return sum + left.value;
    }
    return sum + n;
}

static void fib_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->value = fib(deque, slot, self->n);
}

static void fib_root(void *arg)
{
    (void)arg;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    fib_answer = fib(deque, slot, fib_n);
}

void fib_rove(void)
{
    perf_rove_run(fib_root);
}
