/*
 * What tells a thread outside of oneTBB that everything it has enqueued has run.
 */
#ifndef PERF_POOL_TBB_LATCH_HPP
#define PERF_POOL_TBB_LATCH_HPP

#include <atomic>
#include <cstdint>
#include <semaphore.h>

namespace perf
{

class TbbLatch
{
  public:
    explicit TbbLatch(int64_t count) : left_(count)
    {
        sem_init(&done_, 0, 0);
    }

    ~TbbLatch()
    {
        sem_destroy(&done_);
    }

    TbbLatch(const TbbLatch &) = delete;
    TbbLatch &operator=(const TbbLatch &) = delete;

    void count_down()
    {
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            sem_post(&done_);
    }

    void wait()
    {
        while (sem_wait(&done_) != 0)
            continue;
    }

  private:
    std::atomic<int64_t> left_;
    sem_t done_;
};

} // namespace perf

#endif
