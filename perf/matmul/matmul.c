/*
 * matmul: the matrices, the leaf and the check. All entries are small integers, so every sum is exact in any order and
 * the check is exact too: for vectors x and y, x (a b) y must equal (x a)(b y).
 */
#include "matmul/matmul.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t matmul_n;
static double *matmul_a;
static double *matmul_b;
static double *matmul_c;
static double *matmul_x;
static double *matmul_y;

struct matmul_block matmul_whole(void)
{
    return (struct matmul_block){matmul_c, matmul_a, matmul_b, matmul_n};
}

struct matmul_block matmul_part(const struct matmul_block *block, int index)
{
    int64_t half = block->n / 2;
    int64_t row = (index >> 1 & 1) * half * matmul_n; /* lower half of a and c */
    int64_t column = (index & 1) * half;              /* right half of b and c */
    int64_t inner = index >> 2;                       /* second half of a's columns and b's rows */
    return (struct matmul_block){
        .c = block->c + row + column,
        .a = block->a + row + inner * half,
        .b = block->b + inner * half * matmul_n + column,
        .n = half,
    };
}

void matmul_leaf(const struct matmul_block *block)
{
    for (int i = 0; i < MATMUL_LEAF; i++) {
        double *__restrict c = block->c + i * matmul_n;
        const double *a = block->a + i * matmul_n;
        for (int k = 0; k < MATMUL_LEAF; k++) {
            const double *b = block->b + k * matmul_n;
            double factor = a[k];
            for (int j = 0; j < MATMUL_LEAF; j++)
                c[j] += factor * b[j];
        }
    }
}

static double *matmul_random(int64_t count, uint64_t *state)
{
    double *values = perf_allocate_pages((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; i++)
        values[i] = (double)(perf_random(state) % 8);
    return values;
}

/* x m y for a matrix m. */
static double matmul_form(const double *x, const double *matrix, const double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < matmul_n; i++) {
        double row = 0;
        for (int64_t j = 0; j < matmul_n; j++)
            row += matrix[i * matmul_n + j] * y[j];
        sum += x[i] * row;
    }
    return sum;
}

/* x (a b) y without the product: x a (b y). */
static double matmul_expected(void)
{
    double *by = perf_allocate_pages((size_t)matmul_n, sizeof *by);
    for (int64_t i = 0; i < matmul_n; i++) {
        by[i] = 0;
        for (int64_t j = 0; j < matmul_n; j++)
            by[i] += matmul_b[i * matmul_n + j] * matmul_y[j];
    }
    double form = matmul_form(matmul_x, matmul_a, by);
    free(by);
    return form;
}

static bool matmul_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t sizes[] = {[PERF_FULL] = 1024, [PERF_SMALL] = 1024, [PERF_TINY] = 64};
    uint64_t state = 1;
    matmul_n = sizes[scale];
    matmul_a = matmul_random(matmul_n * matmul_n, &state);
    matmul_b = matmul_random(matmul_n * matmul_n, &state);
    matmul_c = perf_allocate_pages((size_t)(matmul_n * matmul_n), sizeof *matmul_c);
    matmul_x = matmul_random(matmul_n, &state);
    matmul_y = matmul_random(matmul_n, &state);
    snprintf(problem->title, sizeof problem->title, "matmul(%lld)", (long long)matmul_n);
    problem->expected = (int64_t)matmul_expected();
    problem->tasks = 0; /* every product of blocks but the whole */
    int64_t products = 1;
    for (int64_t n = matmul_n; n > MATMUL_LEAF; n /= 2) {
        products *= 8;
        problem->tasks += products;
    }
    return true;
}

static void matmul_reset(void)
{
    memset(matmul_c, 0, (size_t)(matmul_n * matmul_n) * sizeof *matmul_c);
}

static int64_t matmul_answer(void)
{
    return (int64_t)matmul_form(matmul_x, matmul_c, matmul_y);
}

const struct perf_workload perf_matmul = {
    .name = "matmul", .prepare = matmul_prepare, .reset = matmul_reset, .answer = matmul_answer};
