/*
 * Latencies from one thread to another: the feeder notes when it begins, the other side when it starts, and the median
 * of many such samples is the result.
 */
#ifndef PERF_LATENCY_H
#define PERF_LATENCY_H

#include <rove/export.h>
#include <stdint.h>

ROVE_BEGIN_C

enum { PERF_LATENCIES_MAX = 4000 };

/* Forgets all samples. */
void perf_latency_reset(void);

/* Adds a sample in nanoseconds, unless there are PERF_LATENCIES_MAX. */
void perf_latency_add(int64_t ns);

/* How many samples there are. */
int64_t perf_latency_count(void);

/* As many times the median as there are samples, in seconds: the length of a run in which every sample took the median;
 * 0 without samples. */
double perf_latency_seconds(void);

ROVE_END_C

#endif
