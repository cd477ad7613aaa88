#include "runtime/pool/batch.h"

#include "runtime/platform/cpu.h"
#include "runtime/task/cancel.h"

/* What `pool` of a batch holds while the first submission prepares it: no pool lies there. */
static char batch_beginning;

static struct rove_pool *batch_pool(const struct rove_batch *batch)
{
    return __atomic_load_n(&batch->pool, __ATOMIC_ACQUIRE); /* [begun] */
}

static size_t batch_left(const struct rove_batch *batch)
{
    return __atomic_load_n(&batch->left, __ATOMIC_ACQUIRE); /* [left] */
}

/* Adds one, and returns how many that makes. */
static size_t batch_count(size_t *count)
{
    return __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

/* Why the batch itself was stopped; ROVE_OK: it was not. */
static rove_status batch_cause(const struct rove_batch *batch)
{
    return (rove_status)(__atomic_load_n(&batch->scope.state, __ATOMIC_RELAXED) & SCOPE_CAUSE);
}

static bool batch_has_enough(const struct rove_batch *batch)
{
    return batch->stop_after > 0 && __atomic_load_n(&batch->succeeded, __ATOMIC_RELAXED) >= batch->stop_after;
}

rove_scope *rovei_batch_scope(struct rove_batch *batch)
{
    return &batch->scope;
}

bool rovei_batch_is_over(struct rove_batch *batch)
{
    return batch && scope_is_over(&batch->scope);
}

/* Forgets what the last use left; that the batch was canceled before its first job is not forgotten. */
static void batch_prepare(struct rove_batch *batch, struct rove_pool *pool)
{
    if (batch->has_ended) {
        batch->has_ended = false;
        batch->succeeded = batch->failed = batch->stopped = 0;
        batch->scope.state = 0;
        batch->scope.error = 0;
    }
    batch->scope.deadline = batch->deadline;
    rovei_scope_begin(&batch->scope, &pool->scope);
}

/* Relaxed where nothing is handed over. */
static rove_status batch_begin(struct rove_batch *batch, struct rove_pool *pool)
{
    struct rove_pool *beginning = (struct rove_pool *)&batch_beginning;
    struct rove_pool *before = batch_pool(batch);
    if (!before &&
        __atomic_compare_exchange_n(&batch->pool, &before, beginning, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        batch_prepare(batch, pool);
        __atomic_store_n(&batch->pool, pool, __ATOMIC_RELEASE); /* [begun] */
        return ROVE_OK;
    }
    while ((before = batch_pool(batch)) == beginning)
        rovei_cpu_yield();
    return before == pool ? ROVE_OK : ROVE_INVALID;
}

rove_status rovei_batch_enter(struct rove_batch *batch, struct rove_pool *pool, size_t index)
{
    if (batch->results && index >= batch->count)
        return ROVE_INVALID;
    rove_status status = batch_begin(batch, pool);
    if (status)
        return status;
    /* That the pool was canceled is for the submission to say. */
    if (rovei_batch_is_over(batch) && (status = batch_cause(batch)) != ROVE_OK) {
        batch_count(&batch->stopped);
        return status == ROVE_TIMED_OUT ? ROVE_TIMED_OUT : ROVE_CANCELED;
    }
    batch_count(&batch->left);
    return ROVE_OK;
}

static void batch_count_out(struct rove_batch *batch)
{
    struct rove_pool *pool = batch->pool;
    size_t left = __atomic_load_n(&batch->left, __ATOMIC_RELAXED);
    while (left > 1)
        if (__atomic_compare_exchange_n(&batch->left, &left, left - 1, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return; /* [left] */
    pool_lock(pool);
    if (__atomic_sub_fetch(&batch->left, 1, __ATOMIC_RELEASE) == 0) /* [left] */
        pool->due.bells |= rovei_waiters_signal_batch(&pool->for_end, batch);
    pool_unlock(pool);
}

/* In a child of fork the lock is nobody's to take. */
void rovei_batch_withdraw(struct rove_batch *batch)
{
    if (pool_check(batch->pool) != ROVE_OK)
        return;
    if (batch_cause(batch))
        batch_count(&batch->stopped);
    batch_count_out(batch);
}

/* Jobs of the batch do not start any more, and submissions to it wait no longer. */
static void batch_stop(struct rove_batch *batch, rove_status cause)
{
    rovei_scope_end(&batch->scope, cause);
    if (batch_left(batch) == 0)
        return;
    struct rove_pool *pool = batch_pool(batch);
    if (pool_check(pool) != ROVE_OK)
        return;
    pool_lock(pool);
    pool->due.bells |= rovei_waiters_signal_batch(&pool->for_room, batch);
    pool_unlock(pool);
}

static void batch_note_success(struct rove_batch *batch)
{
    if (batch_count(&batch->succeeded) == batch->stop_after)
        batch_stop(batch, ROVE_CANCELED);
}

static void batch_note_failure(struct rove_batch *batch, int error)
{
    if (error)
        rovei_scope_keep_error(&batch->scope, error);
    batch_count(&batch->failed);
    if (batch->policy == ROVE_FAIL_FAST && !batch_cause(batch))
        batch_stop(batch, ROVE_FAILED);
}

/* The job ended because the batch, or what is around it, was stopped; the reason is kept, as what is around it may be
 * gone when the batch is waited for. */
static void batch_note_stop(struct rove_batch *batch)
{
    batch_count(&batch->stopped);
    rovei_scope_end(&batch->scope, rove_scope_status(&batch->scope));
}

void rovei_batch_leave(struct rove_batch *batch, size_t index, const rove_result *result)
{
    bool is_stopped = result->status == ROVE_CANCELED || result->status == ROVE_TIMED_OUT;
    if (batch->results)
        batch->results[index] = *result;
    if (result->status == ROVE_OK)
        batch_note_success(batch);
    else if (is_stopped && rovei_batch_is_over(batch))
        batch_note_stop(batch);
    else
        batch_note_failure(batch, result->error);
    batch_count_out(batch);
}

/* No job is left. Several waiters may come here, and say the same; nobody submits before all have returned. */
static rove_status batch_end(struct rove_batch *batch)
{
    __atomic_store_n(&batch->scope.parent, NULL, __ATOMIC_RELAXED);
    rove_status cause = rovei_scope_leave(&batch->scope, NULL);
    __atomic_store_n(&batch->pool, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&batch->has_ended, true, __ATOMIC_RELAXED);
    if (batch_has_enough(batch))
        return ROVE_OK;
    if (__atomic_load_n(&batch->failed, __ATOMIC_RELAXED) > 0)
        return ROVE_FAILED;
    /* A batch whose jobs had all succeeded when it was stopped has succeeded. */
    bool has_missed = __atomic_load_n(&batch->succeeded, __ATOMIC_RELAXED) == 0 ||
                      __atomic_load_n(&batch->stopped, __ATOMIC_RELAXED) > 0;
    return has_missed ? cause : ROVE_OK;
}

static bool frame_is_of(const struct rovei_frame *frame, const struct rove_batch *batch)
{
    const rove_scope *scope = frame->scope;
    while (scope && scope != &batch->scope)
        scope = scope_parent(scope);
    return scope != NULL;
}

/* A job of the batch that lies on the caller's stack cannot end before a wait here does: ROVE_INVALID if the caller is
 * in it, ROVE_BUSY if it lies further below. */
static rove_status batch_check_stack(const struct rove_batch *batch)
{
    const struct rovei_worker *self = worker_self();
    const struct rovei_worker *worker = self && self->innermost ? self->innermost : self;
    for (; worker; worker = worker->outer)
        for (const struct rovei_frame *frame = worker->running; frame; frame = frame->below)
            if (frame_is_of(frame, batch))
                return frame == self->running ? ROVE_INVALID : ROVE_BUSY;
    return ROVE_OK;
}

/* Waits until no job is left. */
static rove_status batch_wait(struct rove_batch *batch, struct rove_pool *pool, int64_t until)
{
    struct pool_waiter waiter = {.batch = batch};
    rove_status waited = until > 0 ? ROVE_OK : ROVE_TIMED_OUT;
    rovei_pool_attend(pool);
    for (;;) {
        pool_lock(pool);
        if (waiter.is_listed)
            rovei_waiter_leave(&pool->for_end, &waiter);
        bool is_over = batch_left(batch) == 0;
        if (!is_over && !waited)
            rovei_waiter_enter(pool, &pool->for_end, &waiter);
        pool_unlock(pool);
        if (is_over)
            return ROVE_OK;
        if (waited)
            return ROVE_PENDING;
        if (!rovei_pool_attend(pool))
            waited = rovei_waiter_wait(pool, &waiter, until);
        if (waited == ROVE_FORKED)
            return ROVE_FORKED;
    }
}

rove_status rove_batch_wait(rove_batch *batch, int64_t until)
{
    if (!batch)
        return ROVE_INVALID;
    if (batch_left(batch) > 0) {
        struct rove_pool *pool = batch_pool(batch);
        rove_status status = pool_check(pool);
        if (!status)
            status = batch_check_stack(batch);
        if (!status)
            status = batch_wait(batch, pool, until);
        if (status)
            return status;
    }
    return batch_end(batch);
}

/* Submits the jobs from `*next` on, up to one that is not accepted. */
static rove_status batch_submit(rove_batch *batch, struct rove_pool *pool, rove_job *job, size_t stride, size_t count)
{
    for (job->batch = batch; job->index < count; job->index++) {
        job->id = job->index;
        rove_status status = rove_pool_submit_job(pool, job, ROVE_NEVER, NULL);
        if (status)
            return status;
        job->arg = (char *)job->arg + stride;
    }
    return ROVE_OK;
}

rove_status rove_batch_run(rove_batch *batch, struct rove_pool *pool, rove_job_fn *fn, void *args, size_t stride,
                           size_t count)
{
    rove_status status = pool_check(pool);
    if (status)
        return status;
    if (!batch || !fn || (batch->results && count > batch->count))
        return ROVE_INVALID;
    rove_job job = {.fn = fn, .arg = args};
    rove_status refused = batch_submit(batch, pool, &job, stride, count);
    for (size_t i = job.index; batch->results && i < count; i++)
        batch->results[i] = (rove_result){.id = i, .status = ROVE_REJECTED, .worker = -1};
    status = rove_batch_wait(batch, ROVE_NEVER);
    return status || batch_has_enough(batch) ? status : refused;
}

void rove_batch_cancel(rove_batch *batch)
{
    if (batch)
        batch_stop(batch, ROVE_CANCELED);
}

int rove_batch_error(const rove_batch *batch)
{
    return batch ? rove_scope_error(&batch->scope) : 0;
}

size_t rove_batch_successes(const rove_batch *batch)
{
    return batch ? __atomic_load_n(&batch->succeeded, __ATOMIC_RELAXED) : 0;
}
