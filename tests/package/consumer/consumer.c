/* A program that uses each of Rove's doors once and checks what comes out. */
#include <rove/rove.h>
#include <stdio.h>

enum { COUNT = 100000 };

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

static int mark(void *arg)
{
    *(int *)arg = 1;
    return 0;
}

static int refuse(void *arg)
{
    return *(int *)arg;
}

static void add_range(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        *(int64_t *)value += i;
}

static void add(void *left, void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(int64_t *)right;
}

static int failures;

static void check(int holds, const char *what)
{
    if (!holds) {
        printf("wrong: %s\n", what);
        failures++;
    }
}

int main(void)
{
    struct fib root = {.n = 27};
    check(rove_run(NULL, fib_run, &root) == ROVE_OK && root.value == 196418, "fork and join");

    static int marks[COUNT];
    rove_group group = {0};
    check(rove_group_spawn_many(&group, mark, marks, sizeof *marks, COUNT, NULL) == ROVE_OK, "spawn");
    check(rove_group_wait(&group) == ROVE_OK, "wait");
    int sum = 0;
    for (int i = 0; i < COUNT; i++)
        sum += marks[i];
    check(sum == COUNT, "every task of the group");

    int error = 7;
    check(rove_group_spawn(&group, refuse, &error) == ROVE_OK, "spawn of a task that fails");
    check(rove_group_wait(&group) == ROVE_FAILED && rove_group_error(&group) == 7, "the error of a task");

    int64_t total = -1;
    const int64_t zero = 0;
    rove_reduction reduction = {.size = sizeof total, .identity = &zero, .body = add_range, .combine = add};
    check(rove_reduce(0, COUNT, &reduction, &total) == ROVE_OK, "reduce");
    check(total == (int64_t)COUNT * (COUNT - 1) / 2, "the sum of a range");

    rove_stats stats;
    check(rove_runtime_stats(rove_default_runtime(NULL), &stats) == ROVE_OK && stats.executed > COUNT, "statistics");
    return failures != 0;
}
