/*
 * micro/submit: the size and the check.
 */
#include "micro/submit/submit.h"

#include <stdio.h>

int64_t submit_batches;

static bool submit_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 500, [PERF_SMALL] = 100, [PERF_TINY] = 3};
    submit_batches = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "submit from outside, single");
    problem->tasks = submit_batches * PERF_CELLS;
    problem->expected = problem->tasks;
    return true;
}

static bool submit_bulk_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    bool is_ready = submit_prepare(scale, problem);
    snprintf(problem->title, sizeof problem->title, "submit from outside, in bulk");
    return is_ready;
}

const struct perf_workload perf_submit = {
    .name = "micro/submit", .prepare = submit_prepare, .reset = perf_cells_reset, .answer = perf_cells_sum};

const struct perf_workload perf_submit_bulk = {
    .name = "micro/submit_bulk", .prepare = submit_bulk_prepare, .reset = perf_cells_reset, .answer = perf_cells_sum};
