/*
 * micro/forced_publication: the size and the check.
 */
#include "micro/forced_publication/forced_publication.h"

#include "micro/latency.h"

#include <stdio.h>

int64_t forced_publication_samples;
int64_t forced_publication_leaf_ns;

static bool forced_publication_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 41, [PERF_SMALL] = 21, [PERF_TINY] = 3};
    static const int64_t leaves_ns[] = {[PERF_FULL] = 50000000, [PERF_SMALL] = 50000000, [PERF_TINY] = 1000000};
    forced_publication_samples = sizes[scale];
    forced_publication_leaf_ns = leaves_ns[scale];
    snprintf(problem->title, sizeof problem->title, "forced publication: behind a %d ms leaf",
             (int)(forced_publication_leaf_ns / 1000000));
    problem->expected = forced_publication_samples;
    problem->tasks = forced_publication_samples;
    return true;
}

const struct perf_workload perf_forced_publication = {.name = "micro/forced_publication",
                                                      .prepare = forced_publication_prepare,
                                                      .reset = perf_latency_reset,
                                                      .answer = perf_latency_count,
                                                      .seconds = perf_latency_seconds};
