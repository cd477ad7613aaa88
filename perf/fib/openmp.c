/*
 * fib with OpenMP tasks.
 */
#include "fib/fib.h"

static int64_t fib(int n)
{
    if (n < 2)
        return n;
    int64_t left;
#pragma omp task shared(left) firstprivate(n)
    left = fib(n - 1);
    int64_t right = fib(n - 2);
#pragma omp taskwait
    return left + right;
}

void fib_openmp(void)
{
#pragma omp parallel
#pragma omp single
    fib_answer = fib(fib_n);
}
