/*
 * Jobs that do something: the sizes and the check. The workloads share one set of variables, which is set before every
 * run.
 */
#include "pool/jobs/jobs.h"

#include "micro/work.h"
#include "pool/timer.h"
#include "support/random.h"

#include <stdio.h>
#include <string.h>

enum { JOBS_MAX = 100000 };

int64_t pool_jobs_count;
static int64_t jobs_steps;
static uint64_t jobs_answers[JOBS_MAX];

/* How long all jobs of a run take together, in microseconds. */
static int64_t jobs_total_us;

void pool_jobs_work(int64_t index)
{
    jobs_answers[index] += perf_work(jobs_steps, (uint64_t)index);
}

void *pool_jobs_place(int64_t index)
{
    return &jobs_answers[index];
}

int64_t pool_jobs_index(const void *place)
{
    return (const uint64_t *)place - jobs_answers;
}

static void jobs_reset(int64_t us)
{
    pool_jobs_count = jobs_total_us / us;
    jobs_steps = us * perf_work_per_microsecond();
    memset(jobs_answers, 0, sizeof jobs_answers);
}

static void reset_1us(void)
{
    jobs_reset(1);
}

static void reset_10us(void)
{
    jobs_reset(10);
}

static void reset_100us(void)
{
    jobs_reset(100);
}

static int64_t jobs_answer(void)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < pool_jobs_count; i++)
        hash = perf_mix(hash ^ jobs_answers[i]);
    return (int64_t)(hash >> 11);
}

static bool jobs_prepare(enum perf_scale scale, struct perf_problem *problem, int us, void (*reset)(void))
{
    static const int64_t totals[] = {[PERF_FULL] = JOBS_MAX, [PERF_SMALL] = 40000, [PERF_TINY] = 1000};
    jobs_total_us = totals[scale];
    reset();
    pool_jobs_serial();
    snprintf(problem->title, sizeof problem->title, "pool, jobs of %d us", us);
    problem->tasks = pool_jobs_count;
    problem->expected = jobs_answer();
    return true;
}

static bool prepare_1us(enum perf_scale scale, struct perf_problem *problem)
{
    return jobs_prepare(scale, problem, 1, reset_1us);
}

static bool prepare_10us(enum perf_scale scale, struct perf_problem *problem)
{
    return jobs_prepare(scale, problem, 10, reset_10us);
}

static bool prepare_100us(enum perf_scale scale, struct perf_problem *problem)
{
    return jobs_prepare(scale, problem, 100, reset_100us);
}

const struct perf_workload perf_pool_jobs_1us = {.name = "pool/jobs_1us",
                                                 .prepare = prepare_1us,
                                                 .reset = reset_1us,
                                                 .answer = jobs_answer,
                                                 .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_jobs_10us = {.name = "pool/jobs_10us",
                                                  .prepare = prepare_10us,
                                                  .reset = reset_10us,
                                                  .answer = jobs_answer,
                                                  .seconds = perf_timer_seconds};

const struct perf_workload perf_pool_jobs_100us = {.name = "pool/jobs_100us",
                                                   .prepare = prepare_100us,
                                                   .reset = reset_100us,
                                                   .answer = jobs_answer,
                                                   .seconds = perf_timer_seconds};
