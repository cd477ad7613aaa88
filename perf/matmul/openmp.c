/*
 * matmul with OpenMP tasks: four in each phase.
 */
#include "matmul/matmul.h"

static void multiply(struct matmul_block block)
{
    if (block.n == MATMUL_LEAF) {
        matmul_leaf(&block);
        return;
    }
    for (int phase = 0; phase < 8; phase += 4) {
        for (int i = 0; i < 4; i++) {
#pragma omp task firstprivate(block, phase, i)
            multiply(matmul_part(&block, phase + i));
        }
#pragma omp taskwait
    }
}

void matmul_openmp(void)
{
#pragma omp parallel
#pragma omp single
    multiply(matmul_whole());
}
