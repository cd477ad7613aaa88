/*
 * micro/blocking: the size and the check.
 */
#include "micro/blocking/blocking.h"

#include "micro/work.h"

#include <stdio.h>

int64_t blocking_pieces;
int64_t blocking_ended;
double blocking_seconds;

static bool blocking_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t pieces[] = {[PERF_FULL] = 8000, [PERF_SMALL] = 4000, [PERF_TINY] = 20};
    blocking_pieces = pieces[scale];
    perf_work_per_microsecond();
    snprintf(problem->title, sizeof problem->title, "blocking: 4 tasks of 50 ms beside work");
    problem->expected = blocking_pieces;
    problem->tasks = blocking_pieces;
    return true;
}

static void blocking_reset(void)
{
    blocking_ended = 0;
}

static int64_t blocking_answer(void)
{
    return blocking_ended;
}

static double blocking_time(void)
{
    return blocking_seconds;
}

const struct perf_workload perf_blocking = {.name = "micro/blocking",
                                            .prepare = blocking_prepare,
                                            .reset = blocking_reset,
                                            .answer = blocking_answer,
                                            .seconds = blocking_time};
