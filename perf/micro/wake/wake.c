/*
 * micro/wake: the size and the check.
 */
#include "micro/wake/wake.h"

#include "micro/latency.h"

#include <stdio.h>

int64_t wake_samples;

static bool wake_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 1000, [PERF_SMALL] = 200, [PERF_TINY] = 5};
    wake_samples = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "wake: fed to started, all asleep");
    problem->expected = wake_samples;
    problem->tasks = wake_samples;
    return true;
}

const struct perf_workload perf_wake = {.name = "micro/wake",
                                        .prepare = wake_prepare,
                                        .reset = perf_latency_reset,
                                        .answer = perf_latency_count,
                                        .seconds = perf_latency_seconds};
