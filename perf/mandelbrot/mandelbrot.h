/*
 * mandelbrot: how long each point of a picture takes to escape. The rows are independent and very uneven: those through
 * the middle of the set cost many times those at the edge. The picture can be written as PNG.
 */
#ifndef PERF_MANDELBROT_H
#define PERF_MANDELBROT_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_mandelbrot;

extern int64_t mandelbrot_rows; /* rows of the picture */

/* Computes the rows from `begin` up to but not including `end`. */
void mandelbrot_compute(int64_t begin, int64_t end);

/* Writes the picture that was computed last. Returns false after a line on standard error. */
bool mandelbrot_write_png(const char *path);

void mandelbrot_serial(void);
void mandelbrot_rove(void);
void mandelbrot_openmp(void);
void mandelbrot_tbb(void);

ROVE_END_C

#endif
