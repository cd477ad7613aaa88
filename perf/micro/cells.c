/*
 * Cells that tasks count themselves in.
 */
#include "micro/cells.h"

#include <string.h>

int32_t perf_cells[PERF_CELLS];

void perf_cells_reset(void)
{
    memset(perf_cells, 0, sizeof perf_cells);
}

int64_t perf_cells_sum(void)
{
    for (int i = 1; i < PERF_CELLS; i++) {
        if (perf_cells[i] != perf_cells[0])
            return -1;
    }
    return (int64_t)PERF_CELLS * perf_cells[0];
}
