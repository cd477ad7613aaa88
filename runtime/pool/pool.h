/*
 * The pool: a queue of cells in front of a runtime, and the drivers that run them.
 *
 * A *driver* is a task of the runtime. It is injected when there are jobs and fewer drivers than the width allows; it
 * takes jobs, runs them, and ends when it has found none for a moment. At most one is on its way at a time: when it
 * begins and sees more jobs than it takes itself, it starts the next one. A driver whose job waits is *lent out*: it
 * does not count against the width, so that jobs may wait for jobs.
 *
 * All that is shared lies under one lock, which a driver takes once for a handful of short jobs (hand.h). What a
 * handler of signals may do is one store and ringing of bells: whoever is woken, or takes the lock next, notices the
 * stop.
 *
 * Invariant, whenever the lock is free: if jobs are queued, then a driver is active or on its way, or as many as the
 * width allows are, or the stream of results has no room (`is_stalled`) and its next reader will start one; in a serial
 * pool, a thread is driving, or the one that has submitted is about to.
 *
 * Edges
 *   [stall]  is_stalled (seq_cst), then results_held (seq_cst) by a driver -> results_held (seq_cst), then is_stalled
 *            by a reader: a driver that gives up for want of room and a reader that makes some see each other
 *   [stop]   stop (seq_cst) by request_stop, then the bells -> whoever holds the lock or is woken
 *   [gone]   references (release) by each who lets go -> the last one (acquire), which frees what they have written
 */
#ifndef ROVEI_POOL_POOL_H
#define ROVEI_POOL_POOL_H

#include "runtime/platform/mutex.h"
#include "runtime/platform/ticks.h"
#include "runtime/pool/cell.h"
#include "runtime/pool/hand.h"
#include "runtime/pool/level.h"
#include "runtime/pool/progress.h"
#include "runtime/pool/stream.h"
#include "runtime/pool/waiter.h"
#include "runtime/pool/worker.h"
#include "runtime/sched/runtime.h"

#include <rove/pool.h>

enum { POOL_NAME_SIZE = 32 };

struct pool_driver {
    struct rovei_injected injected; /* first: its task */
    struct rove_pool *pool;
    struct pool_driver *next_idle;
    struct pool_driver *next; /* among all */
    int lane;
    int lane_taken;   /* where its last job came from */
    bool is_starting; /* on its way. This and the next under the lock */
    bool is_counted;  /* among the active; not while it is lent out; of helpers, only one that has a keyed lane */
    bool has_run;     /* it has found jobs in this stay; its own */
    bool is_lent;     /* its job waits */
    bool is_helper;   /* it lies on a stack and runs one job */
    int64_t since;    /* ticks when it last had the lock */
    size_t runs;      /* since then */

    /* What has ended since the lock was last held. */
    struct pool_cell *spent[HAND_CELLS + 1]; /* to be given back */
    size_t spent_count;
    size_t finished; /* no longer running */
    size_t ended;    /* and for good */
    char pad[ROVEI_LINE];

    struct pool_hand hand;
};

/* What is to be done when the lock is released. */
struct pool_due {
    uint32_t bells;
    bool wakes_one;                 /* a driver was injected */
    struct rovei_worker *wakes_for; /* a driver was put into the inbox of this worker */
};

struct rove_pool {
    /* Set at the creation. */
    struct rove_runtime *runtime;
    const rove_allocator *allocator; /* the runtime's */
    rove_pool_config config;         /* with the defaults filled in; `name` is the one below */
    char name[POOL_NAME_SIZE];
    int lane_count;
    rove_scope scope; /* of all its jobs */

