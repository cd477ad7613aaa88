/*
 * cilksort with oneTBB's parallel_invoke.
 */
#include "runtimes/tbb.hpp"
#include "cilksort/cilksort.h"

#include <tbb/parallel_invoke.h>

static void merge(const cilksort_merge &whole)
{
    if (cilksort_is_leaf(&whole)) {
        cilksort_merge_leaf(&whole);
        return;
    }
    cilksort_merge low, high;
    cilksort_split(&whole, &low, &high);
    tbb::parallel_invoke([&] { merge(low); }, [&] { merge(high); });
}

static void sort(uint32_t *keys, uint32_t *scratch, size_t count)
{
    if (count <= CILKSORT_LEAF) {
        cilksort_leaf(keys, count);
        return;
    }
    size_t quarter = count / 4;
    auto part = [=](size_t i) { sort(keys + i * quarter, scratch + i * quarter, quarter); };
    tbb::parallel_invoke([&] { part(0); }, [&] { part(1); }, [&] { part(2); },
                         [&] { sort(keys + 3 * quarter, scratch + 3 * quarter, count - 3 * quarter); });

    cilksort_merge merges[3];
    cilksort_plan(keys, scratch, count, merges);
    tbb::parallel_invoke([&] { merge(merges[0]); }, [&] { merge(merges[1]); });
    merge(merges[2]);
}

void cilksort_tbb()
{
    perf_tbb_run([] { sort(cilksort_keys, cilksort_scratch, cilksort_count); });
}
