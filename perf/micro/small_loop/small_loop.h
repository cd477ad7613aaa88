/*
 * micro/small_loop_*: what a parallel loop costs that is too small to gain anything: ten indices of about 1 ns, ten of
 * about 100 ns, and a thousand of those, one loop after the other.
 */
#ifndef PERF_SMALL_LOOP_H
#define PERF_SMALL_LOOP_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_small_loop_10_short;
extern const struct perf_workload perf_small_loop_10;
extern const struct perf_workload perf_small_loop_1000;

enum { SMALL_LOOP_INDICES = 1000 };

extern int64_t small_loop_loops;                      /* how many loops the run has */
extern int64_t small_loop_indices;                    /* how many indices each has */
extern int small_loop_work;                           /* steps of about 1 ns of each index */
extern uint64_t small_loop_cells[SMALL_LOOP_INDICES]; /* one for each index */

/* Handles an index: a chain of steps, each of which waits for the one before. */
static inline void small_loop_handle(int64_t index)
{
    uint64_t cell = small_loop_cells[index];
    for (int step = 0; step < small_loop_work; step++)
        cell = cell * UINT64_C(0x5851f42d4c957f2d) + 1;
    small_loop_cells[index] = cell;
}

void small_loop_serial(void);
void small_loop_rove(void);
void small_loop_openmp(void);
void small_loop_tbb(void);

ROVE_END_C

#endif
