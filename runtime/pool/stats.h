/*
 * What a pool does, for those who write it down.
 */
#ifndef ROVEI_POOL_STATS_H
#define ROVEI_POOL_STATS_H

#include "runtime/pool/pool.h"

/* The number that the shared record goes by: that of a thread which is no worker. */
enum { POOL_SHARED_INDEX = -1 };

/* Fills in what a worker has done and is at, with the readable beginning of the job's name in `at`, which means
 * something only if `worker->age` is not negative. False if it has run no jobs of the pool. */
bool rovei_pool_describe_worker(const struct rove_pool *pool, int index, rove_pool_worker *worker, struct pool_at *at);

#endif
