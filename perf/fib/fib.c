/*
 * fib: the size and the expected answer.
 */
#include "fib/fib.h"

#include <stdio.h>

int fib_n;
int64_t fib_answer;

static int64_t fib_iterate(int n)
{
    int64_t value = 0;
    int64_t next = 1;
    for (int i = 0; i < n; i++) {
        int64_t sum = value + next;
        value = next;
        next = sum;
    }
    return value;
}

static bool fib_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int sizes[] = {[PERF_FULL] = 40, [PERF_SMALL] = 34, [PERF_TINY] = 16};
    fib_n = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "fib(%d)", fib_n);
    problem->expected = fib_iterate(fib_n);
    problem->tasks = fib_iterate(fib_n + 1) - 1; /* calls with an argument above 1: each forks one task */
    return true;
}

static void fib_reset(void)
{
    fib_answer = -1;
}

static int64_t fib_get_answer(void)
{
    return fib_answer;
}

const struct perf_workload perf_fib = {
    .name = "fib", .prepare = fib_prepare, .reset = fib_reset, .answer = fib_get_answer};
