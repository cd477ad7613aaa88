/*
 * Submission: one job, many of one kind, or one with all that can be said about it.
 */
#include "runtime/platform/clock.h"
#include "runtime/platform/cpu.h"
#include "runtime/pool/after.h"
#include "runtime/pool/batch.h"
#include "runtime/pool/keeper.h"
#include "runtime/sched/wait.h"
#include "runtime/task/future.h"

#include <limits.h>

/* Threads that wait for room are woken when a quarter of the queue is free, because to wake one for each short job
 * costs more than the job; at once, if jobs take longer than so many nanoseconds, or if the queue gets no shorter. */
enum { SUBMIT_LONG = 200000 };

/* How long a thread waits for room, in nanoseconds, before it sleeps. */
enum { SUBMIT_PATIENCE = 5000 };

/* How long it sleeps, in nanoseconds, before it looks itself: jobs that were short may be followed by long ones, and
 * then the quarter is long in coming. */
enum { SUBMIT_NAP = 10000000 };

/* What is submitted: `job`, or `count` plain ones. */
struct submission {
    const rove_job *job; /* or NULL */
    rove_job_fn *fn;
    char *args;
    size_t stride;
    size_t count;
    size_t done; /* of them */
    int64_t until;
    int64_t now; /* ticks when it was made, or when it had waited for room */
    rove_ticket *ticket;
    struct pool_cell *held; /* the job, if it waits for futures */
};

size_t rovei_pool_room(const struct rove_pool *pool)
{
    size_t capacity = pool->config.capacity;
    size_t used = pool->queued + pool->held_after;
    if (capacity == ROVE_UNBOUNDED)
        return SIZE_MAX;
    if (capacity == 0) { /* as much as there are places that nobody has */
        capacity = (size_t)rovei_pool_width(pool);
        used += pool->running;
    }
    return used < capacity ? capacity - used : 0;
}

void rovei_pool_offer_room(struct rove_pool *pool)
{
    if (!pool->for_room.first)
        return;
    size_t room = rovei_pool_room(pool);
    bool is_enough = room >= pool->config.capacity / 4 || pool->mean_run > ticks_of(SUBMIT_LONG);
    bool is_all =
        pool->queued == 0 || atomic_load_explicit(&pool->is_stalled, memory_order_relaxed); /* under the lock */
    if (room > 0 && (is_enough || is_all))
        pool->due.bells |= rovei_waiters_signal(&pool->for_room, room);
}

/* Why the pool takes nothing; ROVE_OK if it does. */
static rove_status pool_refusal(struct rove_pool *pool, bool has_waited)
{
    if (!pool->is_closed && !runtime_is_closed(pool->runtime))
        return ROVE_OK;
    if (!pool->is_closed && pool_worker_self(pool)) /* work in progress is finished, with what it needs */
        return ROVE_OK;
    pool->refused_closed++;
    if (!pool->is_closed)
        return ROVE_CLOSED;
    if (pool->is_canceled && has_waited)
        return ROVE_CANCELED;
    return pool->has_ended ? ROVE_CLOSED : ROVE_DRAINING;
}

/* A cell for a job that goes to `level`, with room for it in its lane; NULL if there is no memory. */
static struct pool_cell *submit_cell(struct rove_pool *pool, uint64_t key, int level)
{
    if (pool->cells.free_count == 0)
        rovei_stream_reclaim(pool);
    struct pool_cell *cell = cells_take(&pool->cells, pool->allocator);
    if (!cell)
        return NULL;
    int lane = pool_place(pool, key);
    if (!level_reserve(&pool->lanes[lane].levels[level], pool->allocator)) {
        cells_give(&pool->cells, cell);
        return NULL;
    }
    cell->key = key;
    cell->lane = (uint16_t)lane;
    cell->level = (uint8_t)level;
    cell->has_more = cell->is_canceled = cell->has_ticket = cell->doom = 0;
    return cell;
}

/* Counts a job in, queued or held. */
static void submit_enter(struct rove_pool *pool, struct pool_cell *cell, bool is_held)
{
    if (is_held) {
        cell->state = CELL_HELD;
        pool->held_after++;
    } else {
        lane_put(&pool->lanes[cell->lane], cell);
        pool_set_queued(pool, pool->queued + 1);
    }
    if (pool->queued > pool->queued_most)
        pool->queued_most = pool->queued;
    if (pool->submitted == 0)
        pool->first_submit = rovei_clock_now();
    pool->submitted++;
    pool->left++;
    pool->lanes[cell->lane].total++;
}

