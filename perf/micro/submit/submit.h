/*
 * micro/submit: what it costs to hand a task that only counts itself to the workers from a thread that is none, and to
 * wait for it, in batches of PERF_CELLS. submit hands over one task at a time, submit_bulk a batch with one call.
 */
#ifndef PERF_SUBMIT_H
#define PERF_SUBMIT_H

#include "harness/bench.h"
#include "micro/cells.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_submit;
extern const struct perf_workload perf_submit_bulk;

extern int64_t submit_batches; /* how many batches a run has */

void submit_rove(void);
void submit_tbb(void);
void submit_bulk_rove(void);

ROVE_END_C

#endif
