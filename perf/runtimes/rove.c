/*
 * Rove as the benchmarks use it, and the list of its variants.
 */
#include "runtimes/rove.h"

#include "harness/variants.h"

#include <stdio.h>
#include <stdlib.h>

static rove_runtime *rove_current;

rove_runtime *perf_rove_current(void)
{
    return rove_current;
}

void perf_rove_require(rove_status status, const char *what)
{
    if (status != ROVE_OK) {
        fprintf(stderr, "rove-bench: %s: %s\n", what, rove_status_text(status));
        exit(EXIT_FAILURE);
    }
}

void perf_rove_run(void (*body)(void *arg))
{
    perf_rove_require(rove_run(rove_current, body, NULL), "rove_run");
}

static bool rove_start(int workers)
{
    rove_config config;
    rove_report report;
    rove_config_default(&config);
    config.name = "bench";
    config.workers = workers;
    config.oversubscribe = true;
    if (rove_runtime_create(&rove_current, &config, &report) != ROVE_OK) {
        fprintf(stderr, "rove-bench: Rove does not start: %s\n", report.text);
        return false;
    }
    if (rove_worker_count(rove_current) != workers) {
        fprintf(stderr, "rove-bench: Rove has %d workers instead of %d (is ROVE_WORKERS set?) %s\n",
                rove_worker_count(rove_current), workers, report.text);
        rove_runtime_destroy(rove_current);
        return false;
    }
    return true;
}

static void rove_stop(void)
{
    perf_rove_require(rove_runtime_destroy(rove_current), "rove_runtime_destroy");
    rove_current = NULL;
}

static int64_t rove_steals(void)
{
    rove_stats stats;
    perf_rove_require(rove_runtime_stats(rove_current, &stats), "rove_runtime_stats");
    return (int64_t)stats.steals;
}

