/*
 * micro/submit with oneTBB: tasks are enqueued into the arena, and the last one of a batch wakes the waiting thread.
 */
#include "runtimes/tbb.hpp"
#include "micro/submit/submit.h"

#include <atomic>
#include <semaphore.h>

void submit_tbb()
{
    sem_t done;
    sem_init(&done, 0, 0);
    std::atomic<int> left{0};
    for (int64_t batch = 0; batch < submit_batches; batch++) {
        left.store(PERF_CELLS, std::memory_order_relaxed);
        for (int32_t &cell : perf_cells) {
            perf_tbb_arena().enqueue([&cell, &left, &done] {
                cell++;
                if (left.fetch_sub(1, std::memory_order_acq_rel) == 1)
                    sem_post(&done);
            });
        }
        sem_wait(&done);
    }
    sem_destroy(&done);
}
