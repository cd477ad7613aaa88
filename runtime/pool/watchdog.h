/*
 * The watchdog: finds jobs that have run for too long, and says so. It is a part of the keeper, looks at what the
 * workers show that they are at, and sleeps until the earliest of those jobs may be late. When it has found nobody at a
 * job two times in a row, it is off, and sleeps until a job starts; so a pool that is idle has no thread that wakes up,
 * and jobs that come one by one do not each pay for a wake-up.
 *
 * Edges
 *   [off]  workers of the pool (seq_cst), what the worker shows, pulse (seq_cst), then is_off (seq_cst) by a worker ->
 *          is_off (seq_cst), then workers and pulse (seq_cst), then what it shows by the watchdog: if the worker does
 *          not see that it is off, the watchdog sees its record and the job
 */
#ifndef ROVEI_POOL_WATCHDOG_H
#define ROVEI_POOL_WATCHDOG_H

#include "runtime/pool/pool.h"

/* The jobs of one worker that were named, by their starts, oldest first: one may run on top of the other. */
enum { WATCHDOG_DEPTH = 7 };

struct watchdog_named {
    int64_t starts[WATCHDOG_DEPTH];
    int count;
};

struct pool_watchdog {
    struct rove_pool *pool;
    int64_t limit;                /* nanoseconds that a job may run */
    struct watchdog_named *named; /* by worker */
    bool was_idle;                /* nobody was at a job when it last looked. The keeper's */
    _Atomic(bool) is_off;
};

/* Prepares it. Returns ROVE_OK; ROVE_NO_MEMORY. In a pool without a watchdog it does nothing, like the others. */
rove_status rovei_watchdog_init(struct pool_watchdog *watchdog, struct rove_pool *pool);
void rovei_watchdog_fini(struct pool_watchdog *watchdog);

/* Looks, and reports. Returns when to look again, by rove_clock; ROVE_NEVER: it is off. Only the keeper. */
int64_t rovei_watchdog_look(struct pool_watchdog *watchdog);

/* The worker shows that it is at a job. Returns whether the watchdog is to be woken. */
bool rovei_watchdog_notice(struct pool_watchdog *watchdog, struct pool_worker *worker);

#endif
