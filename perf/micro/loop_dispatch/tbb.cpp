/*
 * micro/loop_dispatch with oneTBB's parallel_for.
 */
#include "runtimes/tbb.hpp"
#include "micro/loop_dispatch/loop_dispatch.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

void loop_dispatch_tbb()
{
    auto hit = [](const tbb::blocked_range<int> &range) {
        for (int i = range.begin(); i < range.end(); i++)
            loop_dispatch_hits[i]++;
    };
    perf_tbb_run([&hit] {
        for (int64_t loop = 0; loop < loop_dispatch_loops; loop++)
            tbb::parallel_for(tbb::blocked_range<int>(0, LOOP_DISPATCH_INDICES), hit);
    });
}
