/*
 * mandelbrot with Rove: a parallel loop over the rows, without a grain size.
 */
#include "runtimes/rove.h"
#include "mandelbrot/mandelbrot.h"

static void rows(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    mandelbrot_compute(begin, end);
}

static void picture(void *arg)
{
    perf_rove_require(rove_for(0, mandelbrot_rows, rows, arg), "rove_for");
}

void mandelbrot_rove(void)
{
    perf_rove_run(picture);
}
