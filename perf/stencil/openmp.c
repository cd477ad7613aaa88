/*
 * stencil with OpenMP: a parallel loop over the rows with the static schedule, which even rows call for.
 */
#include "stencil/stencil.h"

void stencil_openmp(void)
{
    for (int64_t step = 0; step < stencil_steps; step++) {
#pragma omp parallel for schedule(static)
        for (int64_t row = 1; row < stencil_side - 1; row++)
            stencil_compute(row, row + 1, 1, stencil_side - 1);
        stencil_swap();
    }
}