static const struct perf_variant rove_variants[] = {
    {&perf_fib, "rove", fib_rove, PERF_EACH},
    {&perf_fib, "rove_plain", fib_rove_plain, PERF_EACH},
    {&perf_nqueens, "rove", nqueens_rove, PERF_EACH},
    {&perf_nqueens, "rove_plain", nqueens_rove_plain, PERF_EACH},
    {&perf_skynet, "rove", skynet_rove, PERF_EACH},
    {&perf_skynet, "rove_plain", skynet_rove_plain, PERF_EACH},
    {&perf_uts, "rove", uts_rove, PERF_EACH},
    {&perf_matmul, "rove", matmul_rove, PERF_EACH},
    {&perf_cilksort, "rove", cilksort_rove, PERF_EACH},
    {&perf_mandelbrot, "rove", mandelbrot_rove, PERF_EACH},
    {&perf_wordcount, "rove", wordcount_rove, PERF_EACH},
    {&perf_sort, "rove", sort_rove, PERF_EACH},
    {&perf_sort_sorted, "rove", sort_rove, PERF_EACH},
    {&perf_sort_reversed, "rove", sort_rove, PERF_EACH},
    {&perf_sort_few, "rove", sort_rove, PERF_EACH},
    {&perf_sort_1e3, "rove", sort_rove, PERF_EACH},
    {&perf_sort_1e4, "rove", sort_rove, PERF_EACH},
    {&perf_sort_1e5, "rove", sort_rove, PERF_EACH},
    {&perf_sort_1e6, "rove", sort_rove, PERF_EACH},
    {&perf_sort_1e8, "rove", sort_rove, PERF_EACH},
    {&perf_sort_f64, "rove", sort_rove, PERF_EACH},
    {&perf_sort_generic, "rove", sort_rove, PERF_EACH},
    {&perf_sort_stable, "rove", sort_rove, PERF_EACH},
    {&perf_csv, "rove", csv_rove, PERF_EACH},
    {&perf_reduce_sum, "rove", reduce_sum_rove, PERF_EACH},
    {&perf_reduce_dot, "rove", reduce_dot_rove, PERF_EACH},
    {&perf_reduce_sum, "rove_fixed", reduce_sum_rove_fixed, PERF_EACH},
    {&perf_reduce_sum, "rove_free", reduce_sum_rove_free, PERF_EACH},
    {&perf_reduce_dot, "rove_fixed", reduce_dot_rove_fixed, PERF_EACH},
    {&perf_reduce_dot, "rove_free", reduce_dot_rove_free, PERF_EACH},
    {&perf_stencil, "rove", stencil_rove, PERF_EACH},
    {&perf_scan, "rove", scan_rove, PERF_EACH},
    {&perf_fork_join, NULL, fork_join_rove, 1},
    {&perf_group_spawn, "rove", group_spawn_rove, PERF_EACH},
    {&perf_steal, NULL, steal_rove, 2},
    {&perf_forced_publication, NULL, forced_publication_rove, 2},
    {&perf_loop_dispatch, "rove", loop_dispatch_rove, PERF_EACH},
    {&perf_small_loop_10_short, "rove", small_loop_rove, PERF_EACH},
    {&perf_small_loop_10, "rove", small_loop_rove, PERF_EACH},
    {&perf_small_loop_1000, "rove", small_loop_rove, PERF_EACH},
    {&perf_submit, "rove", submit_rove, PERF_EACH},
    {&perf_submit_bulk, "rove", submit_bulk_rove, PERF_EACH},
    {&perf_wake, "rove", wake_rove, 2},
    {&perf_wake, "rove_warm", wake_rove_warm, 1},
    {&perf_idle, "rove", idle_rove, 2},
    {&perf_idle, "rove_auto", idle_rove_auto, 2},
    {&perf_phases, "rove", phases_rove, 2},
    {&perf_phases, "rove_warm", phases_rove_warm, 2},
    {&perf_blocking, "rove_alone", blocking_rove_alone, 2},
    {&perf_blocking, "rove", blocking_rove_region, 2},
    {&perf_blocking, "rove_bare", blocking_rove_bare, 2},
    {&perf_scale_workers, "rove", scale_rove_steady, 2},
    {&perf_scale_workers, "rove_changing", scale_rove_changing, 2},
    {&perf_pool_submit, "rove", pool_submit_rove, PERF_EACH},
    {&perf_pool_submit_many, "rove", pool_submit_many_rove, PERF_EACH},
    {&perf_pool_submitters, "rove", pool_submitters_rove, PERF_EACH},
    {&perf_pool_results, "rove", pool_results_rove, PERF_EACH},
    {&perf_pool_results, "rove_many", pool_results_rove_many, PERF_EACH},
    {&perf_pool_priorities, "rove", pool_priorities_rove, PERF_EACH},
    {&perf_pool_lanes, "rove", pool_lanes_rove, PERF_EACH},
    {&perf_pool_lanes, "rove_round_robin", pool_lanes_rove_round_robin, PERF_EACH},
    {&perf_pool_timing, "rove", pool_timing_rove, PERF_EACH},
    {&perf_pool_timing, "rove_untimed", pool_timing_rove_untimed, PERF_EACH},
    {&perf_pool_jobs_1us, "rove", pool_jobs_rove, PERF_EACH},
    {&perf_pool_jobs_10us, "rove", pool_jobs_rove, PERF_EACH},
    {&perf_pool_jobs_100us, "rove", pool_jobs_rove, PERF_EACH},
    {&perf_pool_latency, "rove", pool_latency_rove, PERF_EACH_SPARING},
    {&perf_pool_latency, "rove_cold", pool_latency_rove_cold, PERF_EACH_SPARING},
    {&perf_pool_latency_even, "rove", pool_latency_rove, PERF_EACH_SPARING},
    {&perf_pool_latency_even, "rove_cold", pool_latency_rove_cold, PERF_EACH_SPARING},
    {&perf_micro_pool_submit, "rove", micro_pool_submit_rove, PERF_EACH},
    {&perf_micro_pool_submit, "rove_inside", micro_pool_submit_rove_inside, PERF_EACH},
};

const struct perf_runtime perf_rove_runtime = {
    .title = "Rove",
    .variants = rove_variants,
    .variant_count = sizeof rove_variants / sizeof *rove_variants,
    .start = rove_start,
    .stop = rove_stop,
    .steals = rove_steals,
};
