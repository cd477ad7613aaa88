/*
 * Jobs in Rove's pool.
 */
#include "pool/jobs/jobs.h"
#include "pool/rove_pool.h"
#include "pool/timer.h"

static int work_job(void *arg, void **value)
{
    (void)value;
    pool_jobs_work(pool_jobs_index(arg));
    return 0;
}

void pool_jobs_rove(void)
{
    rove_pool_config config = perf_pool_config();
    rove_pool *pool = perf_pool_open(&config);
    perf_timer_begin();
    for (int64_t i = 0; i < pool_jobs_count; i++)
        perf_rove_require(rove_pool_submit(pool, work_job, pool_jobs_place(i)), "rove_pool_submit");
    perf_pool_wait(pool);
    perf_timer_end();
    perf_pool_close(pool);
}
