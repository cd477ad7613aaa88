/*
 * fib: Fibonacci numbers by the naive recursion. A task is an addition, so nothing but the cost of a task shows.
 */
#ifndef PERF_FIB_H
#define PERF_FIB_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_fib;

extern int fib_n;          /* which number */
extern int64_t fib_answer; /* where a run leaves it */

void fib_serial(void);
void fib_call(void);
void fib_rove(void);
void fib_rove_plain(void);
void fib_openmp(void);
void fib_tbb(void);

ROVE_END_C

#endif
