/*
 * Throughput of a pool: hardly anything but the cost of jobs.
 *
 *   pool/submit       one thread that is no worker submits jobs that count themselves, waiting while the queue is full,
 *                     and then waits until all have run
 *   pool/submit_many  the same, POOL_BULK jobs with each call
 *   pool/submitters   POOL_SUBMITTERS such threads
 *   pool/results      pool/submit with a stream of results that another thread reads
 *   pool/priorities   pool/submit with POOL_LEVELS levels in turn
 *   pool/lanes        pool/submit with POOL_KEYS keys in turn
 *   pool/timing       pool/submit with and without times
 *
 * The queue holds 1024 jobs; that of oneTBB has no bound.
 */
#ifndef PERF_POOL_SUBMIT_H
#define PERF_POOL_SUBMIT_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_pool_submit;
extern const struct perf_workload perf_pool_submit_many;
extern const struct perf_workload perf_pool_submitters;
extern const struct perf_workload perf_pool_results;
extern const struct perf_workload perf_pool_priorities;
extern const struct perf_workload perf_pool_lanes;
extern const struct perf_workload perf_pool_timing;

enum {
    POOL_JOBS_MAX = 300000,
    POOL_BULK = 256,
    POOL_SUBMITTERS = 8,
    POOL_LEVELS = 4,
    POOL_KEYS = 64,
    POOL_READ_MOST = 64 /* results that are read with one call in the variant that reads many */
};

extern int64_t pool_job_count; /* how many jobs a run has */

/* How often each job has run, and how often its result was read: each in a place of its own, so that counting needs no
 * atomic operation. */
extern uint8_t pool_runs[POOL_JOBS_MAX];
extern uint8_t pool_reads[POOL_JOBS_MAX];

void pool_submit_rove(void);
void pool_submit_many_rove(void);
void pool_submitters_rove(void);
void pool_results_rove(void);
void pool_results_rove_many(void);
void pool_priorities_rove(void);
void pool_lanes_rove(void);
void pool_lanes_rove_round_robin(void);
void pool_timing_rove(void);
void pool_timing_rove_untimed(void);
void pool_submit_tbb(void);
void pool_submitters_tbb(void);
void pool_submit_plain(void);
void pool_submitters_plain(void);

ROVE_END_C

#endif
