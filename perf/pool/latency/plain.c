/*
 * Waiting times in the plain pool.
 */
#include "runtimes/plain.h"
#include "pool/latency/latency.h"

static void latency_job(void *arg)
{
    pool_latency_work(arg);
}

static void submit(struct pool_latency_job *job)
{
    perf_plain_submit(latency_job, job);
}

void pool_latency_plain(void)
{
    pool_latency_drive(perf_plain_workers(), submit);
    perf_plain_wait();
}
