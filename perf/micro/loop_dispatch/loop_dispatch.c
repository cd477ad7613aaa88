/*
 * micro/loop_dispatch: the size and the check.
 */
#include "micro/loop_dispatch/loop_dispatch.h"

#include <stdio.h>
#include <string.h>

int64_t loop_dispatch_loops;
int32_t loop_dispatch_hits[LOOP_DISPATCH_INDICES];

static bool loop_dispatch_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 50000, [PERF_SMALL] = 10000, [PERF_TINY] = 20};
    loop_dispatch_loops = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "parallel loop, nearly empty");
    problem->expected = loop_dispatch_loops;
    problem->tasks = loop_dispatch_loops;
    return true;
}

static void loop_dispatch_reset(void)
{
    memset(loop_dispatch_hits, 0, sizeof loop_dispatch_hits);
}

/* How many loops handled every index, or -1 if some loop left one out or handled one twice. */
static int64_t loop_dispatch_answer(void)
{
    for (int i = 1; i < LOOP_DISPATCH_INDICES; i++) {
        if (loop_dispatch_hits[i] != loop_dispatch_hits[0])
            return -1;
    }
    return loop_dispatch_hits[0];
}

const struct perf_workload perf_loop_dispatch = {.name = "micro/loop_dispatch",
                                                 .prepare = loop_dispatch_prepare,
                                                 .reset = loop_dispatch_reset,
                                                 .answer = loop_dispatch_answer};
