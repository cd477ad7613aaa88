/*
 * fib in plain C; the compiler may inline and unroll the recursion.
 */
#include "fib/fib.h"

static int64_t fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

void fib_serial(void)
{
    fib_answer = fib(fib_n);
}
