/*
 * reduce_sum and reduce_dot: the sum of many numbers, and the sum of the products of two arrays. The numbers are small
 * and whole, so that every order of additions gives the same answer; the variants differ in whether they keep to one.
 */
#ifndef PERF_REDUCE_H
#define PERF_REDUCE_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_reduce_sum;
extern const struct perf_workload perf_reduce_dot;

/* Numbers of a block in the variants that cut into blocks. */
enum { REDUCE_BLOCK = 4096 };

extern int64_t reduce_count;
extern double *reduce_left;
extern double *reduce_right;
extern double reduce_result; /* where a run leaves the answer */

/* The plain sum of the numbers from `begin` up to but not including `end`, and that of the products. */
double reduce_sum_range(int64_t begin, int64_t end);
double reduce_dot_range(int64_t begin, int64_t end);

void reduce_sum_serial(void);
void reduce_sum_rove(void);       /* rove_sum_f64: the same bits on every run */
void reduce_sum_rove_fixed(void); /* the same by rove_reduce_fixed over the plain sum */
void reduce_sum_rove_free(void);  /* rove_reduce over the plain sum: cut where somebody is hungry */
void reduce_sum_openmp(void);
void reduce_sum_tbb(void);

void reduce_dot_serial(void);
void reduce_dot_rove(void);
void reduce_dot_rove_fixed(void);
void reduce_dot_rove_free(void);
void reduce_dot_openmp(void);
void reduce_dot_tbb(void);

ROVE_END_C

#endif
