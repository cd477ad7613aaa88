/*
 * cilksort with Rove: fork three quarters and call the fourth; fork one of two merges and call the other.
 */
#include "runtimes/rove.h"
#include "cilksort/cilksort.h"

struct merge {
    rove_task task;
    struct cilksort_merge part;
};

struct sort {
    rove_task task;
    uint32_t *keys;
    uint32_t *scratch;
    size_t count;
};

static void merge_task(rove_task *task);
static void sort_task(rove_task *task);

static void merge(const struct cilksort_merge *whole)
{
    if (cilksort_is_leaf(whole)) {
        cilksort_merge_leaf(whole);
        return;
    }
    struct merge low;
    struct cilksort_merge high;
    cilksort_split(whole, &low.part, &high);
    rove_fork(&low.task, merge_task);
    merge(&high);
    rove_join(&low.task, merge_task);
}

static void merge_task(rove_task *task)
{
    merge(&((struct merge *)task)->part);
}

static void merge_quarters(uint32_t *keys, uint32_t *scratch, size_t count)
{
    struct cilksort_merge merges[3];
    cilksort_plan(keys, scratch, count, merges);
    struct merge first = {.part = merges[0]};
    rove_fork(&first.task, merge_task);
    merge(&merges[1]);
    rove_join(&first.task, merge_task);
    merge(&merges[2]);
}

static void sort(uint32_t *keys, uint32_t *scratch, size_t count)
{
    if (count <= CILKSORT_LEAF) {
        cilksort_leaf(keys, count);
        return;
    }
    size_t quarter = count / 4;
    struct sort parts[3];
    for (size_t i = 0; i < 3; i++) {
        parts[i].keys = keys + i * quarter;
        parts[i].scratch = scratch + i * quarter;
        parts[i].count = quarter;
        rove_fork(&parts[i].task, sort_task);
    }
    sort(keys + 3 * quarter, scratch + 3 * quarter, count - 3 * quarter);
    for (size_t i = 3; i-- > 0;)
        rove_join(&parts[i].task, sort_task);
    merge_quarters(keys, scratch, count);
}

static void sort_task(rove_task *task)
{
    struct sort *self = (struct sort *)task;
    sort(self->keys, self->scratch, self->count);
}

static void sort_root(void *arg)
{
    (void)arg;
    sort(cilksort_keys, cilksort_scratch, cilksort_count);
}

void cilksort_rove(void)
{
    perf_rove_run(sort_root);
}
