/*
 * mandelbrot with OpenMP: a parallel loop over the rows with the dynamic schedule, which uneven rows call for.
 */
#include "mandelbrot/mandelbrot.h"

void mandelbrot_openmp(void)
{
#pragma omp parallel for schedule(dynamic)
    for (int64_t row = 0; row < mandelbrot_rows; row++)
        mandelbrot_compute(row, row + 1);
}
