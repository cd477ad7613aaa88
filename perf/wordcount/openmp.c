/*
 * wordcount with OpenMP: a parallel loop over the blocks with a reduction of its own.
 */
#include "wordcount/wordcount.h"

#pragma omp declare reduction(merge                                                                                    \
                              : struct wordcount_table                                                                 \
                              : wordcount_merge(&omp_out, &omp_in)) initializer(omp_priv = {0})

void wordcount_openmp(void)
{
    struct wordcount_table counts = {0};
#pragma omp parallel for schedule(dynamic, 16) reduction(merge : counts)
    for (int64_t block = 0; block < wordcount_blocks; block++)
        wordcount_add(&counts, block, block + 1);
    wordcount_counts = counts;
}
