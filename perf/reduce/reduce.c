/*
 * reduce_sum and reduce_dot: the arrays, which both share, the plain loops, and the check.
 */
#include "reduce/reduce.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdio.h>

int64_t reduce_count;
double *reduce_left;
double *reduce_right;
double reduce_result;

static int64_t reduce_exact_sum;
static int64_t reduce_exact_product;

double reduce_sum_range(int64_t begin, int64_t end)
{
    const double *left = reduce_left;
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += left[i];
    return sum;
}

double reduce_dot_range(int64_t begin, int64_t end)
{
    const double *left = reduce_left, *right = reduce_right;
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += left[i] * right[i];
    return sum;
}

/* Fills the arrays, once for both workloads, and computes the answers with whole numbers. */
static void reduce_fill(enum perf_scale scale)
{
    static const int64_t counts[] = {[PERF_FULL] = 20000000, [PERF_SMALL] = 10000000, [PERF_TINY] = 100003};
    uint64_t random = 7;
    if (reduce_left)
        return;
    reduce_count = counts[scale];
    reduce_left = perf_allocate_pages((size_t)reduce_count, sizeof *reduce_left);
    reduce_right = perf_allocate_pages((size_t)reduce_count, sizeof *reduce_right);
    for (int64_t i = 0; i < reduce_count; i++) {
        int64_t left = (int64_t)(perf_random(&random) % 1001), right = (int64_t)(perf_random(&random) % 1001);
        reduce_left[i] = (double)left;
        reduce_right[i] = (double)right;
        reduce_exact_sum += left;
        reduce_exact_product += left * right;
    }
}

static void reduce_describe(enum perf_scale scale, struct perf_problem *problem, const char *name)
{
    reduce_fill(scale);
    snprintf(problem->title, sizeof problem->title, "%s(%lld)", name, (long long)reduce_count);
    problem->tasks = reduce_count;
}

static bool reduce_sum_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    reduce_describe(scale, problem, "sum");
    problem->expected = reduce_exact_sum;
    return true;
}

static bool reduce_dot_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    reduce_describe(scale, problem, "dot product");
    problem->expected = reduce_exact_product;
    return true;
}

static void reduce_reset(void)
{
    reduce_result = -1;
}

static int64_t reduce_answer(void)
{
    return (int64_t)reduce_result;
}

const struct perf_workload perf_reduce_sum = {
    .name = "reduce_sum", .prepare = reduce_sum_prepare, .reset = reduce_reset, .answer = reduce_answer};

const struct perf_workload perf_reduce_dot = {
    .name = "reduce_dot", .prepare = reduce_dot_prepare, .reset = reduce_reset, .answer = reduce_answer};
