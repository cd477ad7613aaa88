/*
 * The list of workloads, in the order in which they run and are shown.
 */
#include "harness/variants.h"

const struct perf_workload *const perf_workloads[] = {
    &perf_fib,        &perf_nqueens,   &perf_skynet,      &perf_uts,           &perf_matmul, &perf_cilksort,
    &perf_mandelbrot, &perf_wordcount, &perf_fork_join,   &perf_group_spawn,   &perf_steal,  &perf_forced_publication,
    &perf_wake,       &perf_submit,    &perf_submit_bulk, &perf_loop_dispatch,
};

const size_t perf_workload_count = sizeof perf_workloads / sizeof *perf_workloads;