    struct rovei_mutex lock; /* of all that follows, if nothing else is said */
    struct pool_cells cells;
    struct pool_lane *lanes;
    size_t queued;     /* in all lanes */
    size_t held_after; /* jobs that wait for futures: they take up room */
    size_t held_retry; /* jobs that wait for their next run: they do not */
    size_t running;    /* jobs that were taken and are not done with, but for those whose driver is lent out */
    size_t left;       /* jobs that were accepted and have not ended */
    uint64_t submitted;
    uint64_t ended;
    uint64_t refused_full;
    uint64_t refused_closed;
    size_t queued_most;
    int64_t first_submit; /* when, by rove_clock; 0: not yet */
    bool is_closed;
    bool is_canceled;
    bool has_ended;              /* closed, and nothing left */
    struct pool_driver *serial;  /* who runs the jobs of a serial pool at the moment, or NULL */
    struct pool_driver *drivers; /* all of them, linked by `next` */
    struct pool_driver *idle_drivers;
    int active;      /* drivers that are at work or on their way, not lent out */
    int lent;        /* drivers that are lent out */
    int starting;    /* of those, on their way */
    int lingering;   /* of those, about to look for jobs again */
    int lane_next;   /* the last one of ROVE_PLACE_ROUND_ROBIN */
    uint64_t random; /* how many were drawn, for ROVE_PLACE_RANDOM */
    struct pool_waiters for_room;
    struct pool_waiters for_end; /* until nothing is left */
    struct pool_due due;
    _Atomic(double) tick_ns; /* nanoseconds in a tick, as measured so far; relaxed: any value of it will do */
    int64_t next_measure;    /* ticks */
    int64_t mean_run;        /* ticks that a job takes, a moving mean: how many a driver takes at once. As `queued` */

    _Atomic(int64_t) results_held; /* records in the stream, and room that is promised to jobs which run */
    _Atomic(bool) is_stalled;      /* for want of it; set under the lock */
    struct pool_stream stream;

    _Atomic(uint32_t) stop;         /* was requested by a handler */
    _Atomic(uint32_t) stop_noticed; /* and carried out */
    _Atomic(uint32_t) bells[POOL_BELLS];
    _Atomic(uint32_t) bells_given; /* to spread the waiters over them */

    _Atomic(int64_t) references;            /* drivers that are at work or on their way, and the program's own */
    _Atomic(struct pool_worker *) *workers; /* by their number, rove_worker_limit of them; made on first use */
    struct pool_worker *shared_worker;      /* where those count for which there was no memory */
    _Atomic(uint64_t) results_dropped;
    _Atomic(uint64_t) stuck;
    struct pool_progress progress;
    struct pool_keeper *keeper; /* its own thread, or NULL. Set under the lock, once */
};

/* Every entry to a pool by the program: ROVE_INVALID for NULL, ROVE_FORKED in a child of fork. */
static inline rove_status pool_check(const struct rove_pool *pool)
{
    if (!pool)
        return ROVE_INVALID;
    return runtime_is_here(pool->runtime) ? ROVE_OK : ROVE_FORKED;
}

/* Under the lock: cancels the pool. */
void rovei_pool_stop(struct rove_pool *pool);

/* The slow side of pool_unlock: what is due. */
void rovei_pool_unlock_due(struct rove_pool *pool);

/* The lock; whoever gets it notices a stop that was requested. */
static inline void pool_lock(struct rove_pool *pool)
{
    mutex_lock_soon(&pool->lock);
    bool is_requested = atomic_load_explicit(&pool->stop, memory_order_seq_cst); /* [stop] */
    if (ROVEI_UNLIKELY(is_requested) && !pool->is_canceled)
        rovei_pool_stop(pool);
}

/* Releases it, and does what is due. */
static inline void pool_unlock(struct rove_pool *pool)
{
    const struct pool_due *due = &pool->due;
    if (ROVEI_UNLIKELY(due->bells || due->wakes_one || due->wakes_for))
        rovei_pool_unlock_due(pool);
    else
        mutex_unlock(&pool->lock);
}

/* Ticks as nanoseconds, at least 0. */
static inline int64_t pool_ns(const struct rove_pool *pool, int64_t ticks)
{
    return ticks > 0 ? (int64_t)((double)ticks * atomic_load_explicit(&pool->tick_ns, memory_order_relaxed)) : 0;
}

static inline int64_t pool_ticks(const struct rove_pool *pool)
{
    return pool->config.is_untimed ? 0 : ticks_now();
}

/* The worker of the pool's runtime that the caller is, or NULL. */
static inline struct rovei_worker *pool_worker_self(const struct rove_pool *pool)
{
    struct rovei_worker *worker = worker_self();
    return worker && worker->runtime == pool->runtime ? worker : NULL;
}

/* Under the lock. Relaxed: whoever reads it without the lock looks again with it. */
static inline void pool_set_queued(struct rove_pool *pool, size_t queued)
{
    ROVEI_STORE(pool->queued, queued, RELAXED);
}

