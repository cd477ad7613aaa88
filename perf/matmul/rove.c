/*
 * matmul with Rove: in each phase fork three products, call the fourth, join in reverse.
 */
#include "runtimes/rove.h"
#include "matmul/matmul.h"

struct multiply {
    rove_task task;
    struct matmul_block block;
};

static void multiply_task(rove_task *task);

static void multiply(const struct matmul_block *block)
{
    if (block->n == MATMUL_LEAF) {
        matmul_leaf(block);
        return;
    }
    for (int phase = 0; phase < 8; phase += 4) {
        struct multiply products[3];
        for (int i = 0; i < 3; i++) {
            products[i].block = matmul_part(block, phase + i);
            rove_fork(&products[i].task, multiply_task);
        }
        struct matmul_block last = matmul_part(block, phase + 3);
        multiply(&last);
        for (int i = 3; i-- > 0;)
            rove_join(&products[i].task, multiply_task);
    }
}

static void multiply_task(rove_task *task)
{
    multiply(&((struct multiply *)task)->block);
}

static void multiply_root(void *arg)
{
    (void)arg;
    struct matmul_block whole = matmul_whole();
    multiply(&whole);
}

void matmul_rove(void)
{
    perf_rove_run(multiply_root);
}
