/*
 * A pool on the runtime of the running benchmark.
 */
#include "pool/rove_pool.h"

rove_pool_config perf_pool_config(void)
{
    rove_pool_config config;
    rove_pool_config_default(&config);
    config.runtime = perf_rove_current();
    return config;
}

rove_pool *perf_pool_open(const rove_pool_config *config)
{
    rove_pool *pool;
    perf_rove_require(rove_pool_create(&pool, config, NULL), "rove_pool_create");
    return pool;
}

void perf_pool_wait(rove_pool *pool)
{
    perf_rove_require(rove_pool_wait(pool, ROVE_NEVER), "rove_pool_wait");
}

void perf_pool_close(rove_pool *pool)
{
    perf_rove_require(rove_pool_destroy(pool), "rove_pool_destroy");
}
