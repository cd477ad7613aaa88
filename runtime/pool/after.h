/*
 * Jobs that wait for futures: each of these is followed (task/future.h), and the last one to end lets the job go on.
 */
#ifndef ROVEI_POOL_AFTER_H
#define ROVEI_POOL_AFTER_H

#include "runtime/pool/pool.h"

/* Checks that all of them are made. ROVE_OK or ROVE_INVALID. */
rove_status rovei_after_check(rove_future *const *after, size_t count);

/* Memory for following `count` futures, stored in the cell. ROVE_OK or ROVE_NO_MEMORY. Without the lock. */
rove_status rovei_after_prepare(struct rove_pool *pool, struct pool_cell *cell, size_t count);

/*
 * Calls rovei_pool_unhold for the cell when all futures have ended, at once if they have; with the outcome and the
 * error of the first in their order that has no value as the doom. The cell may be gone when it returns. Without the
 * lock. Cannot fail. Requires: it was prepared for so many.
 */
void rovei_after_follow(struct rove_pool *pool, struct pool_cell *cell, rove_future *const *after, size_t count);

/*
 * The job is canceled and does not wait for the rest of its futures. Returns whether the caller is the one that lets it
 * go on, with ROVE_CANCELED as its doom; if not, rovei_pool_unhold is, or was just now, called for it by somebody else.
 * Requires: the cell waits for futures. Under the lock.
 */
bool rovei_after_cancel(struct pool_cell *cell);

/* Frees what rovei_after_prepare has made, if anything. Whoever has the cell, when it is not held any more. */
void rovei_after_free(struct rove_pool *pool, struct pool_cell *cell);

#endif
