/*
 * What a pool keeps for each worker of its runtime: counters, times, the state that the program's worker_start has
 * made, and what the worker is at. Written by that worker only, read by all.
 *
 * Counters and times are relaxed: each is exact, and nothing hangs on their order. A reader that then takes the pool's
 * lock finds every job counted as submitted there that it has found counted as ended here, because the lock was held
 * between the two.
 *
 * Edges
 *   [record]  workers of the pool (release) by the worker -> whoever reads records (acquire): the record is complete
 *   [at]      changes (relaxed), made odd, then the fields of the job (release), then changes (release), made even ->
 *             changes (acquire), the fields (acquire), then changes again (relaxed): a reader that finds the same even
 *             number before and after has seen one job. Whatever it sees of another makes it see the change, too
 */
#ifndef ROVEI_POOL_WORKER_H
#define ROVEI_POOL_WORKER_H

#include "runtime/platform/ticks.h"

#include <rove/deque.h>
#include <rove/pool_stats.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rove_pool;

enum pool_counter {
    POOL_COMPLETED, /* how jobs have ended, of which each has ended in one of five ways */
    POOL_FAILED,
    POOL_CANCELED,
    POOL_TIMED_OUT,
    POOL_CRASHED,
    POOL_DISCARDED,
    POOL_RETRIED,
    POOL_HELPED,
    POOL_MOVED,
    POOL_RUNS,
    POOL_RUN_NS,
    POOL_COUNTERS
};

struct pool_times {
    _Atomic(uint64_t) sum;
    _Atomic(uint64_t) buckets[ROVE_HISTOGRAM_BUCKETS];
};

/* What a worker is at. The name of a job may be gone as soon as the job has ended, so what others may read of it is a
 * copy of its beginning. */
enum { POOL_AT_SIZE = 32 };

/* When a job has started in a pool that takes no times. */
enum { POOL_AT_UNTIMED = 1 };

struct pool_at {
    const char *name; /* the program's, or NULL; to be handed out, not to be read */
    uint64_t id;
    int64_t started;         /* ticks, or POOL_AT_UNTIMED; 0: it is at no job */
    char text[POOL_AT_SIZE]; /* the beginning of the name, terminated; empty if there is none */
};

struct pool_worker {
    int index;      /* the worker's number */
    bool is_shared; /* several threads count here, for want of memory or because they are no workers */
    bool has_state; /* worker_start was called */
    void *state;    /* what it has returned; NULL without it, and where there was no memory for a record */

    /* The innermost job, see pool_worker_show. */
    _Atomic(const char *) name;
    _Atomic(uint64_t) id;
    _Atomic(char) text[POOL_AT_SIZE];
    _Atomic(int64_t) started;
    _Atomic(uint32_t) changes; /* odd while the four above change */
    _Atomic(bool) pulse;       /* written at each start of a job in a pool with a watchdog; see watchdog.h */

    _Atomic(uint64_t) counts[POOL_COUNTERS];
    struct pool_times waiting;
    struct pool_times running;
    struct ticks_mark mark; /* of about a second ago at most, unless it is shared */
    char pad[ROVEI_LINE];
};

static inline void pool_add(const struct pool_worker *worker, _Atomic(uint64_t) *count, uint64_t amount)
{
    if (__builtin_expect(worker->is_shared, false))
        atomic_fetch_add_explicit(count, amount, memory_order_relaxed);
    else
        atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + amount, memory_order_relaxed);
}

static inline void pool_count(struct pool_worker *worker, enum pool_counter counter)
{
    pool_add(worker, &worker->counts[counter], 1);
}

/* The bucket of a time, see rove_histogram: four for each power of two. Times up to 3 have buckets of their own. */
static inline int histogram_bucket(int64_t ns)
{
    uint64_t time = ns > 0 ? (uint64_t)ns : 0;
    if (time < 4)
        return (int)time;
    int power = 63 - __builtin_clzll(time);
    int bucket = 4 * (power - 1) + (int)(time >> (power - 2) & 3);
    return bucket < ROVE_HISTOGRAM_BUCKETS ? bucket : ROVE_HISTOGRAM_BUCKETS - 1;
}

static inline void pool_time(struct pool_worker *worker, struct pool_times *times, int64_t ns)
{
    pool_add(worker, &times->buckets[histogram_bucket(ns)], 1);
    pool_add(worker, &times->sum, ns > 0 ? (uint64_t)ns : 0);
}

/* Copies the beginning of a name to where others may read it. */
void rovei_pool_worker_name(struct pool_worker *worker, const char *name);

/* Others see from now on that the worker is at the run of a job that has begun at `started`: in ticks, POOL_AT_UNTIMED,
 * or 0: at none. A name is only read during the call. Owner only; the shared record shows nothing. */
static inline void pool_worker_show(struct pool_worker *worker, const char *name, uint64_t id, int64_t started)
{
    if (__builtin_expect(worker->is_shared, false))
        return;
    if (started == 0) { /* whatever the rest says, it is at nothing */
        atomic_store_explicit(&worker->started, 0, memory_order_relaxed);
        return;
    }
    uint32_t changes = atomic_load_explicit(&worker->changes, memory_order_relaxed); /* own variable */
    atomic_store_explicit(&worker->changes, changes + 1, memory_order_relaxed);
    atomic_store_explicit(&worker->name, name, memory_order_release); /* [at] */
    atomic_store_explicit(&worker->id, id, memory_order_release);     /* [at] */
    if (name)
        rovei_pool_worker_name(worker, name);
    atomic_store_explicit(&worker->started, started, memory_order_release);     /* [at] */
    atomic_store_explicit(&worker->changes, changes + 2, memory_order_release); /* [at] */
}

/* What a worker is at; false if at nothing, or if that changes faster than one can read. Any thread. */
bool rovei_pool_worker_look(const struct pool_worker *worker, struct pool_at *at);

/* The record of the calling worker, made the first time. Where there is no memory for it, and on a thread that is no
 * worker of the pool's runtime, the shared one. */
struct pool_worker *rovei_pool_worker(struct rove_pool *pool);

/* Calls the program's worker_start, which there must be, unless that was done: before the first job that is run with
 * this record, without locks. The shared record has no state, but in a serial pool, where one thread at a time runs
 * jobs. */
void rovei_pool_worker_start(const struct rove_pool *pool, struct pool_worker *worker);

/* The same for the worker with that number, or -1: the shared one; NULL if it has none. Any thread. */
const struct pool_worker *rovei_pool_worker_at(const struct rove_pool *pool, int index);

/* Calls worker_stop for each worker_start. Requires: all jobs have ended, and no more will come, which the caller knows
 * by the pool's lock. Drivers may still be on their way out. */
void rovei_pool_workers_stop(const struct rove_pool *pool);

/* Frees all records, and `workers`. */
void rovei_pool_workers_fini(struct rove_pool *pool);

#endif
