/*
 * micro/phases with Rove, on two workers: the parallel part is a loop of two milliseconds' work.
 */
#include "runtimes/rove.h"
#include "micro/phases/phases.h"
#include "micro/work.h"

#include <stdatomic.h>

enum { PHASES_PIECES = 200, PHASES_PIECE_US = 10, PHASES_SERIAL_US = 1000 };

static volatile uint64_t phases_sink;

static void piece(int64_t begin, int64_t end, void *arg)
{
    for (int64_t i = begin; i < end; i++)
        phases_sink = perf_work(PHASES_PIECE_US * perf_work_per_microsecond(), (uint64_t)i);
    atomic_fetch_add_explicit((_Atomic int64_t *)arg, end - begin, memory_order_relaxed);
}

static void alternate(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < phases_rounds; i++) {
        _Atomic int64_t done = 0;
        phases_sink = perf_work(PHASES_SERIAL_US * perf_work_per_microsecond(), (uint64_t)i);
        perf_rove_require(rove_for(0, PHASES_PIECES, piece, (void *)&done), "rove_for");
        phases_done += atomic_load_explicit(&done, memory_order_relaxed);
    }
}

void phases_rove(void)
{
    perf_rove_run(alternate);
}

void phases_rove_warm(void)
{
    perf_rove_require(rove_phase_begin(perf_rove_current()), "rove_phase_begin");
    perf_rove_run(alternate);
    perf_rove_require(rove_phase_end(perf_rove_current()), "rove_phase_end");
}
