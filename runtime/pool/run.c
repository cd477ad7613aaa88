/*
 * One job from its start to its end.
 */
#include "runtime/pool/run.h"

#include "runtime/platform/clock.h"
#include "runtime/pool/after.h"
#include "runtime/pool/batch.h"
#include "runtime/pool/keeper.h"
#include "runtime/pool/progress.h"
#include "runtime/task/cancel.h"
#include "runtime/task/future.h"

#include <setjmp.h>

enum { RUN_MARK_LASTS = 1000000000 }; /* ns */

/* How a job has ended. */
struct run_outcome {
    rove_status status;
    int error;
    void *value;
    int64_t wait; /* ticks */
    int64_t run;
    bool has_run;
};

/* Whether the end of a job cannot be taken for the start of the next one: its time is not taken, or callbacks of the
 * program come between. */
static bool run_is_delayed(const rove_pool_config *config)
{
    return config->is_untimed || config->on_start || config->on_end || config->on_result || config->on_progress;
}

/* Whether nobody is told of what happens to the jobs of the pool. */
static bool run_is_untold(const rove_pool_config *config)
{
    return !config->has_results && !config->worker_start && !config->catches_aborts && config->stuck_after == 0 &&
           !config->on_start && !config->on_end && !config->on_progress;
}

void rovei_run_begin(struct pool_run *run, struct rove_pool *pool, struct pool_driver *driver)
{
    *run = (struct pool_run){.lender = {rovei_run_lent_out},
                             .pool = pool,
                             .driver = driver,
                             .worker = pool_worker_self(pool),
                             .record = rovei_pool_worker(pool),
                             .is_delayed = run_is_delayed(&pool->config),
                             .is_plain = run_is_untold(&pool->config),
                             .frame = {.scope = &run->scope, .group = pool}};
}

static rove_scope *run_parent_scope(const struct pool_run *run)
{
    const struct pool_cell *cell = run->cell;
    return cell->has_more && cell->batch ? rovei_batch_scope(cell->batch) : &run->pool->scope;
}

/* Whether the job is not to run at all; then `outcome` says how it ends. */
static bool run_is_over(const struct pool_run *run, struct run_outcome *outcome)
{
    const struct pool_cell *cell = run->cell;
    rove_scope *parent = run_parent_scope(run);
    if (cell->doom) {
        outcome->status = (rove_status)cell->doom;
        outcome->error = cell->error;
    } else if (cell->has_more && cell->deadline && rovei_clock_now() >= cell->deadline) {
        outcome->status = ROVE_TIMED_OUT;
    } else if (scope_is_over(parent)) {
        outcome->status = rove_scope_status(parent) == ROVE_TIMED_OUT ? ROVE_TIMED_OUT : ROVE_CANCELED;
    }
    return outcome->status != ROVE_OK;
}

/* The time so many nanoseconds from now, or the end of all times. */
static int64_t run_after(int64_t ns)
{
    int64_t now = rovei_clock_now();
    return ns < INT64_MAX - now ? now + ns : INT64_MAX;
}

/* The scope of a job of which nothing special is said needs no counting: it has begun, and that is all. */
static void run_begin_scope(struct pool_run *run)
{
    const struct pool_cell *cell = run->cell;
    run->scope = (rove_scope){.parent = run_parent_scope(run), .state = SCOPE_IS_BEGUN};
    if (!cell->has_more)
        return;
    run->scope.deadline = cell->deadline;
    if (cell->timeout) {
        int64_t end = run_after(cell->timeout);
        if (!cell->deadline || end < cell->deadline)
            run->scope.deadline = end;
    }
    if (run->scope.deadline) {
        run->scope.state = 0;
        rovei_scope_begin(&run->scope, run->scope.parent);
    }
}

static rove_status run_end_scope(struct pool_run *run)
{
    rove_status status = rove_scope_status(&run->scope);
    if (run->scope.state != SCOPE_IS_BEGUN)
        rovei_scope_discount(&run->scope);
    return status;
}

/* Lets whoever has a ticket reach the scope; false if the job was canceled before. */
static bool run_show_scope(struct pool_run *run, rove_scope *scope)
{
    pool_lock(run->pool);
    run->cell->scope = scope;
    bool is_canceled = run->cell->is_canceled;
    pool_unlock(run->pool);
    return !is_canceled;
}

/* A ticket does not name the job any more. */
static void run_retire(struct pool_run *run)
{
    pool_lock(run->pool);
    run->cell->state = CELL_ENDED;
    pool_unlock(run->pool);
}

static int run_call(struct pool_run *run, void **value)
{
    run->abort = NULL;
    return run->cell->fn(run->cell->arg, value);
}

