#include "micro/work.h"

#include "support/clock.h"
#include "support/compiler.h"

__attribute__((noinline)) uint64_t perf_work(int64_t steps, uint64_t value)
{
    for (int64_t i = 0; i < steps; i++)
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* each needs the one before */
    return value;
}

int64_t perf_work_per_microsecond(void)
{
    static int64_t steps;
    enum { TRIALS = 20, TRIAL = 100000 };
    int64_t best = INT64_MAX;
    volatile uint64_t sink = 1;
    for (int i = 0; steps == 0 && i < TRIALS; i++) {
        int64_t begin = perf_now_ns();
        sink = perf_work(TRIAL, sink);
        int64_t took = perf_now_ns() - begin;
        best = took < best ? took : best;
    }
    if (steps == 0)
        steps = TRIAL * INT64_C(1000) / best;
    return steps;
}
