/*
 * Jobs in the plain pool.
 */
#include "runtimes/plain.h"
#include "pool/jobs/jobs.h"
#include "pool/timer.h"

static void work_job(void *arg)
{
    pool_jobs_work(pool_jobs_index(arg));
}

void pool_jobs_plain(void)
{
    perf_timer_begin();
    for (int64_t i = 0; i < pool_jobs_count; i++)
        perf_plain_submit(work_job, pool_jobs_place(i));
    perf_plain_wait();
    perf_timer_end();
}
