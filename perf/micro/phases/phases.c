/*
 * micro/phases: the size and the check.
 */
#include "micro/phases/phases.h"

#include "micro/work.h"

#include <stdio.h>

int64_t phases_rounds;
int64_t phases_done;

static bool phases_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t rounds[] = {[PERF_FULL] = 200, [PERF_SMALL] = 50, [PERF_TINY] = 2};
    phases_rounds = rounds[scale];
    perf_work_per_microsecond();
    snprintf(problem->title, sizeof problem->title, "phases: 1 ms serial, 1 ms parallel");
    problem->expected = phases_rounds * 200;
    problem->tasks = phases_rounds;
    return true;
}

static void phases_reset(void)
{
    phases_done = 0;
}

static int64_t phases_answer(void)
{
    return phases_done;
}

const struct perf_workload perf_phases = {
    .name = "micro/phases", .prepare = phases_prepare, .reset = phases_reset, .answer = phases_answer};