/* Takes a job out again that nobody could be found to run. */
static void submit_retract(struct rove_pool *pool, struct pool_cell *cell)
{
    rovei_lane_remove(&pool->lanes[cell->lane], cell);
    pool->lanes[cell->lane].total--;
    pool_set_queued(pool, pool->queued - 1);
    pool->submitted--;
    pool->left--;
    cells_give(&pool->cells, cell);
}

static rove_status submit_rouse_status(const struct rove_pool *pool)
{
    return runtime_is_closed(pool->runtime) ? ROVE_CLOSED : ROVE_NO_MEMORY;
}

/* Takes out the plain job that was entered last. It is the last of its lane; should the last one of another lane look
 * the same, then it is the same, too. */
static void submit_retract_plain(struct rove_pool *pool, struct submission *submission)
{
    const void *arg = submission->args + submission->stride * --submission->done;
    for (int i = 0; i < pool->lane_count; i++) {
        const struct pool_level *level = &pool->lanes[i].levels[0];
        struct pool_cell *last = level->length > 0 ? level->ring[(level->end - 1) & level->mask] : NULL;
        if (last && last->fn == submission->fn && last->arg == arg && last->id == submission->done) {
            submit_retract(pool, last);
            return;
        }
    }
}

/* As many plain jobs as there is room for, under one lock. `*room` may be more than the pool has. */
static rove_status submit_plain(struct rove_pool *pool, struct submission *submission, size_t room)
{
    rove_status status = ROVE_OK;
    size_t before = submission->done;
    while (submission->done < submission->count && room-- > 0) {
        struct pool_cell *cell = submit_cell(pool, 0, 0);
        if (!cell) {
            status = ROVE_NO_MEMORY;
            break;
        }
        cell->fn = submission->fn;
        cell->arg = submission->args + submission->stride * submission->done;
        cell->id = submission->done++;
        cell->submitted = submission->now;
        submit_enter(pool, cell, false);
    }
    if (submission->done > before && !pool_rouse(pool)) {
        status = submit_rouse_status(pool);
        while (submission->done > before)
            submit_retract_plain(pool, submission);
    }
    return status;
}

/* Fills in what can be said of a job, and makes its future. */
static rove_status submit_describe(struct rove_pool *pool, struct pool_cell *cell, const rove_job *job)
{
    cell->has_more = true;
    cell->name = job->name;
    cell->user = job->user;
    cell->deadline = job->deadline;
    cell->timeout = job->timeout;
    cell->retry = job->retry;
    cell->on_discard = job->on_discard;
    cell->future = job->future;
    cell->batch = job->batch;
    cell->index_in_batch = job->index;
    cell->attempts = 0;
    cell->error = 0;
    cell->scope = NULL;
    cell->follower = NULL;
    rove_status status = job->after_count ? rovei_after_prepare(pool, cell, job->after_count) : ROVE_OK;
    if (!status && job->future)
        status = rovei_future_make(job->future, pool->runtime);
    if (status)
        rovei_after_free(pool, cell);
    return status;
}

/* One job with all that was said of it. */
static rove_status submit_job(struct rove_pool *pool, struct submission *submission)
{
    const rove_job *job = submission->job;
    struct pool_cell *cell = submit_cell(pool, job->key, job->priority);
    if (!cell)
        return ROVE_NO_MEMORY;
    cell->fn = job->fn;
    cell->arg = job->arg;
    cell->id = job->id;
    cell->submitted = submission->now;
    cell->has_ticket = submission->ticket != NULL;
    rove_status status = submit_describe(pool, cell, job);
    if (status) {
        cells_give(&pool->cells, cell);
        return status;
    }
    rove_ticket ticket = cell_ticket(cell);
    bool is_held = job->after_count > 0;
    submit_enter(pool, cell, is_held);
    if (!is_held && !pool_rouse(pool)) {
        if (job->future)
            rovei_future_unmake(job->future);
        rovei_after_free(pool, cell);
        submit_retract(pool, cell);
        return submit_rouse_status(pool);
    }
    if (submission->ticket)
        *submission->ticket = ticket;
    submission->held = is_held ? cell : NULL;
    submission->done = 1;
    return ROVE_OK;
}

