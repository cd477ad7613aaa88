/*
 * A pool on the runtime of the running benchmark.
 */
#ifndef PERF_POOL_ROVE_POOL_H
#define PERF_POOL_ROVE_POOL_H

#include "runtimes/rove.h"

ROVE_BEGIN_C

/* The defaults, on the runtime of the running benchmark. */
rove_pool_config perf_pool_config(void);

/* Makes a pool as `config` says, or ends the program. */
rove_pool *perf_pool_open(const rove_pool_config *config);

/* Returns when all jobs have ended. */
void perf_pool_wait(rove_pool *pool);

void perf_pool_close(rove_pool *pool);

ROVE_END_C

#endif
