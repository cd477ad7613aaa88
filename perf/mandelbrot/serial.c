/*
 * mandelbrot in plain C.
 */
#include "mandelbrot/mandelbrot.h"

void mandelbrot_serial(void)
{
    mandelbrot_compute(0, mandelbrot_rows);
}