/* Makes a worker's way without sleeping: it runs a job, if that may lie on top of what it is at. False: it is to be let
 * in all the same. */
static bool submit_make_room(struct rove_pool *pool, struct rovei_worker *worker)
{
    if (worker_isolation(worker) || !rovei_wait_may_nest(worker))
        return false;
    worker->depth++;
    bool has_helped = rovei_pool_help(pool);
    worker->depth--;
    return has_helped;
}

/* Waits a moment for so much room that going to sleep would not be worth it. With the lock, which is released
 * meanwhile; the queue is looked at again under it, so a hint is enough here. */
static void submit_linger(struct rove_pool *pool)
{
    size_t few = pool->config.capacity - pool->config.capacity / 4;
    int64_t end = ticks_now() + ticks_of(SUBMIT_PATIENCE);
    pool_unlock(pool);
    while (ROVEI_LOAD(pool->queued, RELAXED) >= few && ticks_now() < end)
        for (int i = 0; i < 8; i++)
            cpu_relax(); /* the drivers write what is looked at */
    pool_lock(pool);
}

/* Sleeps until there may be room. With the lock, which is released meanwhile. */
static rove_status submit_wait(struct rove_pool *pool, const struct submission *submission)
{
    const struct rove_batch *batch = submission->job ? submission->job->batch : NULL;
    int64_t until = submission->until;
    if (batch && batch->deadline && batch->deadline < until)
        until = batch->deadline;
    struct pool_waiter waiter = {.batch = batch};
    int64_t nap = rovei_clock_now() + SUBMIT_NAP;
    bool is_nap = nap < until;
    rovei_waiter_enter(pool, &pool->for_room, &waiter);
    pool_unlock(pool);
    rove_status status = rovei_waiter_wait(pool, &waiter, is_nap ? nap : until);
    if (status == ROVE_FORKED)
        return status;
    pool_lock(pool);
    if (waiter.is_listed)
        rovei_waiter_leave(&pool->for_room, &waiter);
    if (status && (is_nap || rovei_pool_room(pool) > 0))
        status = ROVE_OK;
    if (status && until < submission->until)
        status = ROVE_CANCELED;
    return status;
}

/* Finds out whether there is room, and makes or waits for some. With the lock; ROVE_FORKED: without it. */
static rove_status submit_admit(struct rove_pool *pool, struct submission *submission, size_t *room)
{
    struct rovei_worker *worker = pool_worker_self(pool);
    bool has_waited = false;
    bool has_lingered = pool->config.capacity == 0;
    for (;;) {
        if (has_waited)
            submission->now = pool_ticks(pool);
        rove_status status = pool_refusal(pool, has_waited);
        if (!status && submission->job && rovei_batch_is_over(submission->job->batch))
            status = ROVE_CANCELED;
        *room = rovei_pool_room(pool);
        if (status || *room > 0)
            return status;
        if (submission->until == 0) {
            pool->refused_full++;
            return ROVE_FULL;
        }
        has_waited = true;
        if (worker && submission->until != ROVE_NEVER && rovei_clock_now() >= submission->until) {
            pool->refused_full++;
            return ROVE_TIMED_OUT;
        }
        if (worker) {
            pool_unlock(pool);
            *room = !submit_make_room(pool, worker);
            pool_lock(pool);
            if (*room > 0)
                return pool_refusal(pool, has_waited);
            continue;
        }
        if (!has_lingered) {
            has_lingered = true;
            submit_linger(pool);
            continue;
        }
        has_lingered = pool->config.capacity == 0;
        status = submit_wait(pool, submission);
        if (status == ROVE_TIMED_OUT)
            pool->refused_full++;
        if (status)
            return status;
    }
}

static rove_status submit(struct rove_pool *pool, struct submission *submission)
{
    rove_status status = ROVE_OK;
    submission->now = pool_ticks(pool); /* before the lock, because it takes as long as all the rest */
    pool_lock(pool);
    do {
        size_t room;
        status = submit_admit(pool, submission, &room);
        if (status == ROVE_FORKED)
            return status;
        if (!status)
            status = submission->job ? submit_job(pool, submission) : submit_plain(pool, submission, room);
    } while (!status && submission->done < submission->count);
    if (status)
        rovei_pool_offer_room(pool); /* it may have been woken for room that it does not take */
    pool_unlock(pool);
    rovei_pool_drive_serial(pool);
    return status;
}

