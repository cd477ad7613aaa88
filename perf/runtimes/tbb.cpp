/*
 * oneTBB as the benchmarks use it, and the list of its variants.
 */
#include "runtimes/tbb.hpp"

#include "harness/variants.h"
#include "pool/tbb_latch.hpp"

#include <memory>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

namespace
{

struct Tbb {
    tbb::global_control limit; /* counts a thread of the program's own, whether it works or not */
    tbb::task_arena arena;
    int places; /* in the arena for threads of the program's own */

    Tbb(int workers, int own)
        : limit(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(workers + 1 - own)),
          arena(workers, static_cast<unsigned>(own)), places(own)
    {
    }
};

std::unique_ptr<Tbb> current;

/* The threads are started here, so that no timed run pays for it. */
bool start(int workers)
{
    current = std::make_unique<Tbb>(workers, 1);
    perf_tbb_run([workers] { tbb::parallel_for(0, 64 * workers, [](int) {}); });
    return true;
}

void stop()
{
    current.reset();
}

const perf_variant variants[] = {
    {&perf_fib, "tbb", fib_tbb, PERF_EACH},
    {&perf_nqueens, "tbb", nqueens_tbb, PERF_EACH},
    {&perf_skynet, "tbb", skynet_tbb, PERF_EACH},
    {&perf_uts, "tbb", uts_tbb, PERF_EACH},
    {&perf_matmul, "tbb", matmul_tbb, PERF_EACH},
    {&perf_cilksort, "tbb", cilksort_tbb, PERF_EACH},
    {&perf_mandelbrot, "tbb", mandelbrot_tbb, PERF_EACH},
    {&perf_wordcount, "tbb", wordcount_tbb, PERF_EACH},
    {&perf_sort, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_sorted, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_reversed, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_few, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_1e3, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_1e4, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_1e5, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_1e6, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_1e8, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_f64, "tbb", sort_tbb, PERF_EACH},
    {&perf_sort_generic, "tbb", sort_tbb, PERF_EACH},
    {&perf_csv, "tbb", csv_tbb, PERF_EACH},
    {&perf_reduce_sum, "tbb", reduce_sum_tbb, PERF_EACH},
    {&perf_reduce_dot, "tbb", reduce_dot_tbb, PERF_EACH},
    {&perf_stencil, "tbb", stencil_tbb, PERF_EACH},
    {&perf_scan, "tbb", scan_tbb, PERF_EACH},
    {&perf_group_spawn, "tbb", group_spawn_tbb, PERF_EACH},
    {&perf_loop_dispatch, "tbb", loop_dispatch_tbb, PERF_EACH},
    {&perf_small_loop_10_short, "tbb", small_loop_tbb, PERF_EACH},
    {&perf_small_loop_10, "tbb", small_loop_tbb, PERF_EACH},
    {&perf_small_loop_1000, "tbb", small_loop_tbb, PERF_EACH},
    {&perf_submit, "tbb", submit_tbb, PERF_EACH},
    {&perf_pool_submit, "tbb", pool_submit_tbb, PERF_EACH},
    {&perf_pool_submitters, "tbb", pool_submitters_tbb, PERF_EACH},
    {&perf_pool_jobs_1us, "tbb", pool_jobs_tbb, PERF_EACH},
    {&perf_pool_jobs_10us, "tbb", pool_jobs_tbb, PERF_EACH},
    {&perf_pool_jobs_100us, "tbb", pool_jobs_tbb, PERF_EACH},
    {&perf_pool_latency, "tbb", pool_latency_tbb, PERF_EACH_SPARING},
    {&perf_pool_latency_even, "tbb", pool_latency_tbb, PERF_EACH_SPARING},
};

} // namespace

tbb::task_arena &perf_tbb_arena()
{
    return current->arena;
}

tbb::task_arena &perf_tbb_outside_arena()
{
    if (current->places == 0)
        return current->arena;
    int workers = current->arena.max_concurrency();
    int64_t count = 64 * workers;
    current.reset();
    current = std::make_unique<Tbb>(workers, 0);
    perf::TbbLatch latch(count);
    for (int64_t i = 0; i < count; i++)
        current->arena.enqueue([&latch] { latch.count_down(); });
    latch.wait();
    return current->arena;
}

const perf_runtime perf_tbb_runtime = {"oneTBB", nullptr, variants, sizeof variants / sizeof *variants,
                                       start,    stop,    nullptr};
