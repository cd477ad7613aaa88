/*
 * Running jobs on a thread that came for something else: a worker that finds the queue full, the only thread of a
 * serial pool; and lending out the driver of a job that waits.
 */
#include "runtime/pool/run.h"

/* A driver that lies on the stack. */
static void helper_begin(struct pool_run *run, struct rove_pool *pool, struct pool_driver *helper)
{
    *helper = (struct pool_driver){.pool = pool, .is_helper = true};
    rovei_run_begin(run, pool, helper);
}

/* Under the lock: accounts for what was run. The lane of a keyed pool is for others again. */
static void helper_finish(struct rove_pool *pool, struct pool_driver *helper)
{
    rovei_pool_finish(pool, helper);
    if (!helper->is_counted)
        return;
    helper->is_counted = false;
    pool->active--;
    pool->lanes[helper->lane].drivers--;
    rovei_pool_rouse(pool);
}

/* Runs one job. Of a keyed pool it may only take what no lane is at. */
static bool help_once(struct rove_pool *pool)
{
    struct pool_driver helper;
    struct pool_run run;
    struct pool_cell *cell;
    bool is_moved;
    helper_begin(&run, pool, &helper);
    pool_lock(pool);
    size_t count = rovei_pool_take(pool, &helper, &cell, &is_moved);
    rovei_pool_offer_room(pool);
    pool_unlock(pool);
    if (count == 0)
        return false;
    rovei_run_job(&run, cell);
    helper_finish(pool, &helper);
    rovei_pool_offer_room(pool);
    pool_unlock(pool);
    return true;
}

/* Runs the jobs of a serial pool until there are none, unless another thread is at it. Returns whether any was run. */
static bool serial_run(struct rove_pool *pool)
{
    struct pool_driver driver;
    struct pool_run run;
    struct pool_cell *cell;
    bool is_moved;
    bool has_run = false;
    helper_begin(&run, pool, &driver);
    for (;;) {
        helper_finish(pool, &driver);
        run.now = driver.since;
        bool is_mine = !pool->serial || pool->serial == &driver;
        size_t count = is_mine ? rovei_pool_take(pool, &driver, &cell, &is_moved) : 0;
        if (is_mine)
            pool->serial = count > 0 ? &driver : NULL;
        rovei_pool_offer_room(pool);
        pool_unlock(pool);
        if (count == 0)
            return has_run;
        has_run = true;
        rovei_run_job(&run, cell);
    }
}

/* What the worker is in the middle of waits for this, as if for a group. */
bool rovei_pool_help(struct rove_pool *pool)
{
    struct rovei_worker *worker = worker_self();
    struct rovei_lender *lender = worker ? rovei_worker_lend(worker) : NULL;
    bool has_helped = pool->config.is_serial ? serial_run(pool) : help_once(pool);
    if (worker)
        rovei_worker_take_back(worker, lender);
    return has_helped;
}

static void serial_drive(void *pool)
{
    serial_run(pool);
}

/* Whether the innermost job of the worker is one of this pool. */
static bool worker_is_in(const struct rovei_worker *worker, const struct rove_pool *pool)
{
    const struct rovei_lender *lender = worker->lender;
    return lender && lender->lent_out == rovei_run_lent_out && ((const struct pool_run *)lender)->pool == pool;
}

/* Relaxed for `queued`: it is a job that the caller has queued, or was told of, which orders it. A job of another pool
 * waits for this, as in rovei_pool_help. On top of a job of this pool that does not wait nothing runs: the lane of that
 * one is taken, and what runs on top could wait for it. */
bool rovei_pool_drive_serial(struct rove_pool *pool)
{
    if (!pool->config.is_serial || ROVEI_LOAD(pool->queued, RELAXED) == 0)
        return false;
    struct rovei_worker *worker = worker_self();
    if (worker && worker_is_in(worker, pool))
        return false;
    struct rovei_lender *lender = worker ? rovei_worker_lend(worker) : NULL;
    rove_status status = rove_run(pool->runtime, serial_drive, pool);
    if (worker)
        rovei_worker_take_back(worker, lender);
    if (status != ROVE_OK)
        rovei_pool_sweep(pool);
    return true;
}

/* Under the lock. A job that waits gives back the room that its result was promised: it may wait for a job that needs
 * it. False if nobody could be found to run others meanwhile. */
static bool lend(struct pool_run *run)
{
    struct rove_pool *pool = run->pool;
    struct pool_driver *driver = run->driver;
    struct pool_lane *lane = &pool->lanes[driver->lane_taken];
    run->was_counted = driver->is_counted;
    if (driver->is_counted) {
        driver->is_counted = false;
        pool->active--;
        pool->lanes[driver->lane].drivers--;
    }
    if (pool->serial == driver)
        pool->serial = NULL;
    driver->is_lent = true;
    pool->lent++;
    pool->running--;
    run->suspended = (struct pool_suspended){run->cell->key, lane->suspended};
    lane->suspended = &run->suspended;
    rovei_stream_unpromise(pool, 1);
    rovei_pool_offer_room(pool);
    return rovei_pool_rouse(pool);
}

/* Under the lock. A driver that is back where others are at work already leaves them the rest of its hand. */
static void give_hand_back(struct rove_pool *pool, struct pool_driver *driver)
{
    struct pool_cell *cell;
    while ((cell = hand_take(&driver->hand)) != NULL) {
        rovei_lane_put_back(&pool->lanes[cell->lane], cell, pool->allocator);
        pool_set_queued(pool, pool->queued + 1);
        pool->running--;
        rovei_stream_unpromise(pool, 1);
    }
}

/* Under the lock. There may be no room for the result of the job any more; it will have it all the same. */
static void take_back(struct pool_run *run)
{
    struct rove_pool *pool = run->pool;
    struct pool_driver *driver = run->driver;
    struct pool_suspended **link = &pool->lanes[driver->lane_taken].suspended;
    while (*link != &run->suspended)
        link = &(*link)->next;
    *link = run->suspended.next;
    pool->lanes[driver->lane_taken].is_blocked = false;
    driver->is_lent = false;
    pool->lent--;
    pool->running++;
    driver->is_counted = run->was_counted;
    if (driver->is_counted) {
        pool->active++;
        pool->lanes[driver->lane].drivers++;
        if (pool->active > rovei_pool_width(pool))
            give_hand_back(pool, driver);
    }
    if (pool->config.is_serial && !pool->serial)
        pool->serial = driver;
    rovei_stream_insist(pool);
}

void rovei_run_lent_out(struct rovei_lender *lender, bool begins)
{
    struct pool_run *run = (struct pool_run *)lender;
    struct rove_pool *pool = run->pool;
    bool is_served = true;
    pool_lock(pool);
    if (begins)
        is_served = lend(run);
    else
        take_back(run);
    pool_unlock(pool);
    if (begins)
        rovei_pool_drive_serial(pool);
    while (!is_served && help_once(pool))
        ;
}
