/*
 * The plain pool as the benchmarks use it: what many programs have in place of a library. One mutex, a ring of
 * functions and arguments, condition variables for "not empty", "not full" and "all done", and a number of threads.
 */
#ifndef PERF_RUNTIMES_PLAIN_H
#define PERF_RUNTIMES_PLAIN_H

#include <rove/export.h>

ROVE_BEGIN_C

/* How many jobs may wait. */
enum { PERF_PLAIN_CAPACITY = 1024 };

/* How many threads the pool of the running benchmark has. */
int perf_plain_workers(void);

/* Hands fn(arg) to the threads; sleeps while the ring is full. */
void perf_plain_submit(void (*fn)(void *arg), void *arg);

/* Returns when everything that was handed over has run. */
void perf_plain_wait(void);

ROVE_END_C

#endif
