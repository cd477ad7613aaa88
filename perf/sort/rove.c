/*
 * sort with Rove.
 */
#include "runtimes/rove.h"

#include "sort/sort.h"

#include <rove/sort.h>

static rove_status sort_piece(size_t piece)
{
    size_t count = sort_state.piece;
    switch (sort_state.kind) {
    case SORT_U32:
        return rove_sort_u32(sort_u32(piece), count);
    case SORT_F64:
        return rove_sort_f64(sort_f64(piece), count);
    case SORT_RECORDS:
        return rove_sort(sort_records(piece), count, sizeof(struct sort_record), sort_compare, NULL);
    default:
        return rove_stable_sort(sort_records(piece), count, sizeof(struct sort_record), sort_compare, NULL);
    }
}

static void sort_all(void *arg)
{
    (void)arg;
    for (size_t piece = 0; piece < sort_state.pieces; piece++)
        perf_rove_require(sort_piece(piece), "sort");
}

void sort_rove(void)
{
    perf_rove_run(sort_all);
}
