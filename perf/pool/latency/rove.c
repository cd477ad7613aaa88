/*
 * Waiting times in Rove's pools.
 */
#include "pool/latency/latency.h"
#include "pool/rove_pool.h"

static rove_pool *latency_pool;

static int latency_job(void *arg, void **value)
{
    (void)value;
    pool_latency_work(arg);
    return 0;
}

static void submit(struct pool_latency_job *job)
{
    perf_rove_require(rove_pool_submit(latency_pool, latency_job, job), "rove_pool_submit");
}

void pool_latency_rove_cold(void)
{
    rove_pool_stats stats;
    rove_pool_config config = perf_pool_config();
    latency_pool = perf_pool_open(&config);
    pool_latency_drive(rove_worker_count(perf_rove_current()), submit);
    perf_pool_wait(latency_pool);
    perf_rove_require(rove_pool_get_stats(latency_pool, &stats), "rove_pool_get_stats");
    pool_latency_add_own(rove_histogram_quantile(&stats.waiting, 0.5), rove_histogram_quantile(&stats.waiting, 0.99));
    perf_pool_close(latency_pool);
}

void pool_latency_rove(void)
{
    perf_rove_require(rove_phase_begin(perf_rove_current()), "rove_phase_begin");
    pool_latency_rove_cold();
    perf_rove_require(rove_phase_end(perf_rove_current()), "rove_phase_end");
}