static rove_status submit_one(rove_pool *pool, rove_job_fn *fn, void *arg, int64_t until)
{
    rove_status status = pool_check(pool);
    if (status || !fn)
        return status ? status : ROVE_INVALID;
    struct submission submission = {.fn = fn, .args = arg, .count = 1, .until = until};
    return submit(pool, &submission);
}

rove_status rove_pool_submit(rove_pool *pool, rove_job_fn *fn, void *arg)
{
    return submit_one(pool, fn, arg, ROVE_NEVER);
}

rove_status rove_pool_try_submit(rove_pool *pool, rove_job_fn *fn, void *arg)
{
    return submit_one(pool, fn, arg, 0);
}

rove_status rove_pool_submit_many(rove_pool *pool, rove_job_fn *fn, void *args, size_t stride, size_t count,
                                  size_t *submitted)
{
    struct submission submission = {.fn = fn, .args = args, .stride = stride, .count = count, .until = ROVE_NEVER};
    rove_status status = pool_check(pool);
    if (!status && !fn)
        status = ROVE_INVALID;
    if (!status && count > 0)
        status = submit(pool, &submission);
    if (submitted)
        *submitted = submission.done;
    return status;
}

static bool job_makes_sense(const struct rove_pool *pool, const rove_job *job, int64_t until)
{
    const rove_retry *retry = &job->retry;
    bool has_times = job->deadline >= 0 && job->timeout >= 0 && until >= 0;
    bool has_retry = retry->attempts >= 0 && retry->backoff >= 0 && retry->backoff_max >= 0 && retry->jitter >= 0 &&
                     retry->jitter <= 100;
    bool has_level = job->priority >= 0 && job->priority < pool->config.levels;
    bool has_future = !job->future || !future_is_made(job->future);
    return job->fn && has_times && has_retry && has_level && has_future && (job->after || job->after_count == 0);
}

/* What can be refused without looking at the queue. */
static rove_status job_check(struct rove_pool *pool, const rove_job *job, int64_t until)
{
    if (!job || !job_makes_sense(pool, job, until))
        return ROVE_INVALID;
    rove_status status = rovei_after_check(job->after, job->after_count);
    if (!status && job->retry.attempts > 1 && job->retry.backoff > 0)
        status = rovei_keeper_need(pool);
    return status;
}

rove_status rove_pool_submit_job(rove_pool *pool, const rove_job *job, int64_t until, rove_ticket *ticket)
{
    rove_status status = pool_check(pool);
    if (!status)
        status = job_check(pool, job, until);
    if (!status && job->batch)
        status = rovei_batch_enter(job->batch, pool, job->index);
    if (status)
        return status;
    struct submission submission = {.job = job, .count = 1, .until = until, .ticket = ticket};
    status = submit(pool, &submission);
    if (submission.held) {
        rovei_after_follow(pool, submission.held, job->after, job->after_count);
        rovei_pool_drive_serial(pool); /* it may have been let go at once */
    }
    if (status && job->batch)
        rovei_batch_withdraw(job->batch);
    return status;
}

void rovei_pool_unhold_locked(struct rove_pool *pool, struct pool_cell *cell, rove_status doom, int error)
{
    if (cell->attempts > 0)
        pool->held_retry--;
    else
        pool->held_after--;
    if (!cell->doom) {
        cell->doom = (uint8_t)doom;
        cell->error = error;
    }
    rovei_lane_put_back(&pool->lanes[cell->lane], cell, pool->allocator);
    pool_set_queued(pool, pool->queued + 1);
    if (pool_rouse(pool) && !pool->config.is_serial)
        return;
    pool->due.bells |= rovei_waiters_signal(&pool->for_end, SIZE_MAX); /* whoever waits sees to it */
    if (pool->config.has_results)
        rovei_stream_stir(pool);
}

void rovei_pool_unhold(struct rove_pool *pool, struct pool_cell *cell, rove_status doom, int error)
{
    rovei_pool_retain(pool); /* once it is queued, the job may end, and the pool with it */
    pool_lock(pool);
    rovei_pool_unhold_locked(pool, cell, doom, error);
    pool_unlock(pool);
    rovei_pool_release(pool);
}
