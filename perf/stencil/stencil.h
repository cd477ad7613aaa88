/*
 * stencil: heat that spreads over a plate. In each step every cell but those at the edges becomes the weighted mean of
 * itself and its four neighbours, out of one grid into another. The result has the same bits however the work is cut.
 */
#ifndef PERF_STENCIL_H
#define PERF_STENCIL_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_stencil;

extern int64_t stencil_side;  /* rows and columns of the grid */
extern int64_t stencil_steps; /* of a run */

/* Computes a part of the next step: the rows and columns from begin up to but not including end, edges excluded. */
void stencil_compute(int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end);

/* Makes the next step the current one. */
void stencil_swap(void);

void stencil_serial(void);
void stencil_rove(void);
void stencil_openmp(void);
void stencil_tbb(void);

ROVE_END_C

#endif
