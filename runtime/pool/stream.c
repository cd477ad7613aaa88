/*
 * The pool's side of the stream, and the reader's. The lock of a stream is taken inside of the pool's, never the other
 * way round.
 *
 * Edges
 *   [stall]  see pool.h
 */
#include "runtime/pool/stream.h"

#include "runtime/pool/pool.h"

#include <string.h>

void rovei_stream_init(struct pool_stream *stream)
{
    memset(stream, 0, sizeof *stream);
    mutex_init(&stream->lock);
}

void rovei_stream_fini(struct pool_stream *stream)
{
    mutex_fini(&stream->lock);
}

void rovei_cell_result(const struct pool_cell *cell, rove_result *result)
{
    *result = (rove_result){.id = cell->id,
                            .status = cell->status,
                            .error = cell->error,
                            .value = cell->value,
                            .user = cell->has_more ? cell->user : NULL,
                            .worker = cell->worker,
                            .attempts = cell->attempts,
                            .submitted = cell->submitted,
                            .wait_ns = cell->wait_ns,
                            .run_ns = cell->run_ns};
}

/* Under the lock of the stream. */
static void stream_append(struct pool_stream *stream, struct pool_cell *cell)
{
    cell->next = NULL;
    if (stream->oldest)
        stream->newest->next = cell;
    else
        stream->oldest = cell;
    stream->newest = cell;
    stream->length++;
}

/* Takes up to `most` cells off, the oldest ones. Returns them, linked, and in `*count` how many. Under the lock. */
static struct pool_cell *stream_take(struct pool_stream *stream, size_t most, size_t *count)
{
    struct pool_cell *first = stream->oldest;
    *count = most < stream->length ? most : stream->length;
    if (*count == stream->length) {
        stream->oldest = NULL;
    } else {
        struct pool_cell *last = first;
        for (size_t i = 1; i < *count; i++)
            last = last->next;
        stream->oldest = last->next;
        last->next = NULL;
    }
    stream->length -= *count;
    return first;
}

static bool pool_has_promises(const struct rove_pool *pool)
{
    return pool->config.has_results && pool->config.overflow == ROVE_OVERFLOW_BLOCK;
}

/* Relaxed: a counter. */
static void pool_count_dropped(struct rove_pool *pool)
{
    atomic_fetch_add_explicit(&pool->results_dropped, 1, memory_order_relaxed);
}

static void pool_hand_over(struct rove_pool *pool, const struct pool_cell *cell)
{
    rove_result result;
    if (!pool->config.on_result) {
        pool_count_dropped(pool);
        return;
    }
    rovei_cell_result(cell, &result);
    pool->config.on_result(&result, pool->config.arg);
}

struct pool_cell *rovei_stream_push(struct rove_pool *pool, struct pool_cell *cell)
{
    struct pool_stream *stream = &pool->stream;
    rove_overflow overflow = pool->config.overflow;
    bool is_bounded = overflow == ROVE_OVERFLOW_DROP_OLDEST || overflow == ROVE_OVERFLOW_CALLER_RUNS;
    struct pool_cell *spent = NULL;
    uint32_t bells = 0;
    size_t count;
    mutex_lock_soon(&stream->lock);
    bool is_full = is_bounded && stream->length >= pool->config.results_capacity;
    if (is_full && overflow == ROVE_OVERFLOW_CALLER_RUNS) {
        spent = cell;
    } else {
        if (is_full)
            spent = stream_take(stream, 1, &count);
        stream_append(stream, cell);
        bells = rovei_waiters_signal(&stream->readers, 1);
    }
    mutex_unlock(&stream->lock);
    rovei_bells_ring(pool, bells);
    if (spent == cell)
        pool_hand_over(pool, cell);
    else if (spent)
        pool_count_dropped(pool);
    return spent;
}

void rovei_stream_stir(struct rove_pool *pool)
{
    struct pool_stream *stream = &pool->stream;
    mutex_lock_soon(&stream->lock);
    pool->due.bells |= rovei_waiters_signal(&stream->readers, SIZE_MAX);
    mutex_unlock(&stream->lock);
}

void rovei_stream_end(struct rove_pool *pool)
{
    mutex_lock_soon(&pool->stream.lock);
    pool->stream.is_ended = true;
    mutex_unlock(&pool->stream.lock);
    rovei_stream_stir(pool);
}

size_t rovei_stream_length(struct rove_pool *pool)
{
    struct pool_stream *stream = &pool->stream;
    mutex_lock_soon(&stream->lock);
    size_t length = stream->length;
    mutex_unlock(&stream->lock);
    return length;
}

void rovei_stream_reclaim(struct rove_pool *pool)
{
    struct pool_stream *stream = &pool->stream;
    if (!atomic_load_explicit(&stream->spent, memory_order_relaxed)) /* what comes a moment later is taken next time */
        return;
    struct pool_cell *cell = atomic_exchange_explicit(&stream->spent, NULL, memory_order_acquire); /* [spent] */
    while (cell) {
        struct pool_cell *next = cell->next;
        cells_give(&pool->cells, cell);
        cell = next;
    }
}

/* How many records there is room for beyond those that are held; may be below zero. Only grows while the pool is
 * locked. Seq_cst for [stall]. */
static int64_t pool_results_room(const struct rove_pool *pool)
{
    size_t capacity = pool->config.results_capacity;
    int64_t most = capacity < INT64_MAX ? (int64_t)capacity : INT64_MAX;
    return most - atomic_load_explicit(&pool->results_held, memory_order_seq_cst);
}

