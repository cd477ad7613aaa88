/*
 * csv with Rove: a reduction over the bytes, without a grain size.
 */
#include "runtimes/rove.h"
#include "csv/csv.h"

static void add(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    csv_add(value, begin, end);
}

static void combine(void *left, void *right, void *arg)
{
    (void)arg;
    csv_merge(left, right);
}

static void stations(void *arg)
{
    static const struct csv_table empty;
    static const rove_reduction reduction = {.size = sizeof empty, .identity = &empty, .body = add, .combine = combine};
    (void)arg;
    perf_rove_require(rove_reduce(0, csv_size, &reduction, &csv_result), "rove_reduce");
}

void csv_rove(void)
{
    perf_rove_run(stations);
}
