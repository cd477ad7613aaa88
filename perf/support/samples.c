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
    qsort(samples, count, sizeof *samples, samples_compare);
    return samples[count / 2];
}
