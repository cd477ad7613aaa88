/*
 * Stands in for oneTBB where it was not found.
 */
#include "harness/bench.h"

const struct perf_runtime perf_tbb_runtime = {
    .title = "oneTBB",
    .absent = "oneTBB is left out: it was not found (install libtbb-dev), or it was not wanted",
};
