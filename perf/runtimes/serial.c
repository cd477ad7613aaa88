/*
 * No runtime at all: the plain C variants that the others are measured against.
 */
#include "harness/variants.h"

static bool serial_start(int workers)
{
    return workers == 1;
}

static void serial_stop(void)
{
}

static const struct perf_variant serial_variants[] = {
    {&perf_fib, "serial", fib_serial, 1},
    {&perf_fib, "call", fib_call, 1},
    {&perf_nqueens, "serial", nqueens_serial, 1},
    {&perf_nqueens, "call", nqueens_call, 1},
    {&perf_skynet, "serial", skynet_serial, 1},
    {&perf_skynet, "call", skynet_call, 1},
    {&perf_uts, "serial", uts_serial, 1},
    {&perf_uts, "call", uts_call, 1},
    {&perf_matmul, "serial", matmul_serial, 1},
    {&perf_matmul, "call", matmul_call, 1},
    {&perf_cilksort, "serial", cilksort_serial, 1},
    {&perf_cilksort, "call", cilksort_call, 1},
    {&perf_mandelbrot, "serial", mandelbrot_serial, 1},
    {&perf_wordcount, "serial", wordcount_serial, 1},
    {&perf_wake, "futex", wake_futex, 1},
};

const struct perf_runtime perf_serial_runtime = {
    .title = "serial",
    .variants = serial_variants,
    .variant_count = sizeof serial_variants / sizeof *serial_variants,
    .start = serial_start,
    .stop = serial_stop,
};
