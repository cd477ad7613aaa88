/*
 * micro/steal: the size and the check.
 */
#include "micro/steal/steal.h"

#include "micro/latency.h"

#include <stdio.h>

int64_t steal_samples;

static bool steal_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = PERF_LATENCIES_MAX, [PERF_SMALL] = 1000, [PERF_TINY] = 20};
    steal_samples = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "steal: forked to started");
    problem->expected = steal_samples;
    problem->tasks = steal_samples;
    return true;
}

const struct perf_workload perf_steal = {.name = "micro/steal",
                                         .prepare = steal_prepare,
                                         .reset = perf_latency_reset,
                                         .answer = perf_latency_count,
                                         .seconds = perf_latency_seconds};
