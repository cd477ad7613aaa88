/*
 * matmul with oneTBB: parallel_invoke of four products in each phase.
 */
#include "runtimes/tbb.hpp"
#include "matmul/matmul.h"

#include <tbb/parallel_invoke.h>

static void multiply(const matmul_block &block)
{
    if (block.n == MATMUL_LEAF) {
        matmul_leaf(&block);
        return;
    }
    for (int phase = 0; phase < 8; phase += 4) {
        auto product = [&block, phase](int i) { multiply(matmul_part(&block, phase + i)); };
        tbb::parallel_invoke([&] { product(0); }, [&] { product(1); }, [&] { product(2); }, [&] { product(3); });
    }
}

void matmul_tbb()
{
    perf_tbb_run([] { multiply(matmul_whole()); });
}
