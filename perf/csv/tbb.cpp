/*
 * csv with oneTBB's parallel_reduce over the bytes, in pieces of at least 64 KiB.
 */
#include "runtimes/tbb.hpp"
#include "csv/csv.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

namespace
{

constexpr size_t piece = 1 << 16;

struct Stations {
    csv_table table = {};

    Stations() = default;

    Stations(Stations &, tbb::split)
    {
    }

    void operator()(const tbb::blocked_range<int64_t> &bytes)
    {
        csv_add(&table, bytes.begin(), bytes.end());
    }

    void join(Stations &right)
    {
        csv_merge(&table, &right.table);
    }
};

} // namespace

void csv_tbb()
{
    perf_tbb_run([] {
        Stations stations;
        tbb::parallel_reduce(tbb::blocked_range<int64_t>(0, csv_size, piece), stations);
        csv_result = stations.table;
    });
}
