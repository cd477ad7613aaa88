/*
 * micro/scale: the size and the check.
 */
#include "micro/scale/scale.h"

#include <stdio.h>

int scale_n;
int64_t scale_value;

static int64_t fibonacci(int n)
{
    int64_t a = 0, b = 1;
    for (int i = 0; i < n; i++) {
        int64_t sum = a + b;
        a = b;
        b = sum;
    }
    return a;
}

static bool scale_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int sizes[] = {[PERF_FULL] = 38, [PERF_SMALL] = 34, [PERF_TINY] = 12};
    scale_n = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "scale: fib(%d), workers changing", scale_n);
    problem->expected = fibonacci(scale_n);
    problem->tasks = fibonacci(scale_n + 1) - 1;
    return true;
}

static void scale_reset(void)
{
    scale_value = -1;
}

static int64_t scale_answer(void)
{
    return scale_value;
}

const struct perf_workload perf_scale_workers = {
    .name = "micro/scale", .prepare = scale_prepare, .reset = scale_reset, .answer = scale_answer};
