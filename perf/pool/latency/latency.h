/*
 * How long jobs wait in a pool that is not overloaded: a thread that is no worker submits jobs of about 10 us at times
 * that do not depend on what becomes of them, at half the rate that the workers can do.
 *
 *   pool/latency       jobs arrive at random (exponential gaps). With one worker and no cost at all 1 % of them would
 *                      still wait for 33 us or longer, because others came shortly before (M/D/1 at half load)
 *   pool/latency_even  jobs arrive at equal distances: what waits is the pool's own doing
 *
 * The waiting time is taken by the benchmark, from just before the submission until the job starts; it does not change
 * the rate. The times mean something where the submitting thread has a processor for itself: it waits actively.
 */
#ifndef PERF_POOL_LATENCY_H
#define PERF_POOL_LATENCY_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_pool_latency;
extern const struct perf_workload perf_pool_latency_even;

struct pool_latency_job {
    int64_t submitted; /* nanoseconds */
    int64_t started;
    uint64_t value;
    int32_t runs;
};

/* Submits all jobs with `submit` when their time has come, for so many workers, and runs the timer meanwhile. */
void pool_latency_drive(int workers, void (*submit)(struct pool_latency_job *job));

/* What a job does. */
void pool_latency_work(struct pool_latency_job *job);

/* How many jobs a run has. */
int64_t pool_latency_count(void);

/* What the pool says of the waiting times, as further counters of this run. */
void pool_latency_add_own(int64_t p50_ns, int64_t p99_ns);

void pool_latency_rove(void);      /* workers that look for work and do not sleep */
void pool_latency_rove_cold(void); /* workers that sleep when there is nothing to do */
void pool_latency_tbb(void);
void pool_latency_plain(void);

ROVE_END_C

#endif
