/*
 * Work for the micro benchmarks: a loop that the compiler does not shorten, of a length that is found once.
 */
#ifndef PERF_WORK_H
#define PERF_WORK_H

#include <rove/export.h>
#include <stdint.h>

ROVE_BEGIN_C

/* Steps of work that take about a microsecond on this machine. Measured at the first call. */
int64_t perf_work_per_microsecond(void);

/* Does so many steps; the value depends on each. */
uint64_t perf_work(int64_t steps, uint64_t value);

ROVE_END_C

#endif
