/*
 * Fibonacci numbers by plain recursion: the program of the README. Every call but the smallest forks its left half, so
 * it is almost nothing but fork and join.
 *
 *     fib [N]        N from 0 to 92, 40 if it is not given
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
    struct fib left = {.n = n - 1};
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

static void fib_run(void *arg)
{
    fib_task(arg);
}

int main(int argc, char **argv)
{
    char *end = "";
    long n = argc > 1 ? strtol(argv[1], &end, 10) : 40;
    if (argc > 2 || n < 0 || n > 92 || *end || (argc > 1 && end == argv[1])) {
        fprintf(stderr, "usage: fib [N], with N from 0 to 92\n");
        return 2;
    }
    struct fib root = {.n = (int)n};
    rove_status status = rove_run(NULL, fib_run, &root);
    if (status) {
        rove_report report;
        fprintf(stderr, "fib: %s\n", rove_default_runtime(&report) ? rove_status_text(status) : report.text);
        return 1;
    }
    printf("fib(%d) = %ld\n", root.n, root.value);
    return 0;
}