/* The same where rove_job_abort works. False if it was called, with the code in `*error`. */
static __attribute__((noinline)) bool run_call_catching(struct pool_run *run, int *error, void **value)
{
    jmp_buf here;
    struct pool_run *volatile kept = run;
    int *volatile kept_error = error;
    run->abort = &here;
    int code = setjmp(here);
    if (code != 0) {
        *kept_error = kept->cell->error;
        return false;
    }
    *error = run->cell->fn(run->cell->arg, value);
    return true;
}

/* Calls the program's function, as the innermost job of the worker. */
static void run_function(struct pool_run *run, struct run_outcome *outcome)
{
    struct rovei_worker *worker = run->worker;
    struct rovei_lender *lender = worker->lender;
    bool has_crashed = false;
    run->frame.what = (uintptr_t)run->cell->fn;
    worker_push_frame(worker, &run->frame);
    if (run->cell->has_more && run->cell->future) { /* who waits for it on top of the job is told ROVE_BUSY */
        run->promise = (struct rovei_frame){.scope = &run->scope, .group = &run->cell->future->group};
        worker_push_frame(worker, &run->promise);
    }
    worker->lender = &run->lender;
    if (run->pool->config.catches_aborts)
        has_crashed = !run_call_catching(run, &outcome->error, &outcome->value);
    else
        outcome->error = run_call(run, &outcome->value);
    worker->lender = lender;
    worker_pop_frame(worker, &run->frame); /* and what lies on it */
    outcome->has_run = true;
    outcome->status = has_crashed ? ROVE_CRASHED : ROVE_OK;
}

/* The function has returned; whoever could reach the scope cannot any more. */
static void run_conclude(struct pool_run *run, struct run_outcome *outcome)
{
    rove_status cause = run_end_scope(run);
    if (!outcome->has_run)
        outcome->status = ROVE_CANCELED;
    if (outcome->status)
        return;
    if (outcome->error == 0)
        outcome->error = rove_scope_error(&run->scope);
    outcome->status = cause ? cause : outcome->error ? ROVE_FAILED : ROVE_OK;
}

/* What a worker is at, for the watchdog and for whoever asks. */
struct run_shown {
    const char *name;
    uint64_t id;
    int64_t started;
};

static struct run_shown run_shown(const struct pool_worker *record)
{
    return (struct run_shown){atomic_load_explicit(&record->name, memory_order_relaxed),
                              atomic_load_explicit(&record->id, memory_order_relaxed),
                              atomic_load_explicit(&record->started, memory_order_relaxed)};
}

static const rove_job_info *run_info(struct pool_run *run)
{
    const struct pool_cell *cell = run->cell;
    run->info = (rove_job_info){.pool = run->pool, .id = cell->id, .priority = cell->level, .attempt = 1};
    run->info.state = run->record->state;
    if (cell->has_more) {
        run->info.name = cell->name;
        run->info.user = cell->user;
        run->info.attempt = cell->attempts;
        run->info.deadline = cell->deadline;
    }
    return &run->info;
}

/* Takes the times of a run that has just ended. */
static void run_time(struct pool_run *run, int64_t begin, struct run_outcome *outcome)
{
    const struct rove_pool *pool = run->pool;
    struct pool_worker *record = run->record;
    run->now = ticks_now();
    outcome->wait = begin - run->cell->submitted;
    outcome->run = run->now - begin;
    pool_time(record, &record->waiting, pool_ns(pool, outcome->wait));
    pool_time(record, &record->running, pool_ns(pool, outcome->run));
    pool_add(record, &record->counts[POOL_RUN_NS], (uint64_t)pool_ns(pool, outcome->run));
}

/* Runs the job with all that belongs to it. */
static void run_attempt(struct pool_run *run, struct run_outcome *outcome)
{
    struct rove_pool *pool = run->pool;
    struct pool_cell *cell = run->cell;
    bool is_timed = !pool->config.is_untimed;
    bool has_ticks = is_timed || pool->config.stuck_after > 0;
    int64_t begin = !has_ticks ? POOL_AT_UNTIMED : run->now ? run->now : ticks_now();
    struct run_shown before = run_shown(run->record);
    if (cell->has_more && ++cell->attempts > 1)
        pool_count(run->record, POOL_RETRIED);
    pool_worker_show(run->record, cell->has_more ? cell->name : NULL, cell->id, begin);
    if (pool->config.stuck_after > 0)
        rovei_keeper_watch(pool, run->record);
    if (pool->config.worker_start)
        rovei_pool_worker_start(pool, run->record);
    if (pool->config.on_start)
        pool->config.on_start(run_info(run), pool->config.arg);
    run_function(run, outcome);
    pool_worker_show(run->record, before.name, before.id, before.started);
    pool_count(run->record, POOL_RUNS);
    if (is_timed)
        run_time(run, begin, outcome);
}

