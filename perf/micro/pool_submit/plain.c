/*
 * micro/pool_submit with the plain pool.
 */
#include "runtimes/plain.h"
#include "micro/pool_submit/pool_submit.h"
#include "pool/timer.h"

static void count_job(void *arg)
{
    ++*(int32_t *)arg;
}

void micro_pool_submit_plain(void)
{
    perf_timer_begin();
    for (int64_t batch = 0; batch < micro_pool_batches; batch++) {
        for (int i = 0; i < PERF_CELLS; i++)
            perf_plain_submit(count_job, &perf_cells[i]);
        perf_plain_wait();
    }
    perf_timer_end();
}
