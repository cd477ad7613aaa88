/*
 * Searches: the first index of a range for which something holds, or any such index.
 *
 *     static int64_t negative(int64_t begin, int64_t end, void *arg)
 *     {
 *         const double *x = arg;
 *         while (begin < end && x[begin] >= 0)
 *             begin++;
 *         return begin;
 *     }
 *     ...
 *     int64_t first;
 *     if (rove_find_first(0, n, negative, x, &first) == ROVE_OK && first < n)
 *         ...
 *
 * Everything about threads, scopes and cancellation is as for the loops in parallel.h; a range that is too small to
 * gain is searched serially, from its beginning. Neither allocates.
 *
 * When others come to help, all take pieces of some microseconds from the beginning of what is left, so that p workers
 * come to the first index about p times as fast, wherever it is, and hardly go beyond it.
 */
#ifndef ROVE_FIND_H
#define ROVE_FIND_H

#include <rove/export.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stdint.h>

ROVE_BEGIN_C

/* Looks through the indices from `begin` up to but not including `end`, and returns the first for which it holds, or
 * `end` if there is none. (What lies outside of the range counts as `end`.) Called many times, in any order, on any
 * worker, with ranges that do not overlap. */
typedef int64_t rove_find_fn(int64_t begin, int64_t end, void *arg);

/*
 * Finds the first index from `begin` up to but not including `end` for which `find` says that it holds, and stores it
 * in `index`; `end` if there is none. Indices behind one that has been found are looked at only by who had begun with
 * that.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `find` or `index`, or a range whose length is above INT64_MAX; from a thread
 * that is no worker also what rove_run returns; ROVE_CANCELED, ROVE_TIMED_OUT, ROVE_FAILED, ROVE_FORKED: then `index`
 * is one for which it holds, but maybe not the first, or `end` if none had been found. ROVE_OK also if the search was
 * canceled too late to leave out an index before the one that was found.
 */
ROVE_API rove_status rove_find_first(int64_t begin, int64_t end, rove_find_fn *find, void *arg, int64_t *index);

/* The same, but any index will do: all stop when one has been found, and `find` may return any of its range. ROVE_OK if
 * one has been found, canceled or not. */
ROVE_API rove_status rove_find_any(int64_t begin, int64_t end, rove_find_fn *find, void *arg, int64_t *index);

/* Whether there is such an index: as rove_find_any, with the answer in `holds`. */
ROVE_API rove_status rove_any(int64_t begin, int64_t end, rove_find_fn *find, void *arg, bool *holds);

ROVE_END_C

#endif
