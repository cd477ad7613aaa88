/*
 * The end of a pool: closing, canceling, waiting until nothing is left.
 */
#include "runtime/pool/after.h"
#include "runtime/pool/keeper.h"
#include "runtime/task/cancel.h"

#include <errno.h>

/* Every bell: wakes workers that wait, too. */
enum { POOL_ALL_BELLS = (1 << POOL_BELLS) - 1 };

void rovei_pool_unlock_due(struct rove_pool *pool)
{
    struct pool_due due = pool->due;
    struct rove_runtime *runtime = pool->runtime;
    struct rovei_worker *self = pool_worker_self(pool);
    pool->due = (struct pool_due){0};
    mutex_unlock(&pool->lock);
    if (due.bells)
        rovei_bells_ring(pool, due.bells);
    if (due.wakes_for)
        rovei_wake_for(due.wakes_for, self);
    if (due.wakes_one)
        rovei_wake_one(runtime, self);
}

/* Under the lock: nothing is left, and nothing will come. */
static void pool_end(struct rove_pool *pool)
{
    if (!pool->is_closed || pool->left > 0 || pool->has_ended)
        return;
    pool->has_ended = true;
    rovei_stream_end(pool);
}

void rovei_pool_count_ended(struct rove_pool *pool, size_t ended)
{
    pool->left -= ended;
    pool->ended += ended;
    if (pool->left > 0)
        return;
    pool_end(pool);
    pool->due.bells |= rovei_waiters_signal(&pool->for_end, SIZE_MAX);
}

/* Under the lock. A stream that has no room any more makes some once the pool is closed. */
static void pool_close(struct rove_pool *pool)
{
    pool->is_closed = true;
    atomic_store_explicit(&pool->is_stalled, false, memory_order_relaxed); /* under the lock */
    pool->due.bells |= rovei_waiters_signal(&pool->for_room, SIZE_MAX);
    pool_end(pool);
}

/* Under the lock: jobs do not wait for their futures any more. */
static void pool_cancel_held(struct rove_pool *pool)
{
    for (size_t i = 0; i < pool->cells.count && pool->held_after > 0; i++) {
        struct pool_cell *cell = cells_at(&pool->cells, i);
        if (cell->state == CELL_HELD && cell->attempts == 0 && rovei_after_cancel(cell))
            rovei_pool_unhold_locked(pool, cell, ROVE_CANCELED, 0);
    }
}

void rovei_pool_stop(struct rove_pool *pool)
{
    if (pool->is_canceled)
        return;
    pool->is_canceled = true;
    atomic_store_explicit(&pool->stop_noticed, 1, memory_order_seq_cst); /* [stop] */
    rovei_scope_end(&pool->scope, ROVE_CANCELED);
    pool_close(pool);
    rovei_keeper_hurry(pool);
    pool_cancel_held(pool);
    rovei_pool_rouse(pool);
}

void rovei_pool_sweep(struct rove_pool *pool)
{
    pool_lock(pool);
    bool is_dead = runtime_is_closed(pool->runtime) && !pool_worker_self(pool) && pool->queued > 0;
    is_dead = is_dead && (pool->config.is_serial || !rovei_pool_rouse(pool));
    if (is_dead)
        rovei_pool_stop(pool);
    pool_unlock(pool);
    while (is_dead && rovei_pool_help(pool))
        ;
}

/* Under the lock: whether jobs are queued that only the caller would see to. */
static bool pool_is_unserved(struct rove_pool *pool)
{
    if (!pool->config.is_serial)
        return runtime_is_closed(pool->runtime) && !pool_worker_self(pool) && pool->queued > 0 &&
               !rovei_pool_rouse(pool);
    if (pool->serial || atomic_load_explicit(&pool->is_stalled, memory_order_relaxed)) /* set under the lock */
        return false;
    for (int i = 0; i < pool->lane_count; i++)
        if (pool->lanes[i].length > 0 && pool->lanes[i].drivers == 0 && !pool->lanes[i].is_blocked)
            return true;
    return false;
}

bool rovei_pool_attend(struct rove_pool *pool)
{
    if (!pool->config.is_serial && !runtime_is_closed(pool->runtime))
        return false;
    pool_lock(pool);
    bool is_unserved = pool_is_unserved(pool);
    pool_unlock(pool);
    if (is_unserved && pool->config.is_serial)
        return rovei_pool_drive_serial(pool);
    if (is_unserved)
        rovei_pool_sweep(pool);
    return is_unserved;
}

