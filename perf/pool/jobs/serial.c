/*
 * The jobs one after the other.
 */
#include "pool/jobs/jobs.h"
#include "pool/timer.h"

void pool_jobs_serial(void)
{
    perf_timer_begin();
    for (int64_t i = 0; i < pool_jobs_count; i++)
        pool_jobs_work(i);
    perf_timer_end();
}
