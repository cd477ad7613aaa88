/*
 * What perf.instructions counts: fib with a fork and a join at every call, in a runtime of one worker. `count <n>` prints
 * the answer; the difference between two sizes is that of their forks.
 */
#include <rove/rove.h>
#include <stdio.h>
#include <stdlib.h>

struct fib {
    rove_task task;
    int n;
    long value;
};

static void fib_task(rove_task *task);

static long fib(int n)
{
    if (n < 2)
        return n;
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

static void work(void *n)
{
    *(long *)n = fib((int)*(long *)n);
}

int main(int argc, char **argv)
{
    long n = argc == 2 ? atol(argv[1]) : 0;
    rove_config config;
    rove_runtime *runtime;
    rove_config_default(&config);
    config.workers = 1;
    if (n < 2 || rove_runtime_create(&runtime, &config, NULL) != ROVE_OK)
        return EXIT_FAILURE;
    rove_status status = rove_run(runtime, work, &n);
    printf("%ld\n", n);
    rove_runtime_destroy(runtime);
    return status == ROVE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
