/*
 * sort with the C library's qsort.
 */
#include "sort/sort.h"

#include <stdlib.h>

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int compare_f64(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_qsort(void)
{
    for (size_t piece = 0; piece < sort_state.pieces; piece++) {
        if (sort_state.kind == SORT_U32)
            qsort(sort_u32(piece), sort_state.piece, sizeof(uint32_t), compare_u32);
        else if (sort_state.kind == SORT_F64)
            qsort(sort_f64(piece), sort_state.piece, sizeof(double), compare_f64);
        else
            qsort(sort_records(piece), sort_state.piece, sizeof(struct sort_record), sort_compare_records);
    }
}
