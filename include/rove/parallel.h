/*
 * Loops, reductions and parallel calls without a grain size: a loop runs serially and hands half of what is left to a
 * worker that is hungry, when one is. A loop that is too small to gain stays serial.
 *
 *     static void scale(int64_t begin, int64_t end, void *arg)
 *     {
 *         double *x = arg;
 *         for (int64_t i = begin; i < end; i++)
 *             x[i] *= 2;
 *     }
 *     ...
 *     rove_for(0, n, scale, x);
 *
 * All of them may be called from any thread: on a thread that is no worker they run inside rove_run(NULL, ...). They
 * return when all is done; what the functions wrote is then visible. They take no heap memory for a loop, and for a
 * reduction only if its value is larger than 1 KiB.
 *
 * Each is a scope (cancel.h) within the caller's: when that is canceled, or rove_fail is called inside, what has not been
 * begun is left undone, and the call returns ROVE_CANCELED, ROVE_TIMED_OUT or ROVE_FAILED. A loop that was canceled too
 * late to leave anything out returns ROVE_OK.
 *
 * Algorithm: lazy splitting after Tzannes, Caragea, Barua and Vishkin 2010; chunks grow until one takes microseconds.
 */
#ifndef ROVE_PARALLEL_H
#define ROVE_PARALLEL_H

#include <rove/export.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/* The body of a loop: handles the indices from `begin` up to but not including `end`. Called many times, in any order,
 * on any worker, with ranges that do not overlap and together cover the loop. */
typedef void rove_range_fn(int64_t begin, int64_t end, void *arg);

/*
 * Calls `body` so that every index from `begin` up to but not including `end` is handled exactly once. An empty range
 * (end <= begin) calls nothing.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `body`, or a range whose length is above INT64_MAX; from a thread that is no
 * worker also what rove_run returns, and then no index has been handled; ROVE_CANCELED, ROVE_TIMED_OUT, ROVE_FAILED, and
 * in a child of fork(2) ROVE_FORKED, with some indices not handled.
 */
ROVE_API rove_status rove_for(int64_t begin, int64_t end, rove_range_fn *body, void *arg);

/* How to reduce a range to one value. `combine` must be associative; it need not be commutative, because neighbouring
 * values are combined in the order of their indices. How the range is cut depends on timing, so a floating-point sum
 * may differ in its last digits from run to run. */
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
 * reduction->size bytes.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null argument or field, a size of zero, a result that overlaps the identity, or a
 * range whose length is above INT64_MAX; from a thread that is no worker also what rove_run returns; ROVE_CANCELED,
 * ROVE_TIMED_OUT, ROVE_FAILED: then `result` is the value of some of the indices. Where there is no memory for a second
 * value, the part is reduced serially.
 */
ROVE_API rove_status rove_reduce(int64_t begin, int64_t end, const rove_reduction *reduction, void *result);

/* A function and its argument. */
typedef struct rove_call {
    void (*fn)(void *arg);
    void *arg;
} rove_call;

/*
 * Runs `count` calls, in parallel if there are workers to spare. Returns ROVE_OK when all have returned; ROVE_INVALID
 * for a null array or a null function (then none has run); from a thread that is no worker also what rove_run returns.
 */
ROVE_API rove_status rove_invoke(const rove_call *calls, size_t count);

ROVE_END_C

#endif
