/*
 * Scans: for each element of a sequence, what it and all before it come to. Running sums, positions to write to, line
 * numbers, and states of automata are scans; the operation must be associative, and need not be commutative.
 *
 *     rove_scan_i64(ROVE_INCLUSIVE, lengths, count, ends, NULL);
 *
 * Everything about threads, scopes and cancellation is as for the loops in parallel.h. A scan on one worker is one pass
 * that takes no memory. When others come to help, the sequence is cut into tiles of some microseconds: whoever takes a
 * tile before it is known what comes before sums it up first, and scans it when it is known, while it lies in a cache.
 *
 * If a scan is canceled or fails, each element of the output has either its result or what it had before.
 *
 * Algorithm: one pass over tiles with prefixes handed on, after Merrill and Garland 2016 (decoupled look-back); here
 * nobody waits for a predecessor: a tile that could not be finished is left to whoever makes that possible.
 */
#ifndef ROVE_SCAN_H
#define ROVE_SCAN_H

#include <rove/export.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/* Whether the result of an element includes the element. The first result of an exclusive scan is the identity. */
typedef enum rove_scan_kind { ROVE_INCLUSIVE = 0, ROVE_EXCLUSIVE = 1 } rove_scan_kind;

/* How to scan a range of indices. `sum` may be called for an index, before, not instead of `scan`; `scan` is called for
 * every index exactly once. Both are called on any worker, and several times for a value: with ranges that follow
 * one another. Where the range is cut depends on timing. */
typedef struct rove_scanner {
    size_t size;          /* of a value, in bytes; copied with memcpy, so it owns nothing; made aligned to 64 bytes */
    const void *identity; /* the value of an empty range: combining with it changes nothing */
    /* Adds the indices from begin up to but not including end to `value`, on its right side. */
    void (*sum)(int64_t begin, int64_t end, void *value, void *arg);
    /* The same, where `value` is the value of all indices before begin; and stores the results of these indices. */
    void (*scan)(int64_t begin, int64_t end, void *value, void *arg);
    /* Adds `right` to `left`, on its right side. `left` is the value of all indices before. */
    void (*combine)(void *left, const void *right, void *arg);
    void *arg;
} rove_scanner;

/*
 * Scans the indices from `begin` up to but not including `end`, and stores the value of all of them in `total`, which
 * has room for scanner->size bytes or is NULL.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null argument or field other than `arg` and `total`, a size of zero or above
 * SIZE_MAX/4, or a range whose length is above INT64_MAX; ROVE_NO_MEMORY, which can only be if a value is larger than
 * 1 KiB, and nothing is done; from a thread that is no worker also what rove_run returns; ROVE_CANCELED,
 * ROVE_TIMED_OUT, ROVE_FAILED, ROVE_FORKED: then some indices were not scanned, and `total` was not written. Where
 * there is no memory to work in parallel, the scan is serial.
 */
ROVE_API rove_status rove_scan(int64_t begin, int64_t end, const rove_scanner *scanner, void *total);

/* How to scan an array of values with an operation on two of them. All strides are in bytes; 0 means `size`. */
typedef struct rove_array_scan {
    rove_scan_kind kind;
    size_t size;          /* of a value; as in rove_scanner */
    const void *identity; /* as in rove_scanner */
    void (*combine)(void *left, const void *right,
                    void *arg); /* left = left and then right; alignment is the arrays' */
    void *arg;
    const void *in; /* where the first value lies */
    size_t in_stride;
    void *out; /* where the first result goes; in and out are the same array, with the same stride, or do not overlap */
    size_t out_stride;
} rove_array_scan;

/*
 * Scans `count` values of an array; `total`, which may be NULL, receives all of them combined. A combination costs an
 * indirect call for each value, and another for a value that is summed up first: with rove_scan a program writes
 * the loop itself.
 *
 * Returns what rove_scan does; ROVE_INVALID also for a stride below the size, an unknown kind, an array that would be
 * larger than the address space, or input and output that overlap without being the same.
 */
ROVE_API rove_status rove_scan_array(const rove_array_scan *scan, size_t count, void *total);

/* Running sums of `count` integers; `out` may be `in`, otherwise they must not overlap. Sums wrap around. `total`,
 * which may be NULL, receives the sum of all. Returns what rove_scan_array does. */
ROVE_API rove_status rove_scan_i64(rove_scan_kind kind, const int64_t *in, size_t count, int64_t *out, int64_t *total);

/* The same for floating-point numbers. Sums are rounded in an order that depends on `count` alone, and not on the
 * number of workers: results are the same bit for bit. (NaNs may differ in sign and payload.) */
ROVE_API rove_status rove_scan_f64(rove_scan_kind kind, const double *in, size_t count, double *out, double *total);

ROVE_END_C

#endif
