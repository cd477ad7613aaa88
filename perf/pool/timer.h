/*
 * The time that a run of a pool workload took: without making and unmaking the pool.
 */
#ifndef PERF_POOL_TIMER_H
#define PERF_POOL_TIMER_H

#include <rove/export.h>

ROVE_BEGIN_C

void perf_timer_begin(void);
void perf_timer_end(void);

/* Between the last begin and the last end. */
double perf_timer_seconds(void);

ROVE_END_C

#endif