/* The pause before the next run, in nanoseconds; -1 if there will be none. */
static int64_t run_pause(struct pool_run *run, const struct run_outcome *outcome)
{
    const struct pool_cell *cell = run->cell;
    const rove_retry *retry = &cell->retry;
    if (!cell->has_more || outcome->status != ROVE_FAILED || cell->attempts >= retry->attempts)
        return -1;
    if (retry->is_retryable && !retry->is_retryable(outcome->error, cell->arg))
        return -1;
    int64_t pause = retry->backoff;
    int64_t most = retry->backoff_max ? retry->backoff_max : INT64_MAX;
    for (int i = 1; i < cell->attempts && pause > 0 && pause < most; i++)
        pause = pause > INT64_MAX / 2 ? most : 2 * pause;
    if (pause > most)
        pause = most;
    uint64_t random = (uint64_t)ticks_now() * UINT64_C(0x9e3779b97f4a7c15) >> 32; /* only spreads the times */
    pause -= (int64_t)((double)pause * retry->jitter / 100 * (double)(random % 1024) / 1024);
    return cell->deadline && pause >= cell->deadline - rovei_clock_now() ? -1 : pause;
}

/* The job has failed and may run again: sees to it. False if it does not. */
static bool run_again(struct pool_run *run, const struct run_outcome *outcome)
{
    struct rove_pool *pool = run->pool;
    struct pool_cell *cell = run->cell;
    int64_t pause = run_pause(run, outcome);
    if (pause < 0 || scope_is_over(run_parent_scope(run)))
        return false;
    pool_lock(pool);
    bool goes_on = !pool->is_canceled && !cell->is_canceled;
    if (goes_on) {
        cell->state = CELL_HELD;
        cell->due = run_after(pause);
        pool->held_retry++;
        if (pool->config.has_results)
            rovei_stream_unpromise(pool, 1);
        if (pause > 0)
            rovei_keeper_delay(pool, cell);
    }
    pool_unlock(pool);
    if (goes_on && pause == 0)
        rovei_pool_unhold(pool, cell, ROVE_OK, 0);
    return goes_on;
}

/* Whether the job ends without ever having run. */
static bool run_was_never(const struct pool_run *run, const struct run_outcome *outcome)
{
    return run->cell->has_more ? run->cell->attempts == 0 : !outcome->has_run;
}

static void run_count_end(struct pool_run *run, const struct run_outcome *outcome)
{
    switch (outcome->status) {
    case ROVE_OK:
        pool_count(run->record, POOL_COMPLETED);
        break;
    case ROVE_CANCELED:
        pool_count(run->record, POOL_CANCELED);
        break;
    case ROVE_TIMED_OUT:
        pool_count(run->record, POOL_TIMED_OUT);
        break;
    case ROVE_CRASHED:
        pool_count(run->record, POOL_CRASHED);
        break;
    default:
        pool_count(run->record, POOL_FAILED);
    }
    if (run->driver->is_helper && outcome->has_run)
        pool_count(run->record, POOL_HELPED);
    if (run_was_never(run, outcome))
        pool_count(run->record, POOL_DISCARDED);
}

/* A time of the counter, by rove_clock. Reckoned from a moment near by: the clock is kept right, and so does not run
 * evenly. */
static int64_t run_clock(const struct pool_run *run, int64_t ticks)
{
    struct pool_worker *record = run->record;
    struct ticks_mark mark = record->is_shared ? rovei_ticks_mark() : record->mark;
    if (ticks - mark.ticks > ticks_of(RUN_MARK_LASTS))
        record->mark = mark = rovei_ticks_mark();
    double tick_ns = atomic_load_explicit(&run->pool->tick_ns, memory_order_relaxed); /* any value will do */
    return mark.ns + (int64_t)((double)(ticks - mark.ticks) * tick_ns);
}

static void run_fill(struct pool_run *run, const struct run_outcome *outcome)
{
    struct pool_cell *cell = run->cell;
    if (!cell->has_more)
        cell->attempts = outcome->has_run;
    cell->status = outcome->status;
    cell->error = outcome->error;
    cell->value = outcome->value;
    cell->worker = run->worker ? run->worker->index : -1;
    if (cell->submitted)
        cell->submitted = run_clock(run, cell->submitted);
    cell->wait_ns = pool_ns(run->pool, outcome->wait);
    cell->run_ns = pool_ns(run->pool, outcome->run);
}

