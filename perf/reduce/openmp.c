/*
 * reduce_sum and reduce_dot with OpenMP's reduction, which may use vectors.
 */
#include "reduce/reduce.h"

void reduce_sum_openmp(void)
{
    const double *left = reduce_left;
    double sum = 0;
#pragma omp parallel for simd reduction(+ : sum)
    for (int64_t i = 0; i < reduce_count; i++)
        sum += left[i];
    reduce_result = sum;
}

void reduce_dot_openmp(void)
{
    const double *left = reduce_left, *right = reduce_right;
    double sum = 0;
#pragma omp parallel for simd reduction(+ : sum)
    for (int64_t i = 0; i < reduce_count; i++)
        sum += left[i] * right[i];
    reduce_result = sum;
}
