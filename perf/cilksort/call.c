/*
 * cilksort in plain C with nothing inlined.
 */
#include "cilksort/cilksort.h"
#include "support/compiler.h"

PERF_REAL_CALL static void merge(const struct cilksort_merge *whole)
{
    if (cilksort_is_leaf(whole)) {
        cilksort_merge_leaf(whole);
        return;
    }
    struct cilksort_merge low, high;
    cilksort_split(whole, &low, &high);
    merge(&low);
    merge(&high);
}

PERF_REAL_CALL static void sort(uint32_t *keys, uint32_t *scratch, size_t count)
{
    if (count <= CILKSORT_LEAF) {
        cilksort_leaf(keys, count);
        return;
    }
    size_t quarter = count / 4;
    for (size_t i = 0; i < 3; i++)
        sort(keys + i * quarter, scratch + i * quarter, quarter);
    sort(keys + 3 * quarter, scratch + 3 * quarter, count - 3 * quarter);

    struct cilksort_merge merges[3];
    cilksort_plan(keys, scratch, count, merges);
    for (int i = 0; i < 3; i++)
        merge(&merges[i]);
}

void cilksort_call(void)
{
    sort(cilksort_keys, cilksort_scratch, cilksort_count);
}
