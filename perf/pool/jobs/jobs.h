/*
 * Jobs that do something: pool/jobs_1us, pool/jobs_10us and pool/jobs_100us have jobs of about that length, which one
 * thread that is no worker submits. The time of serial code over that of W workers, divided by W, is the efficiency.
 */
#ifndef PERF_POOL_JOBS_H
#define PERF_POOL_JOBS_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_pool_jobs_1us;
extern const struct perf_workload perf_pool_jobs_10us;
extern const struct perf_workload perf_pool_jobs_100us;

extern int64_t pool_jobs_count; /* how many jobs the run has */

/* Does the job with number `index` and stores its answer. */
void pool_jobs_work(int64_t index);

/* The address that stands for the job with number `index`, as an argument of a function, and back. */
void *pool_jobs_place(int64_t index);
int64_t pool_jobs_index(const void *place);

void pool_jobs_serial(void);
void pool_jobs_rove(void);
void pool_jobs_tbb(void);
void pool_jobs_plain(void);

ROVE_END_C

#endif
