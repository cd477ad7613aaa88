/*
 * csv with OpenMP: a parallel loop over pieces of the text with a reduction of its own.
 */
#include "csv/csv.h"

#pragma omp declare reduction(merge : struct csv_table : csv_merge(&omp_out, &omp_in)) initializer(omp_priv = {0})

enum { PIECE = 1 << 16 };

void csv_openmp(void)
{
    struct csv_table table = {0};
#pragma omp parallel for schedule(dynamic) reduction(merge : table)
    for (int64_t begin = 0; begin < csv_size; begin += PIECE)
        csv_add(&table, begin, csv_size - begin < PIECE ? csv_size : begin + PIECE);
    csv_result = table;
}
