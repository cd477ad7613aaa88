/*
 * mandelbrot with oneTBB's parallel_for over the rows.
 */
#include "runtimes/tbb.hpp"
#include "mandelbrot/mandelbrot.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

void mandelbrot_tbb()
{
    perf_tbb_run([] {
        tbb::parallel_for(tbb::blocked_range<int64_t>(0, mandelbrot_rows), [](const tbb::blocked_range<int64_t> &rows) {
            mandelbrot_compute(rows.begin(), rows.end());
        });
    });
}
