#include "runtime/pool/watchdog.h"

#include "runtime/platform/clock.h"
#include "runtime/platform/memory.h"

#include <inttypes.h>

static size_t watchdog_size(const struct rove_pool *pool)
{
    return (size_t)rove_worker_limit(pool->runtime) * sizeof(struct watchdog_named);
}

rove_status rovei_watchdog_init(struct pool_watchdog *watchdog, struct rove_pool *pool)
{
    *watchdog = (struct pool_watchdog){.pool = pool, .limit = pool->config.stuck_after};
    if (watchdog->limit <= 0)
        return ROVE_OK;
    watchdog->named = rovei_memory_allocate(pool->allocator, watchdog_size(pool));
    return watchdog->named ? ROVE_OK : ROVE_NO_MEMORY;
}

void rovei_watchdog_fini(struct pool_watchdog *watchdog)
{
    if (watchdog->named)
        rovei_memory_release(watchdog->pool->allocator, watchdog->named, watchdog_size(watchdog->pool));
}

/* Whether the job that has started then is named for the first time. Those that have started later have ended. */
static bool named_is_new(struct watchdog_named *named, int64_t started)
{
    while (named->count > 0 && named->starts[named->count - 1] > started)
        named->count--;
    if (named->count > 0 && named->starts[named->count - 1] == started)
        return false;
    if (named->count == WATCHDOG_DEPTH) /* it may name the one below again */
        named->count--;
    named->starts[named->count++] = started;
    return true;
}

static void watchdog_report(struct rove_pool *pool, int worker, const struct pool_at *at, int64_t age)
{
    const char *name = at->name ? at->text : NULL;
    atomic_fetch_add_explicit(&pool->stuck, 1, memory_order_relaxed); /* a counter */
    if (pool->config.on_stuck) {
        rove_stuck stuck = {.pool = pool, .worker = worker, .name = name, .id = at->id, .age = age};
        pool->config.on_stuck(&stuck, pool->config.arg);
    } else {
        rovei_pool_log(pool, "job %s%s%s (id %" PRIu64 ") has run for %" PRId64 " ms on worker %d", name ? "\"" : "",
                       name ? name : "without a name", name ? "\"" : "", at->id, age / 1000000, worker);
    }
}

static int64_t watchdog_in(int64_t ns)
{
    int64_t now = rovei_clock_now();
    return now > ROVE_NEVER - ns ? ROVE_NEVER : now + ns;
}

/* Looks at one worker. Returns when to look again, or ROVE_NEVER if it is at no job. */
static int64_t watchdog_check(struct pool_watchdog *watchdog, int index)
{
    struct rove_pool *pool = watchdog->pool;
    struct pool_worker *worker = atomic_load_explicit(&pool->workers[index], memory_order_seq_cst); /* [record] [off] */
    if (!worker)
        return ROVE_NEVER;
    (void)atomic_load_explicit(&worker->pulse, memory_order_seq_cst);               /* [off] */
    int64_t started = atomic_load_explicit(&worker->started, memory_order_acquire); /* [at] */
    if (!started)
        return ROVE_NEVER;
    int64_t age = pool_ns(pool, ticks_now() - started);
    if (age < watchdog->limit)
        return watchdog_in(watchdog->limit - age);
    struct pool_at at;
    if (rovei_pool_worker_look(worker, &at) && at.started == started && named_is_new(&watchdog->named[index], started))
        watchdog_report(pool, index, &at, age);
    return watchdog_in(watchdog->limit); /* it may be at another one by now, or again at one below */
}

/* The same for all of them. */
static int64_t watchdog_check_all(struct pool_watchdog *watchdog)
{
    int64_t next = ROVE_NEVER;
    for (int i = 0; i < rove_worker_limit(watchdog->pool->runtime); i++) {
        int64_t due = watchdog_check(watchdog, i);
        next = due < next ? due : next;
    }
    return next;
}

int64_t rovei_watchdog_look(struct pool_watchdog *watchdog)
{
    if (!watchdog->named)
        return ROVE_NEVER;
    int64_t least = watchdog_in(watchdog->limit); /* what starts while it looks is not due before */
    int64_t next = watchdog_check_all(watchdog);
    bool was_idle = watchdog->was_idle;
    watchdog->was_idle = next == ROVE_NEVER && !was_idle;
    if (next != ROVE_NEVER || !was_idle)
        return next != ROVE_NEVER ? next : least;
    atomic_store_explicit(&watchdog->is_off, true, memory_order_seq_cst); /* [off] */
    next = watchdog_check_all(watchdog);
    if (next != ROVE_NEVER)
        atomic_store_explicit(&watchdog->is_off, false, memory_order_relaxed); /* at worst it is woken in vain */
    return next;
}

bool rovei_watchdog_notice(struct pool_watchdog *watchdog, struct pool_worker *worker)
{
    atomic_store_explicit(&worker->pulse, true, memory_order_seq_cst);               /* [off] */
    return atomic_load_explicit(&watchdog->is_off, memory_order_seq_cst) &&          /* [off] */
           atomic_exchange_explicit(&watchdog->is_off, false, memory_order_relaxed); /* one of them wakes it */
}
