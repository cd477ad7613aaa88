/*
 * Sorting and merging in parallel: what qsort_r and its relatives do serially. No grain size: work is cut only for
 * workers that have nothing to do, and small arrays are sorted by the caller alone.
 *
 *     static int by_length(const void *a, const void *b, void *arg)
 *     {
 *         const struct word *x = a, *y = b;
 *         (void)arg;
 *         return (x->length > y->length) - (x->length < y->length);
 *     }
 *     ...
 *     rove_stable_sort(words, count, sizeof *words, by_length, NULL);
 *     rove_sort_f64(samples, sample_count);
 *
 * All of them may be called from any thread: on a thread that is no worker they run inside rove_run(NULL, ...). They
 * return when all is done. What they compare with must not change the array.
 *
 * Each is a scope (cancel.h) within the caller's. A sort that is canceled, or in which rove_fail is called, ends soon
 * and returns ROVE_CANCELED, ROVE_TIMED_OUT or ROVE_FAILED; the array then holds the same elements in some order. So
 * it does if the comparison contradicts itself: the order is then unspecified, and no element is lost or doubled.
 * Only in a child of fork(2), with ROVE_FORKED, are the contents unspecified.
 */
#ifndef ROVE_SORT_H
#define ROVE_SORT_H

#include <rove/export.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/* Compares two elements: negative if `a` comes before `b`, zero if their order does not matter, positive if `a` comes
 * after `b`. Called by several workers at once. The elements may lie in the array or in a copy, aligned to 64 bytes as
 * a whole, and are not to be kept. */
typedef int rove_compare_fn(const void *a, const void *b, void *arg);

/*
 * Sorts `count` elements of `size` bytes each, the first at `base`. Elements that compare as equal end up in any
 * order.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `compare`, a null `base` with a count, a size of zero, or more bytes than
 * an object can have; from a thread that is no worker also what rove_run returns, with the array as it was;
 * ROVE_CANCELED, ROVE_TIMED_OUT, ROVE_FAILED, ROVE_FORKED: see above.
 *
 * Allocates a second array of the same size, and two pointers for each element that is larger than 128 bytes. Where
 * that cannot be had, it sorts in place and serially, in O(n log n).
 *
 * Algorithm: merge sort with parallel merges (Akl and Santoro 1987); in place, bottom-up heapsort (Wegener 1993). An
 * array that is in order, or strictly in reverse order, takes n comparisons.
 */
ROVE_API rove_status rove_sort(void *base, size_t count, size_t size, rove_compare_fn *compare, void *arg);

/*
 * The same, but elements that compare as equal keep their order. Where no second array can be had, it sorts in place
 * and serially, in O(n log^2 n), by merging with rotations (SymMerge, Kim and Kutzner 2004).
 */
ROVE_API rove_status rove_stable_sort(void *base, size_t count, size_t size, rove_compare_fn *compare, void *arg);

/*
 * Sorts numbers. Requires: the array is aligned as its type wants it.
 *
 * Floating-point numbers are put in the order of their values; -0.0 comes before 0.0, and NaNs come last, by their
 * bits. The bits of no number are changed.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null array with a count, or more bytes than an object can have; ROVE_CANCELED,
 * ROVE_TIMED_OUT, ROVE_FORKED: see above; and, for more than 256 KiB, from a thread that is no worker also what
 * rove_run returns, with the array as it was. Less is sorted by the calling thread alone, and is not canceled once
 * begun.
 *
 * Allocates a second array of the same size, above 8 KiB. Where that cannot be had, it sorts in place, more slowly.
 *
 * Algorithm: radix sort. While an array does not fit a core's cache, it is dealt out by its highest 8 bits that
 * differ, with a histogram for each chunk (Zagha and Blelloch 1991); what fits is sorted by lower digits first. A few
 * numbers, and all where there is no memory, are sorted by a quicksort without branches on keys (the idea of Edelkamp
 * and Weiss 2016), which falls back on splitting by bits (Hildebrandt and Isbitz 1959). An array in order, or in
 * reverse order, takes one pass.
 */
ROVE_API rove_status rove_sort_i32(int32_t *keys, size_t count);
ROVE_API rove_status rove_sort_u32(uint32_t *keys, size_t count);
ROVE_API rove_status rove_sort_i64(int64_t *keys, size_t count);
ROVE_API rove_status rove_sort_u64(uint64_t *keys, size_t count);
ROVE_API rove_status rove_sort_f32(float *keys, size_t count);
ROVE_API rove_status rove_sort_f64(double *keys, size_t count);

/*
 * Merges two sorted arrays into `result`, which has room for all elements and overlaps neither. Elements that compare
 * as equal keep their order, those of `left` first. Arrays that are not sorted are mixed in some order.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `compare`, a null array with a count, a size of zero, more bytes than an
 * object can have, or an overlap; from a thread that is no worker also what rove_run returns, and then nothing has
 * been written; ROVE_CANCELED, ROVE_TIMED_OUT, ROVE_FAILED: `result` holds all elements, in some order; ROVE_FORKED:
 * its contents are unspecified. Does not allocate.
 *
 * Algorithm: what is left is cut, for a worker that has nothing to do, in the middle of the longer array and where
 * that element belongs in the other (Akl and Santoro 1987).
 */
ROVE_API rove_status rove_merge(const void *left, size_t left_count, const void *right, size_t right_count,
                                void *result, size_t size, rove_compare_fn *compare, void *arg);

ROVE_END_C

#endif
