/*
 * fib in plain C with nothing inlined: what a fork and a join could cost at best.
 */
#include "fib/fib.h"
#include "support/compiler.h"

PERF_REAL_CALL static int64_t fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

void fib_call(void)
{
    fib_answer = fib(fib_n);
}
