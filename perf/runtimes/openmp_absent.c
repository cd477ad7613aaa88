/*
 * Stands in for OpenMP where it was not found.
 */
#include "harness/bench.h"

const struct perf_runtime perf_openmp_runtime = {
    .title = "OpenMP",
    .absent = "OpenMP is left out: the compiler has none (with clang: install libomp-dev), or it was not wanted",
};
