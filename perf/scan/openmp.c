/*
 * scan with OpenMP: in two passes by hand, where each thread sums up its share and scans it when all have done so; and
 * with the directive of OpenMP 5.0.
 */
#include "scan/scan.h"

#include "support/memory.h"

#include <omp.h>
#include <stdlib.h>

void scan_openmp(void)
{
    int64_t *sums = perf_allocate((size_t)omp_get_max_threads(), sizeof *sums);
#pragma omp parallel
    {
        int64_t threads = omp_get_num_threads(), self = omp_get_thread_num();
        int64_t begin = scan_count * self / threads, end = scan_count * (self + 1) / threads;
        int64_t before = 0;
        if (threads > 1)
            sums[self] = scan_sum(begin, end);
#pragma omp barrier
        for (int64_t i = 0; i < self; i++)
            before += sums[i];
        scan_write(begin, end, before);
    }
    free(sums);
}

void scan_openmp_directive(void)
{
    const int64_t *in = scan_in;
    int64_t *out = scan_out, sum = 0;
#pragma omp parallel for reduction(inscan, + : sum)
    for (int64_t i = 0; i < scan_count; i++) {
        sum += in[i];
#pragma omp scan inclusive(sum)
        out[i] = sum;
    }
}
