/*
 * sort with C++'s std::sort and std::stable_sort, which inline the comparison of numbers.
 */
#include "sort/sort.h"

#include <algorithm>

static bool comes_first(const sort_record &a, const sort_record &b)
{
    return sort_compare(&a, &b, nullptr) < 0;
}

void sort_serial()
{
    size_t count = sort_state.piece;
    for (size_t piece = 0; piece < sort_state.pieces; piece++) {
        if (sort_state.kind == SORT_U32)
            std::sort(sort_u32(piece), sort_u32(piece) + count);
        else if (sort_state.kind == SORT_F64)
            std::sort(sort_f64(piece), sort_f64(piece) + count);
        else if (sort_state.kind == SORT_RECORDS)
            std::sort(sort_records(piece), sort_records(piece) + count, comes_first);
        else
            std::stable_sort(sort_records(piece), sort_records(piece) + count, comes_first);
    }
}
