/*
 * wordcount with oneTBB's parallel_reduce over the blocks.
 */
#include "runtimes/tbb.hpp"
#include "wordcount/wordcount.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

namespace
{

struct Count {
    wordcount_table table = {};

    Count() = default;

    Count(Count &, tbb::split)
    {
    }

    void operator()(const tbb::blocked_range<int64_t> &blocks)
    {
        wordcount_add(&table, blocks.begin(), blocks.end());
    }

    void join(Count &right)
    {
        wordcount_merge(&table, &right.table);
    }
};

} // namespace

void wordcount_tbb()
{
    perf_tbb_run([] {
        Count count;
        tbb::parallel_reduce(tbb::blocked_range<int64_t>(0, wordcount_blocks), count);
        wordcount_counts = count.table;
    });
}
