/*
 * micro/group_spawn: the size and the check.
 */
#include "micro/group_spawn/group_spawn.h"

#include <stdio.h>

int64_t group_spawn_batches;

static bool group_spawn_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 1000, [PERF_SMALL] = 200, [PERF_TINY] = 3};
    group_spawn_batches = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "group: spawn + wait");
    problem->tasks = group_spawn_batches * PERF_CELLS;
    problem->expected = problem->tasks;
    return true;
}

const struct perf_workload perf_group_spawn = {
    .name = "micro/group_spawn", .prepare = group_spawn_prepare, .reset = perf_cells_reset, .answer = perf_cells_sum};
