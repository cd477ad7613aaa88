/*
 * scan: running sums of an array of integers that is far larger than the caches, from one array into another. Nothing
 * but memory traffic: what costs is every time that an element is read or written once more.
 */
#ifndef PERF_SCAN_H
#define PERF_SCAN_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_scan;

extern const int64_t *scan_in;
extern int64_t *scan_out;
extern int64_t scan_count;

/* The sum of the elements from `begin` up to but not including `end`. */
int64_t scan_sum(int64_t begin, int64_t end);

/* Writes the running sums of these elements; `sum` is that of all before. Returns the sum of all up to `end`. */
int64_t scan_write(int64_t begin, int64_t end, int64_t sum);

void scan_serial(void);
void scan_rove(void);
void scan_openmp(void);
void scan_openmp_directive(void);
void scan_tbb(void);

ROVE_END_C

#endif