rove_status rove_pool_close(rove_pool *pool)
{
    rove_status status = pool_check(pool);
    if (status)
        return status;
    pool_lock(pool);
    bool is_first = !pool->is_closed;
    if (is_first)
        pool_close(pool);
    rovei_pool_rouse(pool);
    size_t left = pool->left;
    pool_unlock(pool);
    if (is_first)
        rovei_pool_log(pool, "closed, %zu jobs left", left);
    return ROVE_OK;
}

rove_status rove_pool_cancel(rove_pool *pool)
{
    rove_status status = pool_check(pool);
    if (status)
        return status;
    pool_lock(pool);
    bool is_first = !pool->is_canceled && !pool->has_ended;
    rovei_pool_stop(pool);
    size_t left = pool->left;
    pool_unlock(pool);
    rovei_pool_drive_serial(pool);
    rovei_pool_sweep(pool);
    if (is_first)
        rovei_pool_log(pool, "canceled, %zu jobs left", left);
    return ROVE_OK;
}

/* The scope is told at once, so that jobs which ask stop at once; all else is for whoever wakes up or takes the lock.
 * */
void rove_pool_request_stop(rove_pool *pool)
{
    if (pool_check(pool) != ROVE_OK)
        return;
    int error = errno;
    atomic_store_explicit(&pool->stop, 1, memory_order_seq_cst); /* [stop] */
    rovei_scope_end(&pool->scope, ROVE_CANCELED);
    rovei_bells_ring(pool, POOL_ALL_BELLS);
    rovei_keeper_ring(pool);
    errno = error;
}

rove_pool_state rove_pool_get_state(const rove_pool *pool)
{
    if (pool_check(pool) != ROVE_OK)
        return ROVE_POOL_CLOSED;
    struct rove_pool *locked = (struct rove_pool *)pool; /* nothing of it changes but who holds the lock */
    pool_lock(locked);
    rove_pool_state state = pool->has_ended     ? ROVE_POOL_CLOSED
                            : pool->is_canceled ? ROVE_POOL_STOPPING
                            : pool->is_closed   ? ROVE_POOL_DRAINING
                                                : ROVE_POOL_OPEN;
    pool_unlock(locked);
    return state;
}

bool rovei_pool_is_beneath(const struct rove_pool *pool)
{
    const struct rovei_worker *worker = worker_self();
    if (worker && worker->innermost)
        worker = worker->innermost;
    for (; worker; worker = worker->outer)
        for (const struct rovei_frame *frame = worker->running; frame; frame = frame->below)
            if (frame->group == pool)
                return true;
    return false;
}

static rove_status pool_wait(struct rove_pool *pool, int64_t until)
{
    struct pool_waiter waiter = {0};
    rove_status status = ROVE_OK;
    for (;;) {
        pool_lock(pool);
        if (waiter.is_listed)
            rovei_waiter_leave(&pool->for_end, &waiter);
        bool is_over = pool->left == 0;
        if (!is_over && !status)
            rovei_waiter_enter(pool, &pool->for_end, &waiter);
        pool_unlock(pool);
        if (is_over || status)
            return is_over ? ROVE_OK : status;
        if (!rovei_pool_attend(pool))
            status = rovei_waiter_wait(pool, &waiter, until);
        if (status == ROVE_FORKED)
            return status;
    }
}

rove_status rove_pool_wait(rove_pool *pool, int64_t until)
{
    rove_status status = pool_check(pool);
    if (status)
        return status;
    return rovei_pool_is_beneath(pool) ? ROVE_BUSY : pool_wait(pool, until);
}

rove_status rove_pool_drain(rove_pool *pool, int64_t until)
{
    rove_status status = rove_pool_close(pool);
    return status ? status : rove_pool_wait(pool, until);
}

rove_status rove_pool_destroy(rove_pool *pool)
{
    if (!pool)
        return ROVE_OK;
    rove_status status = pool_check(pool);
    if (status)
        return status;
    if (rovei_pool_is_beneath(pool))
        return ROVE_BUSY;
    rove_pool_cancel(pool);
    status = pool_wait(pool, ROVE_NEVER);
    if (status)
        return status;
    rovei_keeper_stop(pool);
    rovei_pool_workers_stop(pool);
    rovei_scope_discount(&pool->scope); /* nothing runs in it any more */
    rovei_pool_release(pool);
    return ROVE_OK;
}
