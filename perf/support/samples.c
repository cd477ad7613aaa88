/*
 * Samples of one measurement.
 */
#include "support/samples.h"

#include <stdlib.h>

static int samples_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int64_t perf_median(int64_t *samples, size_t count)
{
    return perf_quantile(samples, count, 0.5);
}

int64_t perf_quantile(int64_t *samples, size_t count, double quantile)
{
    size_t place = (size_t)(quantile * (double)count);
    qsort(samples, count, sizeof *samples, samples_compare);
    return samples[place < count ? place : count - 1];
}
