/*
 * micro/small_loop_* with oneTBB's parallel_for.
 */
#include "runtimes/tbb.hpp"
#include "micro/small_loop/small_loop.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

void small_loop_tbb()
{
    auto handle = [](const tbb::blocked_range<int64_t> &range) {
        for (int64_t i = range.begin(); i < range.end(); i++)
            small_loop_handle(i);
    };
    perf_tbb_run([&handle] {
        for (int64_t loop = 0; loop < small_loop_loops; loop++)
            tbb::parallel_for(tbb::blocked_range<int64_t>(0, small_loop_indices), handle);
    });
}
