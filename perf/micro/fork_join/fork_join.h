/*
 * micro/fork_join: what one fork and one join of a task that only counts itself cost on one worker.
 */
#ifndef PERF_FORK_JOIN_H
#define PERF_FORK_JOIN_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_fork_join;

extern int64_t fork_join_pairs;  /* how many pairs a run has */
extern int64_t fork_join_answer; /* how many tasks ran */

void fork_join_rove(void);

ROVE_END_C

#endif
