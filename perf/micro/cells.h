/*
 * Cells that tasks count themselves in: one for each task of a batch, so that counting needs no atomic operation.
 */
#ifndef PERF_CELLS_H
#define PERF_CELLS_H

#include <rove/export.h>
#include <stdint.h>

ROVE_BEGIN_C

enum { PERF_CELLS = 1000 };

/* How often the task of each place has run. */
extern int32_t perf_cells[PERF_CELLS];

/* Sets all cells to zero. */
void perf_cells_reset(void);

/* The sum of all cells if they are equal, else -1: some task was lost or doubled. */
int64_t perf_cells_sum(void);

ROVE_END_C

#endif
