/*
 * Rove as the benchmarks use it: a runtime that the harness has started with the worker count of the benchmark.
 */
#ifndef PERF_RUNTIMES_ROVE_H
#define PERF_RUNTIMES_ROVE_H

#include <rove/rove.h>

ROVE_BEGIN_C

/* The runtime of the running benchmark. */
rove_runtime *perf_rove_current(void);

/* Runs body(NULL) inside the runtime of the running benchmark. */
void perf_rove_run(void (*body)(void *arg));

/* Ends the program with a line that names `what` unless `status` is ROVE_OK. */
void perf_rove_require(rove_status status, const char *what);

ROVE_END_C

#endif
