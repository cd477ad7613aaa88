/*
 * Waiting times in oneTBB's arena.
 */
#include "runtimes/tbb.hpp"
#include "pool/latency/latency.h"
#include "pool/tbb_latch.hpp"

namespace
{

perf::TbbLatch *latch;

void submit(pool_latency_job *job)
{
    perf_tbb_outside_arena().enqueue([job] {
        pool_latency_work(job);
        latch->count_down();
    });
}

} // namespace

void pool_latency_tbb()
{
    perf::TbbLatch all(pool_latency_count());
    latch = &all;
    pool_latency_drive(perf_tbb_outside_arena().max_concurrency(), submit);
    all.wait();
}
