/*
 * reduce_sum and reduce_dot with Rove: the library's own sums, and the two forms of reduction over the plain loops.
 */
#include "reduce/reduce.h"

#include "runtimes/rove.h"

static void sum_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    *(double *)value += reduce_sum_range(begin, end);
}

static void dot_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    *(double *)value += reduce_dot_range(begin, end);
}

static void combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(double *)left += *(double *)right;
}

static const double zero = 0;
static const rove_reduction sum = {.size = sizeof zero, .identity = &zero, .body = sum_body, .combine = combine};
static const rove_reduction dot = {.size = sizeof zero, .identity = &zero, .body = dot_body, .combine = combine};

static void run_sum(void *arg)
{
    (void)arg;
    perf_rove_require(rove_sum_f64(reduce_left, (size_t)reduce_count, &reduce_result), "rove_sum_f64");
}

static void run_dot(void *arg)
{
    (void)arg;
    perf_rove_require(rove_dot_f64(reduce_left, reduce_right, (size_t)reduce_count, &reduce_result), "rove_dot_f64");
}

static void run_sum_fixed(void *arg)
{
    (void)arg;
    perf_rove_require(rove_reduce_fixed(0, reduce_count, REDUCE_BLOCK, &sum, &reduce_result), "rove_reduce_fixed");
}

static void run_dot_fixed(void *arg)
{
    (void)arg;
    perf_rove_require(rove_reduce_fixed(0, reduce_count, REDUCE_BLOCK, &dot, &reduce_result), "rove_reduce_fixed");
}

static void run_sum_free(void *arg)
{
    (void)arg;
    perf_rove_require(rove_reduce(0, reduce_count, &sum, &reduce_result), "rove_reduce");
}

static void run_dot_free(void *arg)
{
    (void)arg;
    perf_rove_require(rove_reduce(0, reduce_count, &dot, &reduce_result), "rove_reduce");
}

void reduce_sum_rove(void)
{
    perf_rove_run(run_sum);
}

void reduce_dot_rove(void)
{
    perf_rove_run(run_dot);
}

void reduce_sum_rove_fixed(void)
{
    perf_rove_run(run_sum_fixed);
}

void reduce_dot_rove_fixed(void)
{
    perf_rove_run(run_dot_fixed);
}

void reduce_sum_rove_free(void)
{
    perf_rove_run(run_sum_free);
}

void reduce_dot_rove_free(void)
{
    perf_rove_run(run_dot_free);
}
