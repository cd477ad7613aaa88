/*
 * stencil with oneTBB's parallel_for over the plane.
 */
#include "runtimes/tbb.hpp"
#include "stencil/stencil.h"

#include <tbb/blocked_range2d.h>
#include <tbb/parallel_for.h>

void stencil_tbb()
{
    perf_tbb_run([] {
        const tbb::blocked_range2d<int64_t> inner(1, stencil_side - 1, 1, stencil_side - 1);
        for (int64_t step = 0; step < stencil_steps; step++) {
            tbb::parallel_for(inner, [](const tbb::blocked_range2d<int64_t> &tile) {
                stencil_compute(tile.rows().begin(), tile.rows().end(), tile.cols().begin(), tile.cols().end());
            });
            stencil_swap();
        }
    });
}
