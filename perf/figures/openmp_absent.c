/*
 * openmp, where the compiler has none.
 */
#include "figures/figures.h"

enum figure_end figure_openmp(enum perf_scale scale, double number)
{
    (void)scale;
    (void)number;
    figure_die("the compiler of this build knows no OpenMP");
}
