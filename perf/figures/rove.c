/*
 * The runtime of a figure, in place of the one that rove-bench's harness starts; the workloads do not see a difference.
 */
#include "runtimes/rove.h"

#include "fib/fib.h"
#include "figures/figures.h"
#include "nqueens/nqueens.h"
#include "uts/uts.h"

static rove_runtime *current;

rove_runtime *perf_rove_current(void)
{
    return current;
}

void perf_rove_require(rove_status status, const char *what)
{
    if (status != ROVE_OK)
        figure_die("%s: %s", what, rove_status_text(status));
}

void perf_rove_run(void (*body)(void *arg))
{
    perf_rove_require(rove_run(current, body, NULL), "rove_run");
}

void figure_runtime_start(int workers)
{
    rove_config config;
    rove_report report;
    rove_config_default(&config);
    config.name = "figure";
    config.workers = workers;
    config.oversubscribe = workers > 0;
    if (rove_runtime_create(&current, &config, &report) != ROVE_OK)
        figure_die("Rove does not start: %s", report.text);
    if (workers > 0 && rove_worker_count(current) != workers)
        figure_die("%d workers instead of %d (is ROVE_WORKERS set?) %s", rove_worker_count(current), workers,
                   report.text);
}

void figure_runtime_stop(void)
{
    perf_rove_require(rove_runtime_destroy(current), "rove_runtime_destroy");
    current = NULL;
}

/* A part of the job, and what it must give. */
struct part {
    const struct perf_workload *workload;
    void (*run)(void);
    struct perf_problem problem;
};

static struct part parts[] = {{&perf_fib, fib_rove, {.expected = 0}},
                              {&perf_nqueens, nqueens_rove, {.expected = 0}},
                              {&perf_uts, uts_rove, {.expected = 0}}};

enum { PARTS = sizeof parts / sizeof *parts };

void figure_job_prepare(enum perf_scale scale)
{
    for (int i = 0; i < PARTS; i++)
        if (!parts[i].workload->prepare(scale, &parts[i].problem))
            figure_die("%s cannot be prepared", parts[i].workload->name);
}

void figure_job_run(void)
{
    for (int i = 0; i < PARTS; i++) {
        const struct part *part = &parts[i];
        part->workload->reset();
        part->run();
        int64_t answer = part->workload->answer();
        if (answer != part->problem.expected)
            figure_die("%s is %lld and not %lld", part->problem.title, (long long)answer,
                       (long long)part->problem.expected);
    }
}
