#include "runtime/pool/progress.h"

#include "runtime/platform/clock.h"
#include "runtime/pool/pool.h"

static uint64_t progress_sum(const struct pool_worker *worker, enum pool_counter first, enum pool_counter last)
{
    uint64_t sum = 0;
    for (int i = (int)first; i <= (int)last; i++)
        sum += atomic_load_explicit(&worker->counts[i], memory_order_relaxed); /* see worker.h */
    return sum;
}

static void progress_add_worker(rove_progress *progress, const struct pool_worker *worker)
{
    if (!worker)
        return;
    uint64_t failed = progress_sum(worker, POOL_FAILED, POOL_CRASHED);
    progress->failed += failed;
    progress->done += failed + progress_sum(worker, POOL_COMPLETED, POOL_COMPLETED);
}

/* Nanoseconds for so many jobs, as far as a number of them can be that large. */
static int64_t progress_left(uint64_t jobs, double rate)
{
    double ns = (double)jobs / rate * 1e9;
    return ns < 0x1p62 ? (int64_t)ns : INT64_MAX;
}

/* The total comes last, so that nothing is missing there that has ended. */
static void progress_measure(const struct rove_pool *pool, rove_progress *progress)
{
    *progress = (rove_progress){.left = -1};
    for (int i = -1; i < rove_worker_limit(pool->runtime); i++)
        progress_add_worker(progress, rovei_pool_worker_at(pool, i));
    struct rove_pool *locked = (struct rove_pool *)pool; /* nothing of it changes but its lock */
    pool_lock(locked);
    progress->total = pool->submitted;
    int64_t begin = pool->first_submit;
    pool_unlock(locked);
    int64_t life = rovei_clock_now() - begin;
    if (progress->done > 0 && life > 0) {
        progress->rate = (double)progress->done * 1e9 / (double)life;
        progress->left = progress_left(progress->total - progress->done, progress->rate);
    }
}

rove_status rove_pool_get_progress(const rove_pool *pool, rove_progress *progress)
{
    rove_status status = progress ? pool_check(pool) : ROVE_INVALID;
    if (!status)
        progress_measure(pool, progress);
    return status;
}

/* So many ticks from now, about. */
static int64_t progress_ticks_in(const struct rove_pool *pool, int64_t ns)
{
    double ticks = (double)ns / atomic_load_explicit(&pool->tick_ns, memory_order_relaxed); /* any value will do */
    return ticks_now() + (ticks < 0x1p61 ? (int64_t)ticks : INT64_C(1) << 61);
}

/* Calls on_progress if it is time, or the last call. */
static void progress_call(struct rove_pool *pool, bool is_last)
{
    struct pool_progress *progress = &pool->progress;
    int64_t now = rovei_clock_now();
    bool is_due = is_last || now >= progress->due;
    if (is_due) {
        int64_t interval = pool->config.progress_interval;
        progress->due = now > INT64_MAX - interval ? INT64_MAX : now + interval;
    }
    atomic_store_explicit(&progress->next, progress_ticks_in(pool, progress->due - now), memory_order_relaxed);
    if (!is_due)
        return;
    rove_progress measured;
    progress_measure(pool, &measured);
    pool->config.on_progress(&measured, pool->config.arg);
}

/* Whether the caller is to make the call; if not, somebody else is at it, and will make one more if it has to be. */
static bool progress_begin(struct pool_progress *progress, bool is_last)
{
    uint32_t state = atomic_load_explicit(&progress->state, memory_order_relaxed);
    uint32_t after;
    do {
        if (state != PROGRESS_IDLE && !is_last)
            return false;
        after = state == PROGRESS_IDLE ? PROGRESS_TELLS : PROGRESS_WANTED;
    } while (!atomic_compare_exchange_weak_explicit(&progress->state, &state, after, memory_order_acq_rel,
                                                    memory_order_relaxed)); /* [tell] [last] */
    return after == PROGRESS_TELLS;
}

/* Whether that was it; if not, one more call is wanted. */
static bool progress_end(struct pool_progress *progress)
{
    uint32_t tells = PROGRESS_TELLS;
    if (atomic_compare_exchange_strong_explicit(&progress->state, &tells, PROGRESS_IDLE, memory_order_acq_rel,
                                                memory_order_relaxed)) /* [tell] */
        return true;
    atomic_exchange_explicit(&progress->state, PROGRESS_TELLS, memory_order_acq_rel); /* [last] */
    return false;
}

void rovei_pool_tell_progress(struct rove_pool *pool, bool is_last)
{
    struct pool_progress *progress = &pool->progress;
    if (!pool->config.on_progress ||
        (!is_last && ticks_now() < atomic_load_explicit(&progress->next, memory_order_relaxed)))
        return;
    if (!progress_begin(progress, is_last))
        return;
    do {
        progress_call(pool, is_last);
        is_last = true;
    } while (!progress_end(progress));
}
