/*
 * sort with oneTBB's parallel_sort, which is not stable: sort_stable has no such variant.
 */
#include "runtimes/tbb.hpp"

#include "sort/sort.h"

#include <tbb/parallel_sort.h>

static bool comes_first(const sort_record &a, const sort_record &b)
{
    return sort_compare(&a, &b, nullptr) < 0;
}

static void sort_piece(size_t piece)
{
    size_t count = sort_state.piece;
    if (sort_state.kind == SORT_U32)
        tbb::parallel_sort(sort_u32(piece), sort_u32(piece) + count);
    else if (sort_state.kind == SORT_F64)
        tbb::parallel_sort(sort_f64(piece), sort_f64(piece) + count);
    else
        tbb::parallel_sort(sort_records(piece), sort_records(piece) + count, comes_first);
}

void sort_tbb()
{
    perf_tbb_run([] {
        for (size_t piece = 0; piece < sort_state.pieces; piece++)
            sort_piece(piece);
    });
}
