/*
 * The stream of results: cells of jobs that have ended, in the order in which they did, under a lock of its own. No
 * memory is needed for a result: it lies in the cell of its job.
 *
 * With ROVE_OVERFLOW_BLOCK room is promised before a job starts, by the driver that takes it (`results_held` of the
 * pool), and taken back by whoever reads the record. The other policies always have room.
 *
 * Cells that were read are the pool's again, but a reader does not take the pool's lock to give them back: it leaves
 * them in `spent`, a stack that is only ever emptied as a whole.
 *
 * Edges
 *   [spent]  spent (release, compare and exchange) by a reader -> the pool (acquire, exchange): it has read the cells
 */
#ifndef ROVEI_POOL_STREAM_H
#define ROVEI_POOL_STREAM_H

#include "runtime/platform/mutex.h"
#include "runtime/pool/cell.h"
#include "runtime/pool/waiter.h"

/* Under its lock, but for `spent`. */
struct pool_stream {
    struct rovei_mutex lock;
    struct pool_cell *oldest;
    struct pool_cell *newest; /* if there is an oldest */
    size_t length;
    bool is_ended; /* nothing will come */
    struct pool_waiters readers;
    _Atomic(struct pool_cell *) spent; /* cells that were read, for the pool to take back */
};

void rovei_stream_init(struct pool_stream *stream);
void rovei_stream_fini(struct pool_stream *stream);

/*
 * Adds the record of a job that has ended, as the policy says. Returns the cell that nobody needs any more, which the
 * caller gives back: that of the record that was dropped, or handed to on_result; or NULL. On a worker, without locks.
 * Requires: the pool has a stream; with ROVE_OVERFLOW_BLOCK, room was promised for it.
 */
struct pool_cell *rovei_stream_push(struct rove_pool *pool, struct pool_cell *cell);

/* Readers that wait look again, and serve the pool if need be. Under the pool's lock. */
void rovei_stream_stir(struct rove_pool *pool);

/* Nothing will come any more. Under the pool's lock. */
void rovei_stream_end(struct rove_pool *pool);

/* Takes over the cells that were read. Under the pool's lock. */
void rovei_stream_reclaim(struct rove_pool *pool);

/* Promises room for the results of up to `most` jobs that are about to start; returns for how many. Sets `is_stalled`
 * if there is none. Under the pool's lock. Without a bound, or once the pool is closed, it promises all that is asked.
 * */
size_t rovei_stream_promise(struct rove_pool *pool, size_t most);

/* Takes promises back: so many jobs did not start or end after all. Starts drivers that were stalled. Under the pool's
 * lock. */
void rovei_stream_unpromise(struct rove_pool *pool, size_t count);

/* Starts the drivers that have given up for want of room, if any have: the pool was closed. Under the pool's lock. */
void rovei_stream_unstall(struct rove_pool *pool);

/* Promises room for one result, whether or not there is any. Under the pool's lock. */
void rovei_stream_insist(struct rove_pool *pool);

/* How many records are there to be read. Any thread. */
size_t rovei_stream_length(struct rove_pool *pool);

/* The record of a job that has ended. */
void rovei_cell_result(const struct pool_cell *cell, rove_result *result);

#endif
