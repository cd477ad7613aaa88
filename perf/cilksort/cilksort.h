/*
 * cilksort: sorts random 32-bit keys by a merge sort that splits in four and merges in parallel, after the program of
 * that name which came with Cilk (Frigo, Leiserson and Randall 1998; the merge after Akl and Santoro 1987). Pieces of
 * up to CILKSORT_LEAF keys are sorted and merged serially.
 */
#ifndef PERF_CILKSORT_H
#define PERF_CILKSORT_H

#include "harness/bench.h"

ROVE_BEGIN_C

enum { CILKSORT_LEAF = 2048 };

/* Two sorted pieces and where their union goes. */
struct cilksort_merge {
    const uint32_t *left;
    const uint32_t *right;
    uint32_t *out;
    size_t left_count;
    size_t right_count;
};

extern const struct perf_workload perf_cilksort;

extern uint32_t *cilksort_keys;    /* what to sort, in place */
extern uint32_t *cilksort_scratch; /* room for as many keys again */
extern size_t cilksort_count;

/* Sorts up to CILKSORT_LEAF keys. */
void cilksort_leaf(uint32_t *keys, size_t count);

/* Merges two pieces. */
void cilksort_merge_leaf(const struct cilksort_merge *merge);

/* Cuts `merge` into two independent ones whose outputs follow each other; they are of similar size as long as the whole
 * has more than CILKSORT_LEAF keys. */
void cilksort_split(const struct cilksort_merge *merge, struct cilksort_merge *low, struct cilksort_merge *high);

static inline bool cilksort_is_leaf(const struct cilksort_merge *merge)
{
    return merge->left_count + merge->right_count <= CILKSORT_LEAF;
}

/* The merges of a sort whose four quarters of `keys` are sorted: the first two, which are independent, fill `scratch`;
 * the third brings everything back. */
void cilksort_plan(uint32_t *keys, uint32_t *scratch, size_t count, struct cilksort_merge merges[3]);

void cilksort_serial(void);
void cilksort_call(void);
void cilksort_rove(void);
void cilksort_openmp(void);
void cilksort_tbb(void);

ROVE_END_C

#endif
