/*
 * stencil: the grids, one part of a step, and the check: a hash over the bits of the result.
 */
#include "stencil/stencil.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdio.h>
#include <string.h>

int64_t stencil_side;
int64_t stencil_steps;
static double *stencil_now;
static double *stencil_next;

void stencil_compute(int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end)
{
    for (int64_t row = row_begin; row < row_end; row++) {
        const double *above = stencil_now + (row - 1) * stencil_side, *here = above + stencil_side;
        const double *below = here + stencil_side;
        double *restrict next = stencil_next + row * stencil_side;
        for (int64_t i = column_begin; i < column_end; i++)
            next[i] = 0.6 * here[i] + 0.1 * ((above[i] + below[i]) + (here[i - 1] + here[i + 1]));
    }
}

void stencil_swap(void)
{
    double *now = stencil_now;
    stencil_now = stencil_next;
    stencil_next = now;
}

/* The edges are the same in both grids and stay. */
static void stencil_reset(void)
{
    uint64_t random = 11;
    for (int64_t i = 0; i < stencil_side * stencil_side; i++)
        stencil_now[i] = stencil_next[i] = (double)(perf_random(&random) >> 11);
}

static int64_t stencil_answer(void)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < stencil_side * stencil_side; i++) {
        uint64_t bits;
        memcpy(&bits, &stencil_now[i], sizeof bits);
        hash = perf_mix(hash ^ bits);
    }
    return (int64_t)(hash >> 11);
}

static bool stencil_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const struct {
        int64_t side, steps;
    } sizes[] = {[PERF_FULL] = {2048, 40}, [PERF_SMALL] = {2048, 10}, [PERF_TINY] = {67, 3}};
    stencil_side = sizes[scale].side;
    stencil_steps = sizes[scale].steps;
    size_t cells = (size_t)(stencil_side * stencil_side);
    stencil_now = perf_allocate_pages(cells, sizeof *stencil_now);
    stencil_next = perf_allocate_pages(cells, sizeof *stencil_next);
    stencil_reset();
    stencil_serial();
    snprintf(problem->title, sizeof problem->title, "stencil(%lldx%lld, %lld steps)", (long long)stencil_side,
             (long long)stencil_side, (long long)stencil_steps);
    problem->expected = stencil_answer();
    problem->tasks = stencil_steps * (stencil_side - 2) * (stencil_side - 2);
    return true;
}

const struct perf_workload perf_stencil = {
    .name = "stencil", .prepare = stencil_prepare, .reset = stencil_reset, .answer = stencil_answer};
