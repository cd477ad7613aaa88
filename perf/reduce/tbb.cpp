/*
 * reduce_sum and reduce_dot with oneTBB's parallel_deterministic_reduce over the plain loops.
 */
#include "runtimes/tbb.hpp"
#include "reduce/reduce.h"

#include <functional>
#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

namespace
{

template <typename Leaf> void reduce(Leaf leaf)
{
    using Range = tbb::blocked_range<int64_t>;
    perf_tbb_run([leaf] {
        reduce_result = tbb::parallel_deterministic_reduce(
            Range(0, reduce_count, REDUCE_BLOCK), 0.0,
            [leaf](const Range &range, double value) { return value + leaf(range.begin(), range.end()); },
            std::plus<double>());
    });
}

} // namespace

void reduce_sum_tbb()
{
    reduce(reduce_sum_range);
}

void reduce_dot_tbb()
{
    reduce(reduce_dot_range);
}
