/*
 * Reductions: one value out of many, in parallel. They come in two forms.
 *
 * rove_reduce cuts the range where and when a worker is hungry, as rove_for does, and needs no grain size. Neighbours
 * are combined in the order of their indices, so it suits whatever is associative. Floating-point addition is not:
 * there the last digits differ from run to run.
 *
 * rove_reduce_fixed cuts by the indices alone and combines in a tree that depends on nothing else, so that the result
 * has the same bits for any number of workers and any timing. Sums, products and extremes of arrays are built on it:
 *
 *     double sum;
 *     rove_sum_f64(x, n, &sum);
 *
 * What parallel.h says of loops holds here too: from any thread, a scope each, no heap memory unless a value is larger
 * than 1 KiB.
 *
 * Algorithm: the fixed form is pairwise summation (Linz 1970; Higham 1993) over forks and joins.
 */
#ifndef ROVE_REDUCE_H
#define ROVE_REDUCE_H

#include <rove/export.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/* How to reduce a range to one value. `combine` must be associative, or nearly so as additions are; it need not be
 * commutative, because neighbouring values are combined in the order of their indices. */
typedef struct rove_reduction {
    size_t size;          /* of a value, in bytes; copied with memcpy; values made here are aligned to 64 bytes */
    const void *identity; /* the value of an empty range: combining with it changes nothing */
    /* Adds the indices from begin up to but not including end to `value`, on its right side. */
    void (*body)(int64_t begin, int64_t end, void *value, void *arg);
    /* Adds `right` to `left`; `right` is not used again, so what it owns may be taken over or must be freed. */
    void (*combine)(void *left, void *right, void *arg);
    void *arg;
} rove_reduction;

/*
 * Reduces the indices from `begin` up to but not including `end` and stores the value in `result`, which has room for
 * reduction->size bytes. How the range is cut depends on timing.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null argument or field, a size of zero, a result that overlaps the identity, or a
 * range whose length is above INT64_MAX; from a thread that is no worker also what rove_run returns; ROVE_CANCELED,
 * ROVE_TIMED_OUT, ROVE_FAILED: then `result` is the value of some of the indices. Where there is no memory for a second
 * value, the part is reduced serially.
 */
ROVE_API rove_status rove_reduce(int64_t begin, int64_t end, const rove_reduction *reduction, void *result);

/*
 * The same with a tree that is always the same: blocks of `grain` indices from `begin` on, the last may be shorter, are
 * reduced by one call of the body each, to a value that was the identity; a tree over n blocks has the largest power of
 * two below n on its left. Choose a grain that takes a microsecond or more, as a constant: another grain may give
 * another result.
 *
 * Returns what rove_reduce does; ROVE_INVALID also for a grain below 1; ROVE_NO_MEMORY if a value is larger than 1 KiB
 * and there was no memory for another: then `result` is the value of some of the indices.
 */
ROVE_API rove_status rove_reduce_fixed(int64_t begin, int64_t end, int64_t grain, const rove_reduction *reduction,
                                       void *result);

/*
 * The sum of `count` numbers, and the sum of the products of two arrays: bit by bit the same on any number of workers.
 * Rounding errors grow with the logarithm of `count`, as in pairwise summation: each number goes through at most
 * log2(count) + 4 additions. Floats are added as doubles and rounded once. 0 for no numbers.
 *
 * Return ROVE_OK; ROVE_INVALID for a null result, for a null array unless `count` is zero, and for more numbers than
 * memory could hold; else what rove_reduce returns. An array of some thousand numbers is added up by the caller at
 * once, and no runtime is needed.
 */
ROVE_API rove_status rove_sum_f64(const double *numbers, size_t count, double *result);
ROVE_API rove_status rove_sum_f32(const float *numbers, size_t count, float *result);
ROVE_API rove_status rove_dot_f64(const double *left, const double *right, size_t count, double *result);

/* The smallest and the largest of `count` numbers: NaN if one of them is NaN; infinity, and minus infinity, if there
 * are none. Return as rove_sum_f64. */
ROVE_API rove_status rove_min_f64(const double *numbers, size_t count, double *result);
ROVE_API rove_status rove_max_f64(const double *numbers, size_t count, double *result);

ROVE_END_C

#endif
