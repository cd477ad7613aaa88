/*
 * Throughput of the plain pool.
 */
#include "runtimes/plain.h"
#include "pool/crowd.h"
#include "pool/submit/submit.h"
#include "pool/timer.h"

static void count_job(void *arg)
{
    ++*(uint8_t *)arg;
}

static void submit_range(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        perf_plain_submit(count_job, &pool_runs[i]);
}

void pool_submit_plain(void)
{
    perf_timer_begin();
    submit_range(0, pool_job_count, NULL);
    perf_plain_wait();
    perf_timer_end();
}

void pool_submitters_plain(void)
{
    perf_crowd_run(POOL_SUBMITTERS, pool_job_count, submit_range, NULL);
    perf_plain_wait();
    perf_timer_end();
}
