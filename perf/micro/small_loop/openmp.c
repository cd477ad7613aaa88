/*
 * micro/small_loop_* with OpenMP's parallel for.
 */
#include "micro/small_loop/small_loop.h"

void small_loop_openmp(void)
{
    for (int64_t loop = 0; loop < small_loop_loops; loop++) {
#pragma omp parallel for
        for (int64_t i = 0; i < small_loop_indices; i++)
            small_loop_handle(i);
    }
}
