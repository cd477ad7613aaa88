/*
 * Throughput of a pool: the size and the check.
 */
#include "pool/submit/submit.h"

#include "pool/timer.h"

#include <stdio.h>
#include <string.h>

int64_t pool_job_count;
uint8_t pool_runs[POOL_JOBS_MAX];
uint8_t pool_reads[POOL_JOBS_MAX];

static void submit_reset(void)
{
    memset(pool_runs, 0, sizeof pool_runs);
    memset(pool_reads, 0, sizeof pool_reads);
}

/* How many there are if each was counted once, else -1. */
static int64_t count_ones(const uint8_t *counts)
{
    for (int64_t i = 0; i < pool_job_count; i++)
        if (counts[i] != 1)
            return -1;
    return pool_job_count;
}

static int64_t submit_answer(void)
{
    return count_ones(pool_runs);
}

static int64_t results_answer(void)
{
    return count_ones(pool_runs) == pool_job_count ? count_ones(pool_reads) : -1;
}

static bool prepare(enum perf_scale scale, struct perf_problem *problem, const char *title)
{
    static const int64_t sizes[] = {[PERF_FULL] = POOL_JOBS_MAX, [PERF_SMALL] = 100000, [PERF_TINY] = 3000};
    pool_job_count = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "pool, %s", title);
    problem->tasks = pool_job_count;
    problem->expected = pool_job_count;
    return true;
}

static bool submit_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "one thread submits");
}

static bool submit_many_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "one thread submits in bulk");
}

static bool submitters_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "eight threads submit");
}

static bool results_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "with results");
}

static bool priorities_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "four priorities");
}

static bool lanes_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "lanes");
}

static bool timing_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "with and without times");
}

const struct perf_workload perf_pool_submit = {.name = "pool/submit",
                                               .prepare = submit_prepare,
                                               .reset = submit_reset,
                                               .answer = submit_answer,
                                               .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_submit_many = {.name = "pool/submit_many",
                                                    .prepare = submit_many_prepare,
                                                    .reset = submit_reset,
                                                    .answer = submit_answer,
                                                    .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_submitters = {.name = "pool/submitters",
                                                   .prepare = submitters_prepare,
                                                   .reset = submit_reset,
                                                   .answer = submit_answer,
                                                   .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_results = {.name = "pool/results",
                                                .prepare = results_prepare,
                                                .reset = submit_reset,
                                                .answer = results_answer,
                                                .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_priorities = {.name = "pool/priorities",
                                                   .prepare = priorities_prepare,
                                                   .reset = submit_reset,
                                                   .answer = submit_answer,
                                                   .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_lanes = {.name = "pool/lanes",
                                              .prepare = lanes_prepare,
                                              .reset = submit_reset,
                                              .answer = submit_answer,
                                              .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_timing = {.name = "pool/timing",
                                               .prepare = timing_prepare,
                                               .reset = submit_reset,
                                               .answer = submit_answer,
                                               .seconds = perf_timer_seconds};
