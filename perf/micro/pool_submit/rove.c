/*
 * micro/pool_submit with Rove.
 */
#include "micro/pool_submit/pool_submit.h"
#include "pool/rove_pool.h"
#include "pool/timer.h"

static int count_job(void *arg, void **value)
{
    (void)value;
    ++*(int32_t *)arg;
    return 0;
}

static void measure(void *arg)
{
    (void)arg;
    rove_pool_config config = perf_pool_config();
    rove_pool *pool = perf_pool_open(&config);
    perf_timer_begin();
    for (int64_t batch = 0; batch < micro_pool_batches; batch++) {
        for (int i = 0; i < PERF_CELLS; i++)
            perf_rove_require(rove_pool_submit(pool, count_job, &perf_cells[i]), "rove_pool_submit");
        perf_pool_wait(pool);
    }
    perf_timer_end();
    perf_pool_close(pool);
}

void micro_pool_submit_rove(void)
{
    measure(NULL);
}

void micro_pool_submit_rove_inside(void)
{
    perf_rove_run(measure);
}
