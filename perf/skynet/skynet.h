/*
 * skynet: a ten-way tree down to single leaves; every leaf returns its number and every node the sum of its children.
 * Wide fan-out with tasks that do nothing.
 */
#ifndef PERF_SKYNET_H
#define PERF_SKYNET_H

#include "harness/bench.h"

ROVE_BEGIN_C

enum { SKYNET_WAYS = 10 };

extern const struct perf_workload perf_skynet;

extern int64_t skynet_leaves; /* a power of ten */
extern int64_t skynet_answer; /* where a run leaves the sum */

void skynet_serial(void);
void skynet_call(void);
void skynet_rove(void);
void skynet_rove_plain(void);
void skynet_openmp(void);
void skynet_tbb(void);

ROVE_END_C

#endif
