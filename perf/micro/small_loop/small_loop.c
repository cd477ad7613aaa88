/*
 * micro/small_loop_*: the sizes and the check. The workloads share one set of variables, which is set before every run.
 */
#include "micro/small_loop/small_loop.h"

#include "support/random.h"

#include <stdio.h>
#include <string.h>

int64_t small_loop_loops;
int64_t small_loop_indices;
int small_loop_work;
uint64_t small_loop_cells[SMALL_LOOP_INDICES];

/* How many loops a run has, which depends on the scale. */
static int64_t small_loop_share;

static void small_loop_reset(int64_t loops, int64_t indices, int work)
{
    small_loop_loops = loops / small_loop_share;
    small_loop_indices = indices;
    small_loop_work = work;
    memset(small_loop_cells, 0, sizeof small_loop_cells);
}

static void reset_10_short(void)
{
    small_loop_reset(200000, 10, 1);
}

static void reset_10(void)
{
    small_loop_reset(20000, 10, 90);
}

static void reset_1000(void)
{
    small_loop_reset(200, 1000, 90);
}

static int64_t small_loop_answer(void)
{
    uint64_t hash = 0;
    for (int i = 0; i < SMALL_LOOP_INDICES; i++)
        hash = perf_mix(hash ^ small_loop_cells[i]);
    return (int64_t)(hash >> 11);
}

static bool small_loop_prepare(enum perf_scale scale, struct perf_problem *problem, void (*reset)(void))
{
    static const int64_t shares[] = {[PERF_FULL] = 1, [PERF_SMALL] = 16, [PERF_TINY] = 100};
    small_loop_share = shares[scale];
    reset();
    small_loop_serial();
    snprintf(problem->title, sizeof problem->title, "small loop, %lld x %d ns", (long long)small_loop_indices,
             small_loop_work == 1 ? 1 : 100);
    problem->expected = small_loop_answer();
    problem->tasks = small_loop_loops;
    return true;
}

static bool prepare_10_short(enum perf_scale scale, struct perf_problem *problem)
{
    return small_loop_prepare(scale, problem, reset_10_short);
}

static bool prepare_10(enum perf_scale scale, struct perf_problem *problem)
{
    return small_loop_prepare(scale, problem, reset_10);
}

static bool prepare_1000(enum perf_scale scale, struct perf_problem *problem)
{
    return small_loop_prepare(scale, problem, reset_1000);
}

const struct perf_workload perf_small_loop_10_short = {.name = "micro/small_loop_10x1ns",
                                                       .prepare = prepare_10_short,
                                                       .reset = reset_10_short,
                                                       .answer = small_loop_answer};

const struct perf_workload perf_small_loop_10 = {
    .name = "micro/small_loop_10x100ns", .prepare = prepare_10, .reset = reset_10, .answer = small_loop_answer};

const struct perf_workload perf_small_loop_1000 = {
    .name = "micro/small_loop_1000x100ns", .prepare = prepare_1000, .reset = reset_1000, .answer = small_loop_answer};
