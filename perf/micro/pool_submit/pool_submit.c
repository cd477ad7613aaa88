/*
 * micro/pool_submit: the size and the check.
 */
#include "micro/pool_submit/pool_submit.h"

#include "pool/timer.h"

#include <stdio.h>

int64_t micro_pool_batches;

static bool pool_submit_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 300, [PERF_SMALL] = 100, [PERF_TINY] = 3};
    micro_pool_batches = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "submit to a pool");
    problem->tasks = micro_pool_batches * PERF_CELLS;
    problem->expected = problem->tasks;
    return true;
}

const struct perf_workload perf_micro_pool_submit = {.name = "micro/pool_submit",
                                                     .prepare = pool_submit_prepare,
                                                     .reset = perf_cells_reset,
                                                     .answer = perf_cells_sum,
                                                     .seconds = perf_timer_seconds};
