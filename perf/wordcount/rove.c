/*
 * wordcount with Rove: a reduction over the blocks, without a grain size.
 */
#include "runtimes/rove.h"
#include "wordcount/wordcount.h"

static void add(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    wordcount_add(value, begin, end);
}

static void combine(void *left, void *right, void *arg)
{
    (void)arg;
    wordcount_merge(left, right);
}

static void count(void *arg)
{
    static const struct wordcount_table empty;
    static const rove_reduction reduction = {.size = sizeof empty, .identity = &empty, .body = add, .combine = combine};
    (void)arg;
    perf_rove_require(rove_reduce(0, wordcount_blocks, &reduction, &wordcount_counts), "rove_reduce");
}

void wordcount_rove(void)
{
    perf_rove_run(count);
}
