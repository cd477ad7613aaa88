/*
 * micro/loop_dispatch: what a parallel loop of a few indices with hardly any work costs when the workers are hot,
 * because one loop follows the other.
 */
#ifndef PERF_LOOP_DISPATCH_H
#define PERF_LOOP_DISPATCH_H

#include "harness/bench.h"

ROVE_BEGIN_C

enum { LOOP_DISPATCH_INDICES = 256 };

extern const struct perf_workload perf_loop_dispatch;

extern int64_t loop_dispatch_loops;                       /* how many loops a run has */
extern int32_t loop_dispatch_hits[LOOP_DISPATCH_INDICES]; /* how often each index was handled */

void loop_dispatch_rove(void);
void loop_dispatch_openmp(void);
void loop_dispatch_tbb(void);

ROVE_END_C

#endif