/* Whether a job of this pool lies on the caller's stack. */
bool rovei_pool_is_beneath(const struct rove_pool *pool);

/* The pool is used by one more, or one fewer: the last one frees it. */
void rovei_pool_retain(struct rove_pool *pool);
void rovei_pool_release(struct rove_pool *pool);

/*
 * Under the lock: starts drivers if the invariant wants any. False if it wants one that could not be had and no other
 * is active: because the runtime is closed, or for want of memory.
 */
bool rovei_pool_rouse(struct rove_pool *pool);

/* How many jobs may run at once, in a pool without lanes. Relaxed: the number of workers may change at any time. */
static inline int pool_width(const struct rove_pool *pool)
{
    return pool->config.width ? pool->config.width : atomic_load_explicit(&pool->runtime->target, memory_order_relaxed);
}

/* The same after a job was queued, where most often there is nothing to do: a driver is about to look for jobs, or all
 * are at work. */
static inline bool pool_rouse(struct rove_pool *pool)
{
    bool has_enough = pool->starting > 0 || pool->lingering > 0 || pool->active >= pool_width(pool);
    return (has_enough && pool->config.placement == ROVE_PLACE_SHARED) || rovei_pool_rouse(pool);
}

/* How many jobs may run at once. */
int rovei_pool_width(const struct rove_pool *pool);

/* Makes a first driver, so that a pool can always be served. False if there is no memory. */
bool rovei_pool_prepare_driver(struct rove_pool *pool);

/* Takes the lock, and accounts for what the driver has run. */
void rovei_pool_finish(struct rove_pool *pool, struct pool_driver *driver);

/* Under the lock: the jobs whose turn it is, up to HAND_CELLS, or one that a fellow has in its hand; returns how many.
 * `*is_moved`: the one job was another's. */
size_t rovei_pool_take(struct rove_pool *pool, struct pool_driver *driver, struct pool_cell **cells, bool *is_moved);

/* Takes one job of the queue and runs it here; false if there is none that may run now. Without the lock. */
bool rovei_pool_help(struct rove_pool *pool);

/* Runs what is queued in a serial pool, if no thread is at it. False if there is nothing, if it cannot, or if the pool
 * is not serial. Without the lock. */
bool rovei_pool_drive_serial(struct rove_pool *pool);

/* A job that was held goes on: it is queued. `doom`: a status and an error that it ends with instead of running, or 0.
 * Any thread, without the lock. */
void rovei_pool_unhold(struct rove_pool *pool, struct pool_cell *cell, rove_status doom, int error);
void rovei_pool_unhold_locked(struct rove_pool *pool, struct pool_cell *cell, rove_status doom, int error);

/* Under the lock: measures what a tick is. */
void rovei_pool_measure_tick(struct rove_pool *pool);

/* Under the lock: counts jobs that have ended, and announces the end. */
void rovei_pool_count_ended(struct rove_pool *pool, size_t ended);

/* Ends what is queued if nobody can run it any more, because the runtime is shut down. Without the lock. */
void rovei_pool_sweep(struct rove_pool *pool);

/* Runs or ends jobs that are queued and that nobody else would see to: in a serial pool, or when the runtime is shut
 * down. Returns whether there were any. Who is about to sleep calls it when it is listed, so that jobs which are let go
 * at that moment are seen by it, or by whoever lets them go. Without the lock. */
bool rovei_pool_attend(struct rove_pool *pool);

/* Under the lock: which lane a job with that key goes to, in a pool that has lanes. */
int rovei_pool_place(struct rove_pool *pool, uint64_t key);

static inline int pool_place(struct rove_pool *pool, uint64_t key)
{
    return pool->config.placement == ROVE_PLACE_SHARED ? 0 : rovei_pool_place(pool, key);
}

/* Under the lock: how many jobs there is room for, and telling those who wait for it. */
size_t rovei_pool_room(const struct rove_pool *pool);
void rovei_pool_offer_room(struct rove_pool *pool);

/* One line to the pool's log, if there is one. Without the lock. */
__attribute__((format(printf, 2, 3))) void rovei_pool_log(const struct rove_pool *pool, const char *format, ...);

#endif
