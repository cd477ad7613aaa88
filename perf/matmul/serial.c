/*
 * matmul in plain C; the compiler may inline the recursion.
 */
#include "matmul/matmul.h"

static void multiply(struct matmul_block block)
{
    if (block.n == MATMUL_LEAF) {
        matmul_leaf(&block);
        return;
    }
    for (int part = 0; part < 8; part++)
        multiply(matmul_part(&block, part));
}

void matmul_serial(void)
{
    multiply(matmul_whole());
}
