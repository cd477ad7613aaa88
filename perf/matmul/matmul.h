/*
 * matmul: c = a * b on square matrices of doubles, by halving all three; the eight products of halves run in two phases
 * of four, because two of them add to each quarter of c. Blocks of MATMUL_LEAF are multiplied by a plain loop.
 */
#ifndef PERF_MATMUL_H
#define PERF_MATMUL_H

#include "harness/bench.h"

ROVE_BEGIN_C

enum { MATMUL_LEAF = 32 };

/* One product: c += a * b on square blocks of `n` rows inside matrices of matmul_n columns. */
struct matmul_block {
    double *c;
    const double *a;
    const double *b;
    int64_t n;
};

extern const struct perf_workload perf_matmul;

extern int64_t matmul_n; /* rows and columns of the whole matrices: MATMUL_LEAF times a power of two */

/* The whole product. */
struct matmul_block matmul_whole(void);

/* Product `index`, from 0 to 7, of the halves of `block`. The first four write different quarters, and so do the last
 * four; a phase must end before the next one begins. */
struct matmul_block matmul_part(const struct matmul_block *block, int index);

/* Computes a block of MATMUL_LEAF rows. */
void matmul_leaf(const struct matmul_block *block);

void matmul_serial(void);
void matmul_call(void);
void matmul_rove(void);
void matmul_openmp(void);
void matmul_tbb(void);

ROVE_END_C

#endif
