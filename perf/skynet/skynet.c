/*
 * skynet: the size and the expected answer.
 */
#include "skynet/skynet.h"

#include <stdio.h>

int64_t skynet_leaves;
int64_t skynet_answer;

static bool skynet_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 10000000, [PERF_SMALL] = 10000000, [PERF_TINY] = 1000};
    skynet_leaves = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "skynet(%lld)", (long long)skynet_leaves);
    problem->expected = skynet_leaves * (skynet_leaves - 1) / 2;
    problem->tasks = 0; /* every node but the root */
    for (int64_t nodes = skynet_leaves; nodes > 1; nodes /= SKYNET_WAYS)
        problem->tasks += nodes;
    return true;
}

static void skynet_reset(void)
{
    skynet_answer = -1;
}

static int64_t skynet_get_answer(void)
{
    return skynet_answer;
}

const struct perf_workload perf_skynet = {
    .name = "skynet", .prepare = skynet_prepare, .reset = skynet_reset, .answer = skynet_get_answer};
