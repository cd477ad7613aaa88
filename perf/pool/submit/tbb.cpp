/*
 * Throughput of oneTBB's enqueue.
 */
#include "runtimes/tbb.hpp"
#include "pool/crowd.h"
#include "pool/submit/submit.h"
#include "pool/tbb_latch.hpp"
#include "pool/timer.h"

namespace
{

void submit_range(int64_t begin, int64_t end, void *arg)
{
    auto *latch = static_cast<perf::TbbLatch *>(arg);
    tbb::task_arena &arena = perf_tbb_outside_arena();
    for (int64_t i = begin; i < end; i++) {
        arena.enqueue([i, latch] {
            pool_runs[i]++;
            latch->count_down();
        });
    }
}

} // namespace

void pool_submit_tbb()
{
    perf::TbbLatch latch(pool_job_count);
    perf_tbb_outside_arena();
    perf_timer_begin();
    submit_range(0, pool_job_count, &latch);
    latch.wait();
    perf_timer_end();
}

void pool_submitters_tbb()
{
    perf::TbbLatch latch(pool_job_count);
    perf_tbb_outside_arena();
    perf_crowd_run(POOL_SUBMITTERS, pool_job_count, submit_range, &latch);
    latch.wait();
    perf_timer_end();
}
