/*
 * OpenMP as the benchmarks use it, and the list of its variants.
 */
#include "harness/variants.h"

#include <omp.h>
#include <stdio.h>

/* The threads are started here, so that no timed run pays for it. */
static bool openmp_start(int workers)
{
    int started = 0;
    omp_set_dynamic(0);
    omp_set_num_threads(workers);
#pragma omp parallel reduction(+ : started)
    started += 1;
    if (started != workers)
        fprintf(stderr, "rove-bench: OpenMP has %d threads instead of %d\n", started, workers);
    return started == workers;
}

/* Ends the threads: some implementations let them spin for a while, at the cost of the next benchmark. */
static void openmp_stop(void)
{
    omp_pause_resource_all(omp_pause_soft);
}

static const struct perf_variant openmp_variants[] = {
    {&perf_fib, "openmp", fib_openmp, PERF_EACH},
    {&perf_nqueens, "openmp", nqueens_openmp, PERF_EACH},
    {&perf_skynet, "openmp", skynet_openmp, PERF_EACH},
    {&perf_uts, "openmp", uts_openmp, PERF_EACH},
    {&perf_matmul, "openmp", matmul_openmp, PERF_EACH},
    {&perf_cilksort, "openmp", cilksort_openmp, PERF_EACH},
    {&perf_mandelbrot, "openmp", mandelbrot_openmp, PERF_EACH},
    {&perf_wordcount, "openmp", wordcount_openmp, PERF_EACH},
    {&perf_csv, "openmp", csv_openmp, PERF_EACH},
    {&perf_reduce_sum, "openmp", reduce_sum_openmp, PERF_EACH},
    {&perf_reduce_dot, "openmp", reduce_dot_openmp, PERF_EACH},
    {&perf_stencil, "openmp", stencil_openmp, PERF_EACH},
    {&perf_scan, "openmp", scan_openmp, PERF_EACH},
    {&perf_scan, "openmp_scan", scan_openmp_directive, PERF_EACH},
    {&perf_group_spawn, "openmp", group_spawn_openmp, PERF_EACH},
    {&perf_loop_dispatch, "openmp", loop_dispatch_openmp, PERF_EACH},
    {&perf_small_loop_10_short, "openmp", small_loop_openmp, PERF_EACH},
    {&perf_small_loop_10, "openmp", small_loop_openmp, PERF_EACH},
    {&perf_small_loop_1000, "openmp", small_loop_openmp, PERF_EACH},
};

const struct perf_runtime perf_openmp_runtime = {
    .title = "OpenMP",
    .variants = openmp_variants,
    .variant_count = sizeof openmp_variants / sizeof *openmp_variants,
    .start = openmp_start,
    .stop = openmp_stop,
};
