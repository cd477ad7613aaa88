/*
 * Filters: the elements of an array that are to be kept, in their order.
 *
 *     static bool is_odd(const void *element, void *arg)
 *     {
 *         return *(const int *)element % 2 != 0;
 *     }
 *     ...
 *     size_t odd;
 *     rove_filter(numbers, count, sizeof *numbers, is_odd, NULL, others, &odd);
 *
 * Everything about threads, scopes and cancellation is as for the loops in parallel.h. Each element is asked about
 * once, on any worker, in no particular order.
 *
 * Algorithm: a scan (scan.h) over words of 64 elements that counts what is kept; the answers are remembered as bits.
 */
#ifndef ROVE_FILTER_H
#define ROVE_FILTER_H

#include <rove/export.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stddef.h>

ROVE_BEGIN_C

/* Whether the element is kept. */
typedef bool rove_keep_fn(const void *element, void *arg);

/*
 * Copies those of the `count` elements of `size` bytes at `in` that `keep` keeps to `out`, in their order, and stores
 * in `kept`, which may be NULL, how many they are. `out` has room for `count` elements and does not overlap `in`.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null argument other than `arg` and `kept`, unless `count` is 0, a size of zero,
 * an array that is larger than the address space, or arrays that overlap; from a thread that is no worker also what
 * rove_run returns; ROVE_CANCELED, ROVE_TIMED_OUT, ROVE_FAILED, ROVE_FORKED: then what `out` contains is unspecified,
 * and `kept` is 0. Where there is no memory for a bit per element, the filter is serial.
 */
ROVE_API rove_status rove_filter(const void *in, size_t count, size_t size, rove_keep_fn *keep, void *arg, void *out,
                                 size_t *kept);

/*
 * Reorders the `count` elements of `size` bytes at `base` so that those that `keep` keeps come first; among them, and
 * among the others, the order stays as it was. Stores in `kept`, which may be NULL, how many are kept.
 *
 * Takes memory for a copy of the array; if that is refused, the elements are reordered in place, on the calling
 * thread's worker alone, which moves each up to log2(count) times.
 *
 * Returns what rove_filter does, and `kept` is 0 unless that is ROVE_OK. If it is canceled or fails, the array is as it
 * was, or, if it was being reordered in place, in another order. Only after ROVE_FORKED it is unspecified.
 */
ROVE_API rove_status rove_partition(void *base, size_t count, size_t size, rove_keep_fn *keep, void *arg, size_t *kept);

ROVE_END_C

#endif
