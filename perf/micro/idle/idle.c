/*
 * micro/idle: the size and the check.
 */
#include "micro/idle/idle.h"

#include <stdio.h>

int64_t idle_window_ms;
int64_t idle_windows;
double idle_seconds;

static bool idle_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 2000, [PERF_SMALL] = 100, [PERF_TINY] = 2};
    idle_window_ms = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "idle: processor time in %d x %lld ms", IDLE_WINDOWS,
             (long long)idle_window_ms);
    problem->expected = IDLE_WINDOWS;
    problem->tasks = IDLE_WINDOWS;
    return true;
}

static void idle_reset(void)
{
    idle_windows = 0;
    idle_seconds = 0;
}

static int64_t idle_answer(void)
{
    return idle_windows;
}

static double idle_time(void)
{
    return idle_seconds;
}

const struct perf_workload perf_idle = {
    .name = "micro/idle", .prepare = idle_prepare, .reset = idle_reset, .answer = idle_answer, .seconds = idle_time};
