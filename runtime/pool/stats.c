#include "runtime/pool/stats.h"

#include <string.h>

/* Relaxed, as all reads of counters here; see worker.h. */
static uint64_t stats_read(const _Atomic(uint64_t) *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static uint64_t stats_count(const struct pool_worker *worker, enum pool_counter counter)
{
    return stats_read(&worker->counts[counter]);
}

static void stats_add_times(rove_histogram *histogram, const struct pool_times *times)
{
    for (int i = 0; i < ROVE_HISTOGRAM_BUCKETS; i++) {
        uint64_t count = stats_read(&times->buckets[i]);
        histogram->buckets[i] += count;
        histogram->count += count;
    }
    histogram->sum += stats_read(&times->sum);
}

static void stats_add_worker(rove_pool_stats *stats, const struct pool_worker *worker)
{
    stats->completed += stats_count(worker, POOL_COMPLETED);
    stats->failed += stats_count(worker, POOL_FAILED);
    stats->canceled += stats_count(worker, POOL_CANCELED);
    stats->timed_out += stats_count(worker, POOL_TIMED_OUT);
    stats->crashed += stats_count(worker, POOL_CRASHED);
    stats->discarded += stats_count(worker, POOL_DISCARDED);
    stats->retried += stats_count(worker, POOL_RETRIED);
    stats->helped += stats_count(worker, POOL_HELPED);
    stats->moved += stats_count(worker, POOL_MOVED);
    stats_add_times(&stats->waiting, &worker->waiting);
    stats_add_times(&stats->run_time, &worker->running);
}

/* Jobs that drivers have taken off the queue, but not begun with. Under the lock. */
static uint64_t stats_in_hands(const struct rove_pool *pool)
{
    uint64_t jobs = 0;
    for (const struct pool_driver *driver = pool->drivers; driver; driver = driver->next) {
        int64_t word = ROVEI_LOAD(driver->hand.word, RELAXED); /* a figure, through which nothing is reached */
        if (hand_next(word) < hand_end(word))
            jobs += (uint64_t)(hand_end(word) - hand_next(word));
    }
    return jobs;
}

/* What lies under the pool's lock. What runs is what was accepted, has not ended and does not wait. It comes after the
 * workers, so that nothing that they have ended is missing among what was accepted. */
static void stats_add_pool(rove_pool_stats *stats, struct rove_pool *pool)
{
    uint64_t ended = stats->completed + stats->failed + stats->canceled + stats->timed_out + stats->crashed;
    pool_lock(pool);
    stats->capacity = pool->config.capacity;
    stats->submitted = pool->submitted;
    stats->queued = pool->queued + stats_in_hands(pool);
    stats->held = pool->held_after + pool->held_retry;
    uint64_t waiting = stats->queued + stats->held + ended;
    stats->running = stats->submitted > waiting ? stats->submitted - waiting : 0;
    stats->refused_full = pool->refused_full;
    stats->refused_closed = pool->refused_closed;
    stats->queued_most = pool->queued_most;
    pool_unlock(pool);
}

rove_status rove_pool_get_stats(const rove_pool *pool, rove_pool_stats *stats)
{
    if (!stats)
        return ROVE_INVALID;
    rove_status status = pool_check(pool);
    if (status != ROVE_OK)
        return status;
    struct rove_pool *locked = (struct rove_pool *)pool; /* nothing of it changes but its locks */
    memset(stats, 0, sizeof *stats);
    for (int i = POOL_SHARED_INDEX; i < rove_worker_limit(pool->runtime); i++) {
        const struct pool_worker *worker = rovei_pool_worker_at(pool, i);
        if (worker)
            stats_add_worker(stats, worker);
    }
    stats_add_pool(stats, locked);
    if (pool->config.has_results)
        stats->results_unread = rovei_stream_length(locked);
    stats->results_dropped = stats_read(&pool->results_dropped);
    stats->stuck = stats_read(&pool->stuck);
    return ROVE_OK;
}

bool rovei_pool_describe_worker(const rove_pool *pool, int index, rove_pool_worker *worker, struct pool_at *at)
{
    const struct pool_worker *record = rovei_pool_worker_at(pool, index);
    if (!record)
        return false;
    *worker = (rove_pool_worker){.worker = index, .age = -1};
    worker->runs = stats_count(record, POOL_RUNS);
    worker->run_ns = stats_count(record, POOL_RUN_NS);
    bool is_running = rovei_pool_worker_look(record, at);
    if (is_running) {
        worker->name = at->name;
        worker->id = at->id;
        worker->age = at->started == POOL_AT_UNTIMED ? 0 : pool_ns(pool, ticks_now() - at->started);
    }
    return is_running || worker->runs > 0;
}

size_t rove_pool_get_workers(const rove_pool *pool, rove_pool_worker *workers, size_t most)
{
    size_t count = 0;
    if (pool_check(pool) != ROVE_OK)
        return 0;
    for (int i = POOL_SHARED_INDEX; i < rove_worker_limit(pool->runtime); i++) {
        rove_pool_worker worker;
        struct pool_at at;
        if (!rovei_pool_describe_worker(pool, i, &worker, &at))
            continue;
        if (workers && count < most)
            workers[count] = worker;
        count++;
    }
    return count;
}

double rove_pool_imbalance(const rove_pool *pool)
{
    uint64_t greatest = 0;
    double sum = 0;
    int count = 0;
    if (pool_check(pool) != ROVE_OK)
        return 0;
    for (int i = POOL_SHARED_INDEX; i < rove_worker_limit(pool->runtime); i++) {
        const struct pool_worker *worker = rovei_pool_worker_at(pool, i);
        if (!worker || stats_count(worker, POOL_RUNS) == 0)
            continue;
        uint64_t ns = stats_count(worker, POOL_RUN_NS);
        greatest = ns > greatest ? ns : greatest;
        sum += (double)ns;
        count++;
    }
    return sum > 0 ? (double)greatest * count / sum : 0;
}

size_t rove_pool_get_lanes(const rove_pool *pool, rove_pool_lane *lanes, size_t most)
{
    if (pool_check(pool) != ROVE_OK || pool->config.placement == ROVE_PLACE_SHARED)
        return 0;
    struct rove_pool *locked = (struct rove_pool *)pool;
    size_t count = (size_t)pool->lane_count;
    pool_lock(locked);
    for (size_t i = 0; lanes && i < count && i < most; i++)
        lanes[i] = (rove_pool_lane){pool->lanes[i].total, pool->lanes[i].total - pool->lanes[i].ended};
    pool_unlock(locked);
    return count;
}
