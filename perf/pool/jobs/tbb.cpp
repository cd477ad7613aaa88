/*
 * Jobs in oneTBB's arena.
 */
#include "runtimes/tbb.hpp"
#include "pool/jobs/jobs.h"
#include "pool/tbb_latch.hpp"
#include "pool/timer.h"

void pool_jobs_tbb()
{
    perf::TbbLatch latch(pool_jobs_count);
    tbb::task_arena &arena = perf_tbb_outside_arena();
    perf_timer_begin();
    for (int64_t i = 0; i < pool_jobs_count; i++) {
        arena.enqueue([i, &latch] {
            pool_jobs_work(i);
            latch.count_down();
        });
    }
    latch.wait();
    perf_timer_end();
}
