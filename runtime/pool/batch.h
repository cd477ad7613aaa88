/*
 * Batches from inside. A batch counts its jobs: `left` of them have not ended. The step that brings it to zero is the
 * last access to the batch, because whoever waits may free it at once; it is made under the pool's lock, where waiters
 * are listed.
 *
 * The pool may be gone before the batch is waited for: when no job is left, nobody looks at the pool any more, nor at
 * what is above the batch's scope.
 *
 * Edges
 *   [begun]  pool (release) by the first submission -> other submissions, waiters (acquire): the batch is prepared
 *   [left]   left (release) by each job that ends -> left (acquire) of whoever waits: the results
 *
 * Relaxed for all else: the counters and the scope are read by waiters after [left].
 */
#ifndef ROVEI_POOL_BATCH_H
#define ROVEI_POOL_BATCH_H

#include "runtime/pool/pool.h"

#include <rove/batch.h>

/* A job is about to be submitted: prepares the batch if need be and counts it. ROVE_OK; ROVE_INVALID if the batch has
 * jobs in another pool, or for an index out of range; ROVE_CANCELED or ROVE_TIMED_OUT if it is over. Without the pool's
 * lock, as the next two. */
rove_status rovei_batch_enter(struct rove_batch *batch, struct rove_pool *pool, size_t index);

/* It was not accepted after all. */
void rovei_batch_withdraw(struct rove_batch *batch);

/* It has ended: stores its result, does what the policy says, and counts it out, which is the last access. */
void rovei_batch_leave(struct rove_batch *batch, size_t index, const rove_result *result);

/* Whether jobs of the batch are not to start any more; NULL: no. Who is about to wait for room asks under the pool's
 * lock, so that whoever cancels the batch either is heard or finds the waiter. */
bool rovei_batch_is_over(struct rove_batch *batch);

/* The scope of its jobs. */
rove_scope *rovei_batch_scope(struct rove_batch *batch);

#endif
