/*
 * oneTBB as the benchmarks use it: an arena that the harness has started with the worker count of the benchmark.
 */
#ifndef PERF_RUNTIMES_TBB_HPP
#define PERF_RUNTIMES_TBB_HPP

#include <tbb/task_arena.h>

/* The arena of the running benchmark. */
tbb::task_arena &perf_tbb_arena();

/* The arena of the running benchmark if no thread of the program works in it, but all workers are oneTBB's: from now on
 * until the benchmark ends, in place of the other. The first call starts the threads. */
tbb::task_arena &perf_tbb_outside_arena();

/* Runs `body` inside the arena of the running benchmark, the calling thread being one of its workers. */
template <typename Body> void perf_tbb_run(const Body &body)
{
    perf_tbb_arena().execute(body);
}

#endif
