/*
 * micro/pool_submit: what a job costs that only counts itself, in batches of PERF_CELLS that are waited for and for
 * which the queue has room. Beside micro/submit it shows what a pool costs more than a group.
 */
#ifndef PERF_MICRO_POOL_SUBMIT_H
#define PERF_MICRO_POOL_SUBMIT_H

#include "harness/bench.h"
#include "micro/cells.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_micro_pool_submit;

extern int64_t micro_pool_batches; /* how many batches a run has */

void micro_pool_submit_rove(void);        /* by a thread that is no worker */
void micro_pool_submit_rove_inside(void); /* by a worker: with one, the same thread submits and runs */
void micro_pool_submit_plain(void);

ROVE_END_C

#endif
