/*
 * skynet with OpenMP tasks: one for each child.
 */
#include "skynet/skynet.h"

static int64_t skynet(int64_t first, int64_t leaves)
{
    if (leaves == 1)
        return first;
    int64_t sums[SKYNET_WAYS];
    int64_t part = leaves / SKYNET_WAYS;
    for (int i = 0; i < SKYNET_WAYS; i++) {
#pragma omp task shared(sums) firstprivate(i, first, part)
        sums[i] = skynet(first + i * part, part);
    }
#pragma omp taskwait
    int64_t sum = 0;
    for (int i = 0; i < SKYNET_WAYS; i++)
        sum += sums[i];
    return sum;
}

void skynet_openmp(void)
{
#pragma omp parallel
#pragma omp single
    skynet_answer = skynet(0, skynet_leaves);
}
