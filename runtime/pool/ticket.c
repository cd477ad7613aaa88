/*
 * What can be done to a job that was submitted.
 */
#include "runtime/pool/after.h"
#include "runtime/pool/keeper.h"
#include "runtime/pool/pool.h"
#include "runtime/task/cancel.h"

/* Under the lock. */
static rove_status ticket_move(struct rove_pool *pool, rove_ticket ticket, int priority)
{
    struct pool_cell *cell = cells_find(&pool->cells, ticket);
    if (!cell || cell->state == CELL_ENDED)
        return ROVE_INVALID;
    struct pool_lane *lane = &pool->lanes[cell->lane];
    bool is_queued = cell->state == CELL_QUEUED && rovei_lane_has(lane, cell);
    if (cell->state == CELL_QUEUED && !is_queued)
        return ROVE_BUSY;
    if (is_queued)
        rovei_lane_remove(lane, cell);
    cell->level = (uint8_t)priority;
    if (is_queued)
        rovei_lane_put_back(lane, cell, pool->allocator);
    return ROVE_OK;
}

rove_status rove_job_set_priority(rove_pool *pool, rove_ticket ticket, int priority)
{
    rove_status status = pool_check(pool);
    if (status)
        return status;
    if (priority < 0 || priority >= pool->config.levels)
        return ROVE_INVALID;
    pool_lock(pool);
    status = ticket_move(pool, ticket, priority);
    pool_unlock(pool);
    return status;
}

/* Under the lock. A job that has not started keeps its place and ends when its turn comes. */
static rove_status ticket_cancel(struct rove_pool *pool, rove_ticket ticket)
{
    struct pool_cell *cell = cells_find(&pool->cells, ticket);
    if (!cell || cell->state == CELL_ENDED)
        return ROVE_INVALID;
    bool is_taken = cell->state == CELL_QUEUED && !rovei_lane_has(&pool->lanes[cell->lane], cell);
    cell->is_canceled = true;
    if (is_taken && cell->scope)
        rovei_scope_end(cell->scope, ROVE_CANCELED);
    if (!is_taken) {
        cell->doom = ROVE_CANCELED;
        cell->error = 0;
        rovei_keeper_hurry_one(pool, cell);
        if (cell->state == CELL_HELD && cell->attempts == 0 && rovei_after_cancel(cell))
            rovei_pool_unhold_locked(pool, cell, ROVE_CANCELED, 0);
    }
    return ROVE_OK;
}

rove_status rove_job_cancel(rove_pool *pool, rove_ticket ticket)
{
    rove_status status = pool_check(pool);
    if (status)
        return status;
    pool_lock(pool);
    status = ticket_cancel(pool, ticket);
    pool_unlock(pool);
    return status;
}
