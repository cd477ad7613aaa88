/*
 * The keeper: a pool's own thread, which sees to what is bound to times: jobs that run again after a pause, and jobs
 * that have run for too long (watchdog.h). It sleeps until the next of them, and for good if there is none. It is
 * started when it is first needed.
 *
 * Edges
 *   [keeper]  keeper of the pool (release) under the lock, once -> a handler of signals, or a worker (acquire): it is
 *             made
 *   [ring]    bell (seq_cst), after what it is to see -> the keeper (seq_cst), which reads the bell, looks at
 *             everything, and sleeps only if the bell is as it was. What it then sees lies under the pool's lock or has
 *             edges of its own (watchdog.h, and [stop] of pool.h)
 */
#ifndef ROVEI_POOL_KEEPER_H
#define ROVEI_POOL_KEEPER_H

#include "runtime/pool/pool.h"

/* Starts the thread unless it runs. ROVE_OK, ROVE_NO_THREADS or ROVE_NO_MEMORY. Without the lock. */
rove_status rovei_keeper_need(struct rove_pool *pool);

/* Ends and joins it; nothing is held any more, or will ever be let go. Without the lock, on any other thread. */
void rovei_keeper_stop(struct rove_pool *pool);

/* Has a job run again at `cell->due`: then it is no longer held (rovei_pool_unhold_locked). Under the lock. Cannot
 * fail: cells bring their own links. Requires: the keeper was needed. */
void rovei_keeper_delay(struct rove_pool *pool, struct pool_cell *cell);

/* All that is delayed, now or later, is due now: the pool was canceled. Under the lock. */
void rovei_keeper_hurry(struct rove_pool *pool);

/* The same for one cell; nothing happens if it is not delayed, or not any more. Under the lock. */
void rovei_keeper_hurry_one(struct rove_pool *pool, struct pool_cell *cell);

/* Wakes it. Any thread, also a signal handler: then it notices a stop. */
void rovei_keeper_ring(struct rove_pool *pool);

/* A worker shows that it is at a job that has just started (pool_worker_show), in a pool with a watchdog. On that
 * worker, without the lock. */
void rovei_keeper_watch(struct rove_pool *pool, struct pool_worker *worker);

#endif
