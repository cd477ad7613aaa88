/*
 * micro/steal: how long it takes from the fork of a task to its start on another worker that is searching for work.
 */
#ifndef PERF_STEAL_H
#define PERF_STEAL_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_steal;

extern int64_t steal_samples; /* how many steals a run measures */

void steal_rove(void);

ROVE_END_C

#endif
