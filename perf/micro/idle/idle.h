/*
 * micro/idle: the processor time that the whole process uses while its runtime has nothing to do, with a fixed number
 * of workers and in automatic mode. The time is that of all threads together.
 */
#ifndef PERF_IDLE_H
#define PERF_IDLE_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_idle;

enum { IDLE_WINDOWS = 5 };

extern int64_t idle_window_ms;
extern int64_t idle_windows; /* measured so far */
extern double idle_seconds;  /* of processor time, in all windows */

void idle_rove(void);
void idle_rove_auto(void);

ROVE_END_C

#endif
