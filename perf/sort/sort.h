/*
 * sort: the library's sorts against the C library's, C++'s and oneTBB's. What is sorted, in which shape and how many
 * at a time, differs from workload to workload; the variants are the same for all and look it up here.
 */
#ifndef PERF_SORT_H
#define PERF_SORT_H

#include "harness/bench.h"

ROVE_BEGIN_C

enum sort_kind {
    SORT_U32,
    SORT_F64,
    SORT_RECORDS, /* compared by a function that is called through a pointer, in all variants */
    SORT_STABLE   /* the same, and records of the same key keep their order */
};

struct sort_record {
    uint32_t key;
    uint32_t place; /* in the input */
    uint64_t load;
};

/* The running workload: arrays of `piece` elements each, one after the other. */
struct sort_state {
    enum sort_kind kind;
    void *items;
    size_t pieces;
    size_t piece;
};

extern struct sort_state sort_state;

extern const struct perf_workload perf_sort;          /* random numbers of 32 bits */
extern const struct perf_workload perf_sort_sorted;   /* that are in order */
extern const struct perf_workload perf_sort_reversed; /* in reverse order */
extern const struct perf_workload perf_sort_few;      /* of which only 16 differ */
extern const struct perf_workload perf_sort_1e3;      /* a thousand at a time */
extern const struct perf_workload perf_sort_1e4;
extern const struct perf_workload perf_sort_1e5;
extern const struct perf_workload perf_sort_1e6;
extern const struct perf_workload perf_sort_1e8;
extern const struct perf_workload perf_sort_f64;     /* floating-point numbers between -1 and 1 */
extern const struct perf_workload perf_sort_generic; /* records */
extern const struct perf_workload perf_sort_stable;  /* records, stable */

/* Compare records by their keys, as rove_sort and as qsort want it. */
int sort_compare(const void *a, const void *b, void *arg);
int sort_compare_records(const void *a, const void *b);

/* Piece number `index`. */
static inline uint32_t *sort_u32(size_t index)
{
    return (uint32_t *)sort_state.items + index * sort_state.piece;
}

static inline double *sort_f64(size_t index)
{
    return (double *)sort_state.items + index * sort_state.piece;
}

static inline struct sort_record *sort_records(size_t index)
{
    return (struct sort_record *)sort_state.items + index * sort_state.piece;
}

void sort_serial(void);
void sort_qsort(void);
void sort_rove(void);
void sort_tbb(void);

ROVE_END_C

#endif
