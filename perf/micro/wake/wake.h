/*
 * micro/wake: how long it takes from feeding a task to its start when all workers sleep, and, as the least it can be, a
 * bare hand-over to one sleeping thread by futex.
 */
#ifndef PERF_WAKE_H
#define PERF_WAKE_H

#include "harness/bench.h"
#include "support/clock.h"

#include <time.h>

ROVE_BEGIN_C

extern const struct perf_workload perf_wake;

extern int64_t wake_samples; /* how many hand-overs a run measures */

void wake_rove(void);
void wake_rove_warm(void); /* in a phase: the workers do not sleep */
void wake_futex(void);
void wake_futex_bound(void); /* both threads bound to processors of their own, as workers are */

/* Sleeps for `microseconds`, so that the other threads have the processors to themselves. */
static inline void wake_pause(long microseconds)
{
    struct timespec span = {0, microseconds * 1000};
    nanosleep(&span, NULL);
}

enum {
    WAKE_SETTLE_US = 400, /* long enough for all workers to go to sleep */
    WAKE_POLL_US = 50,    /* between two looks whether the task has started */
    WAKE_WARM_NS = 5000   /* long enough for a worker that does not sleep to look for work again */
};

ROVE_END_C

#endif
