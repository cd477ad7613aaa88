/*
 * csv: minimum, mean and maximum by station of a text of measurements, lines such as "Nordheim;-12.3". A line belongs
 * to the byte in which it begins, so the text may be cut anywhere. Values are whole tenths, so that sums are exact.
 */
#ifndef PERF_CSV_H
#define PERF_CSV_H

#include "harness/bench.h"

ROVE_BEGIN_C

/* What is known about a station. */
struct csv_station {
    const char *name; /* inside the text */
    uint32_t length;
    uint32_t hash;
    int32_t min;
    int32_t max;
    int64_t sum;
    int64_t count; /* 0: this place is free */
};

/* A hash table with open addressing. All zero is valid and empty. */
struct csv_table {
    struct csv_station *stations;
    size_t capacity; /* 0 or a power of two */
    size_t used;
};

extern const struct perf_workload perf_csv;

extern int64_t csv_size;            /* of the text, in bytes */
extern struct csv_table csv_result; /* where a run leaves the stations */

/* Adds the lines that begin from byte `begin` up to but not including `end` to `table`. */
void csv_add(struct csv_table *table, int64_t begin, int64_t end);

/* Adds the stations of `right` to `left`, and leaves `right` empty. */
void csv_merge(struct csv_table *left, struct csv_table *right);

void csv_serial(void);
void csv_rove(void);
void csv_openmp(void);
void csv_tbb(void);

ROVE_END_C

#endif
