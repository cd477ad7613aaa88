/*
 * Waiting times: arrivals, figures and the check.
 */
#include "pool/latency/latency.h"

#include "micro/work.h"
#include "pool/timer.h"
#include "support/clock.h"
#include "support/random.h"
#include "support/samples.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { JOBS_MAX = 40000, JOB_US = 10, SEED = 42, WINDOW = 500 };

static struct pool_latency_job jobs[JOBS_MAX];
static double gaps[JOBS_MAX]; /* before each job, in relation to their mean */
static int64_t job_count;
static bool is_even;

static int64_t own_p50_ns; /* -1: the pool does not tell */
static int64_t own_p99_ns;

int64_t pool_latency_count(void)
{
    return job_count;
}

void pool_latency_add_own(int64_t p50_ns, int64_t p99_ns)
{
    own_p50_ns = p50_ns;
    own_p99_ns = p99_ns;
}

void pool_latency_work(struct pool_latency_job *job)
{
    job->started = perf_now_ns();
    job->runs++;
    job->value = perf_work(JOB_US * perf_work_per_microsecond(), job->value);
}

void pool_latency_drive(int workers, void (*submit)(struct pool_latency_job *job))
{
    int64_t job_ns = JOB_US * INT64_C(1000);
    double mean_ns = 2 * (double)job_ns / workers;
    perf_timer_begin();
    double due = (double)perf_now_ns();
    for (int64_t i = 0; i < job_count; i++) {
        due += mean_ns * gaps[i];
        do
            jobs[i].submitted = perf_now_ns();
        while ((double)jobs[i].submitted < due);
        submit(&jobs[i]);
    }
    perf_timer_end();
}

static void reset(bool even)
{
    uint64_t state = SEED;
    is_even = even;
    memset(jobs, 0, sizeof jobs);
    for (int64_t i = 0; i < job_count; i++) {
        double fraction = (double)((perf_random(&state) >> 11) + 1) / 0x1p53; /* above 0, at most 1 */
        gaps[i] = is_even ? 1 : -log(fraction);
    }
    pool_latency_add_own(-1, -1);
}

static void latency_reset(void)
{
    reset(false);
}

static void latency_even_reset(void)
{
    reset(true);
}

static int64_t latency_answer(void)
{
    for (int64_t i = 0; i < job_count; i++)
        if (jobs[i].runs != 1 || jobs[i].started < jobs[i].submitted)
            return -1;
    return job_count;
}

/* The median of the 99th percentiles of WINDOW jobs each; of all if there are fewer. Reorders `waits` within them. */
static int64_t usual_p99(int64_t *waits, size_t count)
{
    int64_t p99s[JOBS_MAX / WINDOW];
    size_t windows = count / WINDOW;
    if (windows == 0)
        return perf_quantile(waits, count, 0.99);
    for (size_t i = 0; i < windows; i++)
        p99s[i] = perf_quantile(waits + i * WINDOW, WINDOW, 0.99);
    return perf_median(p99s, windows);
}

static size_t latency_counters(struct perf_counter *counters)
{
    static int64_t waits[JOBS_MAX];
    size_t count = (size_t)job_count;
    for (size_t i = 0; i < count; i++)
        waits[i] = jobs[i].started - jobs[i].submitted;
    counters[2] = (struct perf_counter){"usual_p99_ns", (double)usual_p99(waits, count)};
    counters[0] = (struct perf_counter){"p50_ns", (double)perf_quantile(waits, count, 0.5)};
    counters[1] = (struct perf_counter){"p99_ns", (double)perf_quantile(waits, count, 0.99)};
    if (own_p50_ns < 0)
        return 3;
    counters[3] = (struct perf_counter){"own_p50_ns", (double)own_p50_ns};
    counters[4] = (struct perf_counter){"own_p99_ns", (double)own_p99_ns};
    return 5;
}

static bool prepare(enum perf_scale scale, struct perf_problem *problem, const char *title)
{
    static const int64_t sizes[] = {[PERF_FULL] = JOBS_MAX, [PERF_SMALL] = 10000, [PERF_TINY] = 50};
    job_count = sizes[scale];
    perf_work_per_microsecond(); /* measured here and not in the first job */
    snprintf(problem->title, sizeof problem->title, "pool, half load, jobs arrive %s", title);
    problem->tasks = job_count;
    problem->expected = job_count;
    return true;
}

static bool latency_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "at random");
}

static bool latency_even_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return prepare(scale, problem, "evenly");
}

const struct perf_workload perf_pool_latency = {.name = "pool/latency",
                                                .prepare = latency_prepare,
                                                .reset = latency_reset,
                                                .answer = latency_answer,
                                                .seconds = perf_timer_seconds,
                                                .counters = latency_counters};

const struct perf_workload perf_pool_latency_even = {.name = "pool/latency_even",
                                                     .prepare = latency_even_prepare,
                                                     .reset = latency_even_reset,
                                                     .answer = latency_answer,
                                                     .seconds = perf_timer_seconds,
                                                     .counters = latency_counters};
