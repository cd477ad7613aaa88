/*
 * scan: the numbers, the two loops of which all variants but Rove's and that of OpenMP's directive are made, and the
 * check.
 */
#include "scan/scan.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdio.h>
#include <string.h>

const int64_t *scan_in;
int64_t *scan_out;
int64_t scan_count;

int64_t scan_sum(int64_t begin, int64_t end)
{
    int64_t sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += scan_in[i];
    return sum;
}

int64_t scan_write(int64_t begin, int64_t end, int64_t sum)
{
    for (int64_t i = begin; i < end; i++) {
        sum += scan_in[i];
        scan_out[i] = sum;
    }
    return sum;
}

static void scan_reset(void)
{
    memset(scan_out, 0xff, (size_t)scan_count * sizeof *scan_out);
}

static uint64_t scan_hash(int64_t index, int64_t sum)
{
    return perf_mix((uint64_t)index + perf_mix((uint64_t)sum));
}

static int64_t scan_answer(void)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < scan_count; i++)
        hash += scan_hash(i, scan_out[i]);
    return (int64_t)(hash >> 12);
}

static bool scan_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t counts[] = {[PERF_FULL] = 50000000, [PERF_SMALL] = 10000000, [PERF_TINY] = 200000};
    scan_count = counts[scale];
    int64_t *in = perf_allocate_pages((size_t)scan_count, sizeof *in);
    scan_out = perf_allocate_pages((size_t)scan_count, sizeof *scan_out);
    uint64_t random = 1, hash = 0;
    int64_t sum = 0;
    for (int64_t i = 0; i < scan_count; i++) {
        in[i] = (int64_t)(perf_random(&random) % 2001) - 1000;
        sum += in[i];
        hash += scan_hash(i, sum);
    }
    scan_in = in;
    snprintf(problem->title, sizeof problem->title, "scan(%lld)", (long long)scan_count);
    problem->tasks = scan_count;
    problem->expected = (int64_t)(hash >> 12);
    return true;
}

const struct perf_workload perf_scan = {
    .name = "scan", .prepare = scan_prepare, .reset = scan_reset, .answer = scan_answer};
