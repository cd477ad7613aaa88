/*
 * cilksort: the keys, the serial leaves and the check. The answer is a sum of hashes of all keys, which does not depend
 * on their order, and is only given if they are in order; so keys that are lost or doubled show as well.
 */
#include "cilksort/cilksort.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdio.h>
#include <string.h>

enum { INSERTION_MAX = 20 };

uint32_t *cilksort_keys;
uint32_t *cilksort_scratch;
size_t cilksort_count;
static uint32_t *cilksort_input;

static void sort_by_insertion(uint32_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t key = keys[i];
        size_t place = i;
        for (; place > 0 && keys[place - 1] > key; place--)
            keys[place] = keys[place - 1];
        keys[place] = key;
    }
}

static uint32_t sort_median(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t low = a < b ? a : b;
    uint32_t high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Cuts the keys so that none of the first part is above any of the second, and returns the size of the first; neither
 * is empty (Hoare 1961). */
static size_t sort_partition(uint32_t *keys, size_t count)
{
    uint32_t pivot = sort_median(keys[0], keys[count / 2], keys[count - 2]);
    size_t low = 0;
    size_t high = count - 1;
    for (;; low++, high--) {
        while (keys[low] < pivot)
            low++;
        while (keys[high] > pivot)
            high--;
        if (low >= high)
            return high + 1;
        uint32_t key = keys[low];
        keys[low] = keys[high];
        keys[high] = key;
    }
}

void cilksort_leaf(uint32_t *keys, size_t count)
{
    while (count > INSERTION_MAX) {
        size_t cut = sort_partition(keys, count);
        cilksort_leaf(keys, cut);
        keys += cut;
        count -= cut;
    }
    sort_by_insertion(keys, count);
}

void cilksort_merge_leaf(const struct cilksort_merge *merge)
{
    const uint32_t *left = merge->left;
    const uint32_t *right = merge->right;
    const uint32_t *left_end = left + merge->left_count;
    const uint32_t *right_end = right + merge->right_count;
    uint32_t *out = merge->out;
    while (left < left_end && right < right_end)
        *out++ = *right < *left ? *right++ : *left++;
    memcpy(out, left, (size_t)(left_end - left) * sizeof *out);
    out += left_end - left;
    memcpy(out, right, (size_t)(right_end - right) * sizeof *out);
}

/* How many of the sorted `keys` are below `limit`. */
static size_t cilksort_rank(const uint32_t *keys, size_t count, uint32_t limit)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keys[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void cilksort_split(const struct cilksort_merge *merge, struct cilksort_merge *low, struct cilksort_merge *high)
{
    bool left_is_longer = merge->left_count >= merge->right_count;
    const uint32_t *longer = left_is_longer ? merge->left : merge->right;
    const uint32_t *other = left_is_longer ? merge->right : merge->left;
    size_t longer_count = left_is_longer ? merge->left_count : merge->right_count;
    size_t other_count = left_is_longer ? merge->right_count : merge->left_count;
    size_t half = longer_count / 2;
    size_t rank = cilksort_rank(other, other_count, longer[half]);
    *low = (struct cilksort_merge){longer, other, merge->out, half, rank};
    *high = (struct cilksort_merge){longer + half, other + rank, merge->out + half + rank, longer_count - half,
                                    other_count - rank};
}

void cilksort_plan(uint32_t *keys, uint32_t *scratch, size_t count, struct cilksort_merge merges[3])
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;
    merges[0] = (struct cilksort_merge){keys, keys + quarter, scratch, quarter, quarter};
    merges[1] =
        (struct cilksort_merge){keys + half, keys + half + quarter, scratch + half, quarter, count - half - quarter};
    merges[2] = (struct cilksort_merge){scratch, scratch + half, keys, half, count - half};
}

static int64_t cilksort_digest(const uint32_t *keys)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < cilksort_count; i++)
        sum += perf_mix(keys[i]);
    return (int64_t)(sum >> 12);
}

static bool cilksort_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const size_t sizes[] = {[PERF_FULL] = 10000000, [PERF_SMALL] = 4000000, [PERF_TINY] = 30000};
    uint64_t state = 1;
    cilksort_count = sizes[scale];
    cilksort_keys = perf_allocate_pages(cilksort_count, sizeof *cilksort_keys);
    cilksort_scratch = perf_allocate_pages(cilksort_count, sizeof *cilksort_scratch);
    cilksort_input = perf_allocate_pages(cilksort_count, sizeof *cilksort_input);
    for (size_t i = 0; i < cilksort_count; i++)
        cilksort_input[i] = (uint32_t)perf_random(&state);
    snprintf(problem->title, sizeof problem->title, "cilksort(%zu)", cilksort_count);
    problem->expected = cilksort_digest(cilksort_input);
    problem->tasks = (int64_t)cilksort_count;
    return true;
}

static void cilksort_reset(void)
{
    memcpy(cilksort_keys, cilksort_input, cilksort_count * sizeof *cilksort_keys);
    memset(cilksort_scratch, 0, cilksort_count * sizeof *cilksort_scratch);
}

static int64_t cilksort_answer(void)
{
    for (size_t i = 1; i < cilksort_count; i++) {
        if (cilksort_keys[i - 1] > cilksort_keys[i])
            return -1;
    }
    return cilksort_digest(cilksort_keys);
}

const struct perf_workload perf_cilksort = {
    .name = "cilksort", .prepare = cilksort_prepare, .reset = cilksort_reset, .answer = cilksort_answer};