/* The lock orders the stores of false; only that of true has to be seen by a reader without it. */
static int64_t pool_results_room_or_stall(struct rove_pool *pool)
{
    int64_t room = pool_results_room(pool);
    if (room <= 0) {
        atomic_store_explicit(&pool->is_stalled, true, memory_order_seq_cst); /* [stall] */
        room = pool_results_room(pool);
    }
    if (room > 0 && atomic_load_explicit(&pool->is_stalled, memory_order_relaxed))
        atomic_store_explicit(&pool->is_stalled, false, memory_order_relaxed);
    return room > 0 ? room : 0;
}

/* Relaxed: counting up takes room away, which nobody waits for. */
size_t rovei_stream_promise(struct rove_pool *pool, size_t most)
{
    if (!pool_has_promises(pool))
        return most;
    uint64_t room = pool->is_closed ? most : (uint64_t)pool_results_room_or_stall(pool);
    size_t granted = room < most ? room : most;
    atomic_fetch_add_explicit(&pool->results_held, (int64_t)granted, memory_order_relaxed);
    return granted;
}

void rovei_stream_unstall(struct rove_pool *pool)
{
    if (!atomic_load_explicit(&pool->is_stalled, memory_order_relaxed)) /* the lock orders it */
        return;
    atomic_store_explicit(&pool->is_stalled, false, memory_order_relaxed);
    rovei_pool_rouse(pool);
}

void rovei_stream_unpromise(struct rove_pool *pool, size_t count)
{
    if (count == 0 || !pool_has_promises(pool))
        return;
    atomic_fetch_sub_explicit(&pool->results_held, (int64_t)count, memory_order_relaxed); /* drivers hold the lock */
    rovei_stream_unstall(pool);
}

void rovei_stream_insist(struct rove_pool *pool)
{
    if (pool_has_promises(pool))
        atomic_fetch_add_explicit(&pool->results_held, 1, memory_order_relaxed); /* drivers hold the lock */
}

/* So many records were read. */
static void pool_make_room(struct rove_pool *pool, size_t count)
{
    if (!pool_has_promises(pool))
        return;
    atomic_fetch_sub_explicit(&pool->results_held, (int64_t)count, memory_order_seq_cst); /* [stall] */
    if (!atomic_load_explicit(&pool->is_stalled, memory_order_seq_cst))                   /* [stall] */
        return;
    pool_lock(pool);
    rovei_stream_unstall(pool);
    pool_unlock(pool);
}

/* Writes the records of `cells` to `results`, and leaves the cells to the pool. */
static void stream_deliver(struct rove_pool *pool, struct pool_cell *cells, rove_result *results)
{
    struct pool_stream *stream = &pool->stream;
    struct pool_cell *last = cells;
    rovei_cell_result(cells, results);
    while (last->next)
        rovei_cell_result(last = last->next, ++results);
    struct pool_cell *before = atomic_load_explicit(&stream->spent, memory_order_relaxed); /* is not looked into */
    do
        last->next = before;
    while (!atomic_compare_exchange_weak_explicit(&stream->spent, &before, cells, memory_order_release,
                                                  memory_order_relaxed)); /* [spent] */
}

/* A call of rove_pool_next_batch. */
struct stream_read {
    struct rove_pool *pool;
    rove_result *results;
    size_t most;
    size_t count;
    struct pool_waiter waiter;
};

/* Takes what is there; else enters the waiter if `waits`. Returns ROVE_OK; ROVE_CLOSED if nothing will come;
 * ROVE_PENDING if nothing has yet. */
static rove_status stream_look(struct stream_read *read, bool waits)
{
    struct rove_pool *pool = read->pool;
    struct pool_stream *stream = &pool->stream;
    if (rovei_stop_is_unnoticed(pool)) {
        pool_lock(pool);
        pool_unlock(pool);
    }
    rovei_pool_drive_serial(pool);
    mutex_lock_soon(&stream->lock);
    if (read->waiter.is_listed)
        rovei_waiter_leave(&stream->readers, &read->waiter);
    struct pool_cell *cells = stream_take(stream, read->most, &read->count);
    bool is_ended = stream->is_ended;
    if (!cells && !is_ended && waits)
        rovei_waiter_enter(pool, &stream->readers, &read->waiter);
    mutex_unlock(&stream->lock);
    if (!cells)
        return is_ended ? ROVE_CLOSED : ROVE_PENDING;
    stream_deliver(pool, cells, read->results);
    pool_make_room(pool, read->count);
    return ROVE_OK;
}

/* Looks, and waits between, until the time `until`. */
static rove_status stream_wait(struct stream_read *read, int64_t until)
{
    rove_status status;
    while ((status = stream_look(read, true)) == ROVE_PENDING) {
        if (rovei_pool_attend(read->pool))
            continue;
        rove_status waited = rovei_waiter_wait(read->pool, &read->waiter, until);
        if (waited == ROVE_TIMED_OUT)
            return stream_look(read, false);
        if (waited)
            return waited;
    }
    return status;
}

rove_status rove_pool_next_batch(struct rove_pool *pool, rove_result *results, size_t most, int64_t until,
                                 size_t *count)
{
    if (count)
        *count = 0;
    rove_status status = pool_check(pool);
    if (status)
        return status;
    if (!results || most == 0 || !count || !pool->config.has_results)
        return ROVE_INVALID;
    struct stream_read read = {.pool = pool, .results = results, .most = most};
    status = stream_look(&read, false);
    if (status == ROVE_PENDING && until > 0)
        status = rovei_pool_is_beneath(pool) ? ROVE_BUSY : stream_wait(&read, until);
    *count = read.count;
    return status == ROVE_PENDING ? ROVE_TIMED_OUT : status;
}

rove_status rove_pool_next(struct rove_pool *pool, rove_result *result, int64_t until)
{
    size_t count;
    return rove_pool_next_batch(pool, result, 1, until, &count);
}
