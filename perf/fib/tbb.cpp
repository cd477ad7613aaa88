/*
 * fib with oneTBB's parallel_invoke.
 */
#include "runtimes/tbb.hpp"
#include "fib/fib.h"

#include <tbb/parallel_invoke.h>

static int64_t fib(int n)
{
    if (n < 2)
        return n;
    int64_t left;
    int64_t right;
    tbb::parallel_invoke([&] { left = fib(n - 1); }, [&] { right = fib(n - 2); });
    return left + right;
}

void fib_tbb()
{
    perf_tbb_run([] { fib_answer = fib(fib_n); });
}
