/*
 * Throughput of Rove's pools.
 */
#include "pool/crowd.h"
#include "pool/rove_pool.h"
#include "pool/submit/submit.h"
#include "pool/timer.h"

static int count_job(void *arg, void **value)
{
    (void)value;
    ++*(uint8_t *)arg;
    return 0;
}

static void submit_range(int64_t begin, int64_t end, void *pool)
{
    for (int64_t i = begin; i < end; i++)
        perf_rove_require(rove_pool_submit(pool, count_job, &pool_runs[i]), "rove_pool_submit");
}

static void submit_single(rove_pool *pool)
{
    perf_timer_begin();
    submit_range(0, pool_job_count, pool);
}

static void submit_bulk(rove_pool *pool)
{
    perf_timer_begin();
    for (int64_t i = 0; i < pool_job_count; i += POOL_BULK) {
        int64_t left = pool_job_count - i;
        size_t count = (size_t)(left < POOL_BULK ? left : POOL_BULK);
        perf_rove_require(rove_pool_submit_many(pool, count_job, &pool_runs[i], 1, count, NULL),
                          "rove_pool_submit_many");
    }
}

static void submit_crowd(rove_pool *pool)
{
    perf_crowd_run(POOL_SUBMITTERS, pool_job_count, submit_range, pool);
}

/* Submits with levels and keys in turn; a pool that has but one of either takes no notice of them. */
static void submit_described(rove_pool *pool, int levels, uint64_t keys)
{
    perf_timer_begin();
    for (int64_t i = 0; i < pool_job_count; i++) {
        rove_job job = {
            .fn = count_job, .arg = &pool_runs[i], .priority = (int)(i % levels), .key = (uint64_t)i % keys};
        perf_rove_require(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), "rove_pool_submit_job");
    }
}

static void submit_leveled(rove_pool *pool)
{
    submit_described(pool, POOL_LEVELS, 1);
}

static void submit_keyed(rove_pool *pool)
{
    submit_described(pool, 1, POOL_KEYS);
}

/* From the begin of the submission, which starts the timer, until all jobs have run. */
static void measure(const rove_pool_config *config, void (*submit)(rove_pool *pool))
{
    rove_pool *pool = perf_pool_open(config);
    submit(pool);
    perf_pool_wait(pool);
    perf_timer_end();
    perf_pool_close(pool);
}

void pool_submit_rove(void)
{
    rove_pool_config config = perf_pool_config();
    measure(&config, submit_single);
}

void pool_submit_many_rove(void)
{
    rove_pool_config config = perf_pool_config();
    measure(&config, submit_bulk);
}

void pool_submitters_rove(void)
{
    rove_pool_config config = perf_pool_config();
    measure(&config, submit_crowd);
}

void pool_priorities_rove(void)
{
    rove_pool_config config = perf_pool_config();
    config.levels = POOL_LEVELS;
    measure(&config, submit_leveled);
}

void pool_lanes_rove(void)
{
    rove_pool_config config = perf_pool_config();
    config.placement = ROVE_PLACE_KEYED;
    measure(&config, submit_keyed);
}

void pool_lanes_rove_round_robin(void)
{
    rove_pool_config config = perf_pool_config();
    config.placement = ROVE_PLACE_ROUND_ROBIN;
    measure(&config, submit_keyed);
}

void pool_timing_rove(void)
{
    rove_pool_config config = perf_pool_config();
    measure(&config, submit_single);
}

void pool_timing_rove_untimed(void)
{
    rove_pool_config config = perf_pool_config();
    config.is_untimed = true;
    measure(&config, submit_single);
}
