/*
 * cilksort with OpenMP tasks.
 */
#include "cilksort/cilksort.h"

static void merge(const struct cilksort_merge *whole)
{
    if (cilksort_is_leaf(whole)) {
        cilksort_merge_leaf(whole);
        return;
    }
    struct cilksort_merge low, high;
    cilksort_split(whole, &low, &high);
#pragma omp task shared(low)
    merge(&low);
    merge(&high);
#pragma omp taskwait
}

static void sort(uint32_t *keys, uint32_t *scratch, size_t count)
{
    if (count <= CILKSORT_LEAF) {
        cilksort_leaf(keys, count);
        return;
    }
    size_t quarter = count / 4;
    for (size_t i = 0; i < 3; i++) {
#pragma omp task firstprivate(keys, scratch, quarter, i)
        sort(keys + i * quarter, scratch + i * quarter, quarter);
    }
    sort(keys + 3 * quarter, scratch + 3 * quarter, count - 3 * quarter);
#pragma omp taskwait

    struct cilksort_merge merges[3];
    cilksort_plan(keys, scratch, count, merges);
#pragma omp task shared(merges)
    merge(&merges[0]);
    merge(&merges[1]);
#pragma omp taskwait
    merge(&merges[2]);
}

void cilksort_openmp(void)
{
#pragma omp parallel
#pragma omp single
    sort(cilksort_keys, cilksort_scratch, cilksort_count);
}
