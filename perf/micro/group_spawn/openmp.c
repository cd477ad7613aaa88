/*
 * micro/group_spawn with OpenMP tasks.
 */
#include "micro/group_spawn/group_spawn.h"

void group_spawn_openmp(void)
{
#pragma omp parallel
#pragma omp single
    for (int64_t batch = 0; batch < group_spawn_batches; batch++) {
        for (int i = 0; i < PERF_CELLS; i++) {
#pragma omp task firstprivate(i)
            perf_cells[i]++;
        }
#pragma omp taskwait
    }
}
