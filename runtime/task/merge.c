/*
 * Merging in parallel: serially, in short stretches, and what is left is cut in two when somebody is hungry.
 *
 * Whatever the comparison says, every cut divides both arrays, and every step takes one element of one of them; so the
 * result is always made of the same elements.
 */
#include "runtime/task/merge.h"

#include <rove/runtime.h>

enum {
    MERGE_STRETCH = 256, /* so many elements are merged before looking up */
    MERGE_WORTH = 1024   /* fewer are not cut */
};

/* What is left of a merge, or the part of it that is given away. */
struct merge_part {
    rove_task task; /* first */
    struct rovei_sorting *sorting;
    const struct rovei_items *items;
    struct rovei_merge rest;
};

/* Merges up to `count` elements, until one side is used up. Always inlined, so that `size` is constant where it can
 * be. Which side comes next is anybody's guess, so the choice is arithmetic and no branch. */
static inline __attribute__((always_inline)) void merge_sized(const struct rovei_items *items,
                                                              struct rovei_merge *merge, size_t count, size_t size)
{
    struct rovei_merge rest = *merge;
    for (; count > 0 && rest.left_count > 0 && rest.right_count > 0; count--) {
        size_t is_right = item_falls(items, rest.left, rest.right);
        item_copy(rest.result, is_right ? rest.right : rest.left, size);
        rest.result += size;
        rest.right += size & (0 - is_right);
        rest.left += size & (is_right - 1);
        rest.right_count -= is_right;
        rest.left_count -= 1 - is_right;
    }
    *merge = rest;
}

/* The same for pointers. A branch lets the processor guess and fetch what is compared next, which costs more than a
 * wrong guess when it is far away. */
static void merge_pointers(const struct rovei_items *items, struct rovei_merge *merge, size_t count)
{
    const size_t size = sizeof(void *);
    for (; count > 0 && merge->left_count > 0 && merge->right_count > 0; count--) {
        if (item_falls(items, merge->left, merge->right)) {
            memcpy(merge->result, merge->right, size);
            merge->right += size;
            merge->right_count--;
        } else {
            memcpy(merge->result, merge->left, size);
            merge->left += size;
            merge->left_count--;
        }
        merge->result += size;
    }
}

static void merge_stretch(const struct rovei_items *items, struct rovei_merge *merge)
{
    if (items->is_indirect) {
        merge_pointers(items, merge, MERGE_STRETCH);
        return;
    }
    switch (items->size) {
    case 4:
        merge_sized(items, merge, MERGE_STRETCH, 4);
        break;
    case 8:
        merge_sized(items, merge, MERGE_STRETCH, 8);
        break;
    case 16:
        merge_sized(items, merge, MERGE_STRETCH, 16);
        break;
    default:
        merge_sized(items, merge, MERGE_STRETCH, items->size);
    }
}

/* Copies what is left: one side is used up, or its order does not matter any more. */
static void merge_copy(const struct rovei_items *items, const struct rovei_merge *merge)
{
    size_t left_size = merge->left_count * items->size;
    if (left_size > 0)
        memcpy(merge->result, merge->left, left_size);
    if (merge->right_count > 0)
        memcpy(merge->result + left_size, merge->right, merge->right_count * items->size);
}

/* How many of the sorted elements come before `item`; those that are equal to it do if `equal_too`. */
static size_t merge_rank(const struct rovei_items *items, const char *sorted, size_t count, const char *item,
                         bool equal_too)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        const char *other = sorted + middle * items->size;
        if (equal_too ? !item_falls(items, other, item) : item_falls(items, item, other))
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* Cuts the second half off: from the middle of the longer array on, and where that element belongs in the other. */
static struct rovei_merge merge_cut(const struct rovei_items *items, struct rovei_merge *merge)
{
    struct rovei_merge high = *merge;
    if (merge->left_count >= merge->right_count) {
        merge->left_count /= 2;
        merge->right_count =
            merge_rank(items, high.right, high.right_count, high.left + merge->left_count * items->size, false);
    } else {
        merge->right_count /= 2;
        merge->left_count =
            merge_rank(items, high.left, high.left_count, high.right + merge->right_count * items->size, true);
    }
    high.left += merge->left_count * items->size;
    high.right += merge->right_count * items->size;
    high.result += (merge->left_count + merge->right_count) * items->size;
    high.left_count -= merge->left_count;
    high.right_count -= merge->right_count;
    return high;
}

static void merge_work(struct merge_part *part);

static void merge_task(rove_task *task)
{
    struct merge_part *part = (struct merge_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(&part->sorting->loop, &frame);
    merge_work(part);
    loop_leave(worker, &frame);
}

static __attribute__((noinline)) void merge_split(struct merge_part *part)
{
    struct merge_part high = {.sorting = part->sorting, .items = part->items};
    high.rest = merge_cut(part->items, &part->rest);
    rove_fork(&high.task, merge_task);
    merge_work(part);
    rove_status joined = rove_join(&high.task, merge_task);
    if (joined)
        sorting_cut(part->sorting, joined);
}

static void merge_work(struct merge_part *part)
{
    struct rovei_merge *rest = &part->rest;
    while (rest->left_count > 0 && rest->right_count > 0 && !sorting_is_over(part->sorting)) {
        if (rest->left_count + rest->right_count >= MERGE_WORTH && range_is_wanted()) {
            merge_split(part);
            return;
        }
        merge_stretch(part->items, rest);
    }
    merge_copy(part->items, rest);
}

void rovei_merge_run(struct rovei_sorting *sorting, const struct rovei_items *items, struct rovei_merge merge)
{
    struct merge_part whole = {.sorting = sorting, .items = items, .rest = merge};
    merge_work(&whole);
}

/* rove_merge on the thread that runs it. */
struct merge_call {
    struct rovei_items items;
    struct rovei_merge merge;
    rove_status status;
};

static void merge_call(void *arg)
{
    struct merge_call *call = arg;
    struct rovei_sorting sorting;
    sorting_begin(&sorting);
    rovei_merge_run(&sorting, &call->items, call->merge);
    call->status = sorting_end(&sorting);
}

static bool merge_overlaps(const void *array, size_t count, const void *result, size_t total, size_t size)
{
    uintptr_t from = (uintptr_t)array, to = (uintptr_t)result;
    return count > 0 && from < to + total * size && to < from + count * size;
}

rove_status rove_merge(const void *left, size_t left_count, const void *right, size_t right_count, void *result,
                       size_t size, rove_compare_fn *compare, void *arg)
{
    size_t total;
    if (!items_are_valid(left, left_count, size, compare) || !items_are_valid(right, right_count, size, compare) ||
        __builtin_add_overflow(left_count, right_count, &total) || !items_are_valid(result, total, size, compare) ||
        merge_overlaps(left, left_count, result, total, size) ||
        merge_overlaps(right, right_count, result, total, size))
        return ROVE_INVALID;
    if (total == 0)
        return ROVE_OK;
    struct merge_call call = {.items = {.size = size, .compare = compare, .arg = arg},
                              .merge = {left, right, result, left_count, right_count}};
    rove_status status = rove_run(NULL, merge_call, &call);
    return status ? status : call.status;
}
