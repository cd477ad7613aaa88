/*
 * micro/loop_dispatch with OpenMP's parallel for.
 */
#include "micro/loop_dispatch/loop_dispatch.h"

void loop_dispatch_openmp(void)
{
    for (int64_t loop = 0; loop < loop_dispatch_loops; loop++) {
#pragma omp parallel for
        for (int i = 0; i < LOOP_DISPATCH_INDICES; i++)
            loop_dispatch_hits[i]++;
    }
}
