/*
 * Loops and parallel calls without a grain size: a loop runs serially and hands half of what is left to a worker that
 * is hungry, when one is. A loop that is too small to gain stays serial, and since nobody knows beforehand what an
 * index costs, the first is done before any is given away: a handful of long calls is for rove_map or rove_invoke.
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
 * return when all is done; what the functions wrote is then visible. They take no heap memory. A body that wants memory
 * of its worker's own finds it by rove_worker_id or rove_worker_state (runtime.h).
 *
 * Each is a scope (cancel.h) within the caller's: when that is canceled, or rove_fail is called inside, what has not
 * been begun is left undone, and the call returns ROVE_CANCELED, ROVE_TIMED_OUT or ROVE_FAILED. A loop that was
 * canceled too late to leave anything out returns ROVE_OK, but always ROVE_FAILED if rove_fail was called in it.
 *
 * Algorithm: lazy splitting after Tzannes, Caragea, Barua and Vishkin 2010; chunks grow until one takes microseconds.
 */
#ifndef ROVE_PARALLEL_H
#define ROVE_PARALLEL_H

#include <rove/export.h>
#include <rove/group.h>
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
 * worker also what rove_run returns, and then no index has been handled; ROVE_CANCELED, ROVE_TIMED_OUT, ROVE_FAILED,
 * and in a child of fork(2) ROVE_FORKED, with some indices not handled.
 */
ROVE_API rove_status rove_for(int64_t begin, int64_t end, rove_range_fn *body, void *arg);

/* How a loop is cut. All zero: as rove_for does. */
typedef struct rove_loop {
    int64_t stride; /* from one index to the next; 0: 1. Ranges begin at `begin` plus a multiple of it */
    int64_t grain;  /* ranges have a multiple of so many steps, only the last may have fewer; 0: found by itself */
} rove_loop;

/*
 * As rove_for, over begin, begin + stride, begin + 2 * stride and so on below `end`. The body gets indices:
 *
 *     for (int64_t i = begin; i < end; i += stride)
 *
 * A grain is rarely needed. It is for bodies that want whole cache lines or vectors, or share something costly among
 * neighbours; a loop has no more parts than grains. `options` may be NULL, and is not used after the call.
 *
 * Returns what rove_for does; ROVE_INVALID also for a negative stride or grain.
 */
ROVE_API rove_status rove_for_with(int64_t begin, int64_t end, rove_range_fn *body, void *arg,
                                   const rove_loop *options);

/* A part of a plane: the rows from row_begin up to but not including row_end, of each the columns likewise. */
typedef struct rove_tile {
    int64_t row_begin;
    int64_t row_end;
    int64_t column_begin;
    int64_t column_end;
} rove_tile;

/* The body of a loop over a plane: handles all of `tile`, which is never empty. */
typedef void rove_tile_fn(const rove_tile *tile, void *arg);

/*
 * Calls `body` so that every cell of `whole` is handled exactly once. With `rows` and `columns` above zero each tile
 * has that size, but for those at the lower and right edges: choose it where neighbours above each other share a cache,
 * as in a transposition. With both zero it is found by itself: a tile is then a part of one row, or some whole rows.
 *
 * Returns what rove_for does; ROVE_INVALID for a null argument, a negative size, one size of two, or a plane of more
 * than INT64_MAX rows, columns or tiles (cells, where the size is found by itself).
 */
ROVE_API rove_status rove_for_2d(const rove_tile *whole, int64_t rows, int64_t columns, rove_tile_fn *body, void *arg);

/*
 * Calls fn(element, arg) once for each of the `count` elements of `size` bytes at `base`.
 *
 * Returns what rove_for does; ROVE_INVALID for a null function, and unless `count` is zero for a null `base`, a size of
 * zero, or an array that no memory could hold.
 */
ROVE_API rove_status rove_for_each(void *base, size_t count, size_t size, void (*fn)(void *element, void *arg),
                                   void *arg);

/* A call of rove_map: returns 0 for success; anything else is an error. */
typedef int rove_map_fn(size_t index, void *arg);

/* How calls are made, and what came of them. All zero is valid. */
typedef struct rove_mapping {
    size_t limit;       /* at most so many calls have begun and not ended at any moment; 0: no limit */
    rove_policy policy; /* ROVE_COLLECT_ALL: all calls are made; ROVE_FAIL_FAST: none begins after the first error */
    int *results;       /* what each call returned, by index; those not made leave theirs as it is. NULL: not wanted */
    int error;       /* out: of the calls that returned an error, that of the smallest index; else that of rove_fail */
    size_t failures; /* out: how many calls returned an error */
} rove_mapping;

/*
 * Calls fn(index, arg) for each index below `count`, in about this order, each by itself: for calls that are long, or
 * take something of which there is not enough for all workers. Short ones are cheaper in a loop. Other results than an
 * error the calls leave in an array of the caller's. `mapping` may be NULL: no limit, all calls are made.
 *
 * A call that waits counts as one that has not ended, and its worker may begin another meanwhile if the limit allows.
 *
 * Returns ROVE_OK; ROVE_FAILED if a call returned an error, which is then also the error of the scope around, unless
 * that has one; else what rove_for does (ROVE_INVALID for a null function, or a `policy` that is none), with some calls
 * not made. rove_fail in a call stops the rest whatever the policy.
 */
ROVE_API rove_status rove_map(size_t count, rove_map_fn *fn, void *arg, rove_mapping *mapping);

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
