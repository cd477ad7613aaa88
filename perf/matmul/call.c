/*
 * matmul in plain C with nothing inlined.
 */
#include "matmul/matmul.h"
#include "support/compiler.h"

PERF_REAL_CALL static void multiply(const struct matmul_block *block)
{
    if (block->n == MATMUL_LEAF) {
        matmul_leaf(block);
        return;
    }
    for (int part = 0; part < 8; part++) {
        struct matmul_block child = matmul_part(block, part);
        multiply(&child);
    }
}

void matmul_call(void)
{
    struct matmul_block whole = matmul_whole();
    multiply(&whole);
}
