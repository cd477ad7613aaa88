/*
 * stencil with Rove: a loop over the plane, tiles found by itself.
 */
#include "stencil/stencil.h"

#include "runtimes/rove.h"

static void tile(const rove_tile *tile, void *arg)
{
    (void)arg;
    stencil_compute(tile->row_begin, tile->row_end, tile->column_begin, tile->column_end);
}

static void steps(void *arg)
{
    const rove_tile inner = {1, stencil_side - 1, 1, stencil_side - 1};
    for (int64_t step = 0; step < stencil_steps; step++) {
        perf_rove_require(rove_for_2d(&inner, 0, 0, tile, arg), "rove_for_2d");
        stencil_swap();
    }
}

void stencil_rove(void)
{
    perf_rove_run(steps);
}
