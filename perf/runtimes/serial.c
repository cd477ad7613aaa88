/*
 * No runtime at all: the plain C variants that the others are measured against.
 */
#include "harness/variants.h"

static bool serial_start(int workers)
{
    return workers == 1;
}

static void serial_stop(void)
{
}

static const struct perf_variant serial_variants[] = {
    {&perf_fib, "serial", fib_serial, 1},
    {&perf_fib, "call", fib_call, 1},
    {&perf_nqueens, "serial", nqueens_serial, 1},
    {&perf_nqueens, "call", nqueens_call, 1},
    {&perf_skynet, "serial", skynet_serial, 1},
    {&perf_skynet, "call", skynet_call, 1},
    {&perf_uts, "serial", uts_serial, 1},
    {&perf_uts, "call", uts_call, 1},
    {&perf_matmul, "serial", matmul_serial, 1},
    {&perf_matmul, "call", matmul_call, 1},
    {&perf_cilksort, "serial", cilksort_serial, 1},
    {&perf_cilksort, "call", cilksort_call, 1},
    {&perf_mandelbrot, "serial", mandelbrot_serial, 1},
    {&perf_wordcount, "serial", wordcount_serial, 1},
    {&perf_sort, "serial", sort_serial, 1},
    {&perf_sort, "qsort", sort_qsort, 1},
    {&perf_sort_sorted, "serial", sort_serial, 1},
    {&perf_sort_sorted, "qsort", sort_qsort, 1},
    {&perf_sort_reversed, "serial", sort_serial, 1},
    {&perf_sort_reversed, "qsort", sort_qsort, 1},
    {&perf_sort_few, "serial", sort_serial, 1},
    {&perf_sort_few, "qsort", sort_qsort, 1},
    {&perf_sort_1e3, "serial", sort_serial, 1},
    {&perf_sort_1e3, "qsort", sort_qsort, 1},
    {&perf_sort_1e4, "serial", sort_serial, 1},
    {&perf_sort_1e4, "qsort", sort_qsort, 1},
    {&perf_sort_1e5, "serial", sort_serial, 1},
    {&perf_sort_1e5, "qsort", sort_qsort, 1},
    {&perf_sort_1e6, "serial", sort_serial, 1},
    {&perf_sort_1e6, "qsort", sort_qsort, 1},
    {&perf_sort_1e8, "serial", sort_serial, 1},
    {&perf_sort_1e8, "qsort", sort_qsort, 1},
    {&perf_sort_f64, "serial", sort_serial, 1},
    {&perf_sort_f64, "qsort", sort_qsort, 1},
    {&perf_sort_generic, "serial", sort_serial, 1},
    {&perf_sort_generic, "qsort", sort_qsort, 1},
    {&perf_sort_stable, "serial", sort_serial, 1},
    {&perf_csv, "serial", csv_serial, 1},
    {&perf_reduce_sum, "serial", reduce_sum_serial, 1},
    {&perf_reduce_dot, "serial", reduce_dot_serial, 1},
    {&perf_stencil, "serial", stencil_serial, 1},
    {&perf_small_loop_10_short, "serial", small_loop_serial, 1},
    {&perf_small_loop_10, "serial", small_loop_serial, 1},
    {&perf_small_loop_1000, "serial", small_loop_serial, 1},
    {&perf_scan, "serial", scan_serial, 1},
    {&perf_wake, "futex", wake_futex, 1},
    {&perf_wake, "futex_bound", wake_futex_bound, 1},
    {&perf_pool_jobs_1us, "serial", pool_jobs_serial, 1},
    {&perf_pool_jobs_10us, "serial", pool_jobs_serial, 1},
    {&perf_pool_jobs_100us, "serial", pool_jobs_serial, 1},
};

const struct perf_runtime perf_serial_runtime = {
    .title = "serial",
    .variants = serial_variants,
    .variant_count = sizeof serial_variants / sizeof *serial_variants,
    .start = serial_start,
    .stop = serial_stop,
};
