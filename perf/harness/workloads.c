/*
 * The list of workloads, in the order in which they run and are shown.
 */
#include "harness/variants.h"

const struct perf_workload *const perf_workloads[] = {
    &perf_fib,
    &perf_nqueens,
    &perf_skynet,
    &perf_uts,
    &perf_matmul,
    &perf_cilksort,
    &perf_mandelbrot,
    &perf_wordcount,
    &perf_sort,
    &perf_sort_sorted,
    &perf_sort_reversed,
    &perf_sort_few,
    &perf_sort_1e3,
    &perf_sort_1e4,
    &perf_sort_1e5,
    &perf_sort_1e6,
    &perf_sort_1e8,
    &perf_sort_f64,
    &perf_sort_generic,
    &perf_sort_stable,
    &perf_csv,
    &perf_reduce_sum,
    &perf_reduce_dot,
    &perf_stencil,
    &perf_scan,
    &perf_fork_join,
    &perf_group_spawn,
    &perf_steal,
    &perf_forced_publication,
    &perf_wake,
    &perf_idle,
    &perf_phases,
    &perf_blocking,
    &perf_scale_workers,
    &perf_submit,
    &perf_submit_bulk,
    &perf_loop_dispatch,
    &perf_small_loop_10_short,
    &perf_small_loop_10,
    &perf_small_loop_1000,
};

const size_t perf_workload_count = sizeof perf_workloads / sizeof *perf_workloads;
