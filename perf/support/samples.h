/*
 * Samples of one measurement. Machines are shared and noisy: a few samples are hit by something else and tell nothing,
 * so the median is what counts.
 */
#ifndef PERF_SAMPLES_H
#define PERF_SAMPLES_H

#include <rove/export.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/* The median of `count` samples, which it reorders. Requires: count is above 0. */
int64_t perf_median(int64_t *samples, size_t count);

/* The sample that the fraction `quantile` (0 to 1) of `count` samples lies below; the largest for 1. Otherwise as
 * perf_median. */
int64_t perf_quantile(int64_t *samples, size_t count, double quantile);

ROVE_END_C

#endif
