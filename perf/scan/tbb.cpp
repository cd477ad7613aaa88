/*
 * scan with oneTBB's parallel_scan.
 */
#include "runtimes/tbb.hpp"
#include "scan/scan.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_scan.h>

void scan_tbb()
{
    perf_tbb_run([] {
        tbb::parallel_scan(
            tbb::blocked_range<int64_t>(0, scan_count), int64_t{0},
            [](const tbb::blocked_range<int64_t> &range, int64_t sum, bool is_final) {
                return is_final ? scan_write(range.begin(), range.end(), sum)
                                : sum + scan_sum(range.begin(), range.end());
            },
            [](int64_t left, int64_t right) { return left + right; });
    });
}
