/*
 * What perf.instructions and perf.shared count: fib with a fork and a join at every call, in a runtime of one worker.
 * `count plain <n>` and `count at <n>` print the answer, by rove_fork and rove_join and by
 * rove_fork_prepared_at and rove_join_at; the difference between two sizes is that of their forks.
 */
#include <rove/rove.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fib {
    rove_task task;
    int n;
    long value;
};

static void fib_task(rove_task *task);
static long fib_parts(int n);

static inline long fib(int n)
{
    return n < 2 ? n : fib_parts(n);
}

__attribute__((noinline)) static long fib_parts(int n)
{
    struct fib left;
    left.n = n - 1;
    rove_fork(&left.task, fib_task);
    long right = fib(n - 2);
    rove_join(&left.task, fib_task);
    return left.value + right;
}

static void fib_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    self->value = fib(self->n);
}

static void fib_at_task(rove_task *task);

static long fib_at(rove_deque *deque, rove_slot *slot, int n)
{
    long sum = 0;
    struct fib left;
    rove_prepare_at(deque, slot, &left.task, fib_at_task);
    for (; n >= 2; n--) {
        left.n = n - 1;
        rove_slot *next = rove_fork_prepared_at(deque, slot, &left.task);
        sum += n - 2 < 2 ? n - 2 : fib_at(deque, next, n - 2);
        if (rove_join_at(deque, slot, &left.task) != ROVE_JOIN_RUNS)
            return sum + left.value;
    }
    return sum + n;
}

static void fib_at_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->value = fib_at(deque, slot, self->n);
}

static void work(void *n)
{
    *(long *)n = fib((int)*(long *)n);
}

static void work_at(void *n)
{
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    *(long *)n = fib_at(deque, slot, (int)*(long *)n);
}

int main(int argc, char **argv)
{
    long n = argc == 3 ? atol(argv[2]) : 0;
    rove_config config;
    rove_runtime *runtime;
    rove_config_default(&config);
    config.workers = 1;
    if (n < 2 || rove_runtime_create(&runtime, &config, NULL) != ROVE_OK)
        return EXIT_FAILURE;
    rove_status status = rove_run(runtime, strcmp(argv[1], "at") == 0 ? work_at : work, &n);
    printf("%ld\n", n);
    rove_runtime_destroy(runtime);
    return status == ROVE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
