/*
 * A crowd: threads that are no workers and submit at the same time.
 */
#ifndef PERF_POOL_CROWD_H
#define PERF_POOL_CROWD_H

#include <rove/export.h>
#include <stdint.h>

ROVE_BEGIN_C

enum { PERF_CROWD_MAX = 64 };

/* Calls body(begin, end, arg) on `threads` threads (at most PERF_CROWD_MAX) that divide 0 to `count` among them, and
 * returns when all have returned. The threads are started before they are let off, which is where the timer (timer.h)
 * begins. Ends the program if a thread is refused. */
void perf_crowd_run(int threads, int64_t count, void (*body)(int64_t begin, int64_t end, void *arg), void *arg);

ROVE_END_C

#endif
