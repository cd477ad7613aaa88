/*
 * mandelbrot: the picture, one row of it, and the check: the sum over all points, which a serial run also gives.
 */
#include "mandelbrot/mandelbrot.h"

#include "support/memory.h"
#include "support/png.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of the plane that is shown. */
static const double CENTRE = -0.7;
static const double WIDTH = 3.5;

int64_t mandelbrot_rows;
static int64_t mandelbrot_columns;
static int32_t mandelbrot_limit; /* points that stay this long are taken to stay for good */
static int32_t *mandelbrot_steps;

static int32_t mandelbrot_point(double real, double imaginary)
{
    double x = 0;
    double y = 0;
    for (int32_t step = 0; step < mandelbrot_limit; step++) {
        double xx = x * x;
        double yy = y * y;
        if (xx + yy > 4)
            return step;
        y = 2 * x * y + imaginary;
        x = xx - yy + real;
    }
    return mandelbrot_limit;
}

void mandelbrot_compute(int64_t begin, int64_t end)
{
    double pitch = WIDTH / (double)mandelbrot_columns;
    for (int64_t row = begin; row < end; row++) {
        double imaginary = ((double)(mandelbrot_rows - 1) / 2 - (double)row) * pitch;
        for (int64_t column = 0; column < mandelbrot_columns; column++) {
            double real = CENTRE + ((double)column - (double)(mandelbrot_columns - 1) / 2) * pitch;
            mandelbrot_steps[row * mandelbrot_columns + column] = mandelbrot_point(real, imaginary);
        }
    }
}

static int64_t mandelbrot_answer(void)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < mandelbrot_rows * mandelbrot_columns; i++)
        sum += mandelbrot_steps[i];
    return sum;
}

/* No step count is negative, so a point that is left out shows. */
static void mandelbrot_reset(void)
{
    memset(mandelbrot_steps, 0xff, (size_t)(mandelbrot_rows * mandelbrot_columns) * sizeof *mandelbrot_steps);
}

static bool mandelbrot_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const struct {
        int64_t columns, rows;
        int32_t limit;
    } sizes[] = {[PERF_FULL] = {1920, 1280, 1000}, [PERF_SMALL] = {960, 640, 500}, [PERF_TINY] = {96, 64, 100}};
    mandelbrot_columns = sizes[scale].columns;
    mandelbrot_rows = sizes[scale].rows;
    mandelbrot_limit = sizes[scale].limit;
    mandelbrot_steps = perf_allocate_pages((size_t)(mandelbrot_rows * mandelbrot_columns), sizeof *mandelbrot_steps);
    mandelbrot_compute(0, mandelbrot_rows);
    snprintf(problem->title, sizeof problem->title, "mandelbrot(%lldx%lld)", (long long)mandelbrot_columns,
             (long long)mandelbrot_rows);
    problem->expected = mandelbrot_answer();
    problem->tasks = mandelbrot_rows;
    return true;
}

/* Black inside, and outside a band of colours that moves slower the longer a point stays. */
static uint8_t mandelbrot_colour(int32_t steps)
{
    if (steps >= mandelbrot_limit)
        return 0;
    return (uint8_t)(1 + (int)(40 * log2(1 + steps)) % 255);
}

static void mandelbrot_palette(uint8_t palette[256][3])
{
    memset(palette[0], 0, 3);
    for (int i = 1; i < 256; i++) {
        double turn = 2 * 3.14159265358979 * i / 255;
        palette[i][0] = (uint8_t)(128 - 110 * cos(turn + 0.4));
        palette[i][1] = (uint8_t)(128 - 110 * cos(turn - 0.2));
        palette[i][2] = (uint8_t)(150 - 100 * cos(turn - 0.9));
    }
}

bool mandelbrot_write_png(const char *path)
{
    size_t points = (size_t)(mandelbrot_rows * mandelbrot_columns);
    uint8_t palette[256][3];
    uint8_t *pixels = perf_allocate(points, 1);
    for (size_t i = 0; i < points; i++)
        pixels[i] = mandelbrot_colour(mandelbrot_steps[i]);
    mandelbrot_palette(palette);
    bool written = perf_png_write(path, pixels, (uint32_t)mandelbrot_columns, (uint32_t)mandelbrot_rows, palette);
    free(pixels);
    return written;
}

const struct perf_workload perf_mandelbrot = {
    .name = "mandelbrot", .prepare = mandelbrot_prepare, .reset = mandelbrot_reset, .answer = mandelbrot_answer};