/* Tells all who want to know that the job has ended. Returns the cell that nobody needs any more, or NULL. */
static struct pool_cell *run_announce(struct pool_run *run, const struct run_outcome *outcome)
{
    struct rove_pool *pool = run->pool;
    struct pool_cell *cell = run->cell;
    bool has_record = cell->has_more || pool->config.has_results || pool->config.on_end;
    if (!has_record)
        return cell;
    run_fill(run, outcome);
    if (!cell->has_more && !pool->config.on_end)
        return rovei_stream_push(pool, cell);
    rove_result result;
    rovei_cell_result(cell, &result);
    if (cell->has_more && cell->on_discard && run_was_never(run, outcome))
        cell->on_discard(cell->arg);
    if (pool->config.on_end)
        pool->config.on_end(&result, pool->config.arg);
    if (cell->has_more && cell->batch)
        rovei_batch_leave(cell->batch, cell->index_in_batch, &result);
    if (cell->has_more && cell->future)
        rovei_future_end(cell->future, result.status == ROVE_CRASHED ? ROVE_FAILED : result.status, result.value,
                         result.error);
    return pool->config.has_results ? rovei_stream_push(pool, cell) : cell;
}

/* Starts the job, if nobody has canceled it, and sees it to the end of its function. */
static void run_start(struct pool_run *run, struct run_outcome *outcome)
{
    bool has_ticket = run->cell->has_ticket;
    run_begin_scope(run);
    if (!has_ticket || run_show_scope(run, &run->scope))
        run_attempt(run, outcome);
    if (has_ticket)
        run_show_scope(run, NULL);
    run_conclude(run, outcome);
}

/* The same on a straight path, for a job of which nothing was said, in a pool that tells nobody: most jobs. */
static void run_plain(struct pool_run *run, struct pool_cell *cell)
{
    struct rove_pool *pool = run->pool;
    struct pool_driver *driver = run->driver;
    struct rovei_worker *worker = run->worker;
    struct rovei_lender *lender = worker->lender;
    struct run_outcome outcome = {.has_run = true};
    struct run_shown before = run_shown(run->record);
    bool is_timed = !pool->config.is_untimed;
    int64_t begin = !is_timed ? POOL_AT_UNTIMED : run->now ? run->now : ticks_now();
    run->cell = cell;
    run->scope = (rove_scope){.parent = &pool->scope, .state = SCOPE_IS_BEGUN};
    run->frame.what = (uintptr_t)cell->fn;
    pool_worker_show(run->record, NULL, cell->id, begin);
    worker_push_frame(worker, &run->frame);
    worker->lender = &run->lender;
    outcome.error = cell->fn(cell->arg, &outcome.value);
    worker->lender = lender;
    worker_pop_frame(worker, &run->frame);
    pool_worker_show(run->record, before.name, before.id, before.started);
    if (is_timed)
        run_time(run, begin, &outcome);
    run_conclude(run, &outcome);
    pool_count(run->record, POOL_RUNS);
    run_count_end(run, &outcome);
    driver->runs++;
    driver->finished++;
    driver->ended++;
    driver->spent[driver->spent_count++] = cell;
}

void rovei_run_job(struct pool_run *run, struct pool_cell *cell)
{
    struct rove_pool *pool = run->pool;
    struct pool_driver *driver = run->driver;
    if (run->is_plain && !cell->has_more && run->worker && !scope_is_over(&pool->scope)) {
        run_plain(run, cell);
        return;
    }
    struct run_outcome outcome = {.status = ROVE_OK};
    bool is_plain = !cell->has_more && !run->is_delayed;
    run->cell = cell;
    if (!run_is_over(run, &outcome))
        run_start(run, &outcome);
    if (!is_plain || !outcome.has_run)
        run->now = 0;
    driver->runs++;
    driver->finished++;
    if (outcome.has_run && outcome.status == ROVE_FAILED && run_again(run, &outcome))
        return;
    if (cell->has_ticket)
        run_retire(run);
    driver->ended++;
    run_count_end(run, &outcome);
    if (cell->has_more && cell->follower)
        rovei_after_free(pool, cell);
    struct pool_cell *spent = run_announce(run, &outcome);
    if (spent)
        driver->spent[driver->spent_count++] = spent;
    if (pool->config.on_progress)
        rovei_pool_tell_progress(pool, false);
}

/* The innermost job of the calling worker, or NULL. */
static struct pool_run *run_innermost(void)
{
    struct rovei_worker *worker = worker_self();
    struct rovei_lender *lender = worker ? worker->lender : NULL;
    return lender && lender->lent_out == rovei_run_lent_out ? (struct pool_run *)lender : NULL;
}

const rove_job_info *rove_current_job(void)
{
    struct pool_run *run = run_innermost();
    return run ? run_info(run) : NULL;
}

/* No loop, group or scope may have been begun on the stack since the job was. Forks that are not joined leave no trace
 * that could be looked for: once stolen they are in no deque. */
rove_status rove_job_abort(int code)
{
    struct pool_run *run = run_innermost();
    const struct rovei_frame *innermost = run ? run->worker->running : NULL;
    if (!run || !run->abort || (innermost != &run->frame && innermost != &run->promise))
        return ROVE_INVALID;
    run->cell->error = code ? code : -1;
    longjmp(*(jmp_buf *)run->abort, 1);
}
