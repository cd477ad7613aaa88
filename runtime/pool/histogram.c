/*
 * Histograms of times: what their buckets mean, see histogram_bucket. Buckets 0 to 3 are the times 0 to 3; after that
 * come four for each power of two: bucket 4 (p - 1) + q holds the times whose highest bit is p and the next two are q.
 */
#include "runtime/pool/worker.h"

#include <float.h>

int64_t rove_histogram_bound(int bucket)
{
    if (bucket >= ROVE_HISTOGRAM_BUCKETS - 1)
        return INT64_MAX;
    if (bucket < 4)
        return bucket < 0 ? -1 : bucket;
    int power = bucket / 4 + 1;
    return ((int64_t)(bucket % 4 + 5) << (power - 2)) - 1;
}

/* How many of `count` times are the fraction `quantile` of them, rounded up; at least one, at most all. Less by what
 * the fraction and the product may be off: 0.07 of 100 are 7, though as binary numbers they are a little more. */
static uint64_t quantile_rank(uint64_t count, double quantile)
{
    if (!(quantile > 0)) /* also for what is no number */
        return 1;
    double exact = quantile * (double)count * (1 - DBL_EPSILON);
    if (quantile >= 1 || exact >= (double)count)
        return count;
    uint64_t rank = (uint64_t)exact;
    rank += (double)rank < exact;
    return rank < 1 ? 1 : rank < count ? rank : count;
}

int64_t rove_histogram_quantile(const rove_histogram *histogram, double quantile)
{
    if (!histogram || histogram->count == 0)
        return 0;
    uint64_t rank = quantile_rank(histogram->count, quantile);
    int last = 0; /* that counts any: for a histogram whose count is more than its buckets hold */
    uint64_t below = 0;
    for (int bucket = 0; bucket < ROVE_HISTOGRAM_BUCKETS && below < rank; bucket++) {
        if (histogram->buckets[bucket] > 0)
            last = bucket;
        below += histogram->buckets[bucket];
    }
    return rove_histogram_bound(last);
}
