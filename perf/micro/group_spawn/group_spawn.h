/*
 * micro/group_spawn: what it costs to spawn a task that only counts itself into a group and to wait for it, in batches
 * of PERF_CELLS.
 */
#ifndef PERF_GROUP_SPAWN_H
#define PERF_GROUP_SPAWN_H

#include "harness/bench.h"
#include "micro/cells.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_group_spawn;

extern int64_t group_spawn_batches; /* how many batches a run has */

void group_spawn_rove(void);
void group_spawn_openmp(void);
void group_spawn_tbb(void);

ROVE_END_C

#endif
