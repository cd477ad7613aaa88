/*
 * micro/fork_join: the size and the check.
 */
#include "micro/fork_join/fork_join.h"

#include <stdio.h>

int64_t fork_join_pairs;
int64_t fork_join_answer;

static bool fork_join_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 20000000, [PERF_SMALL] = 10000000, [PERF_TINY] = 10000};
    fork_join_pairs = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "fork + join");
    problem->expected = fork_join_pairs;
    problem->tasks = fork_join_pairs;
    return true;
}

static void fork_join_reset(void)
{
    fork_join_answer = -1;
}

static int64_t fork_join_get_answer(void)
{
    return fork_join_answer;
}

const struct perf_workload perf_fork_join = {
    .name = "micro/fork_join", .prepare = fork_join_prepare, .reset = fork_join_reset, .answer = fork_join_get_answer};
