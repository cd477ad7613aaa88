/*
 * Merging, as rove_merge and the merge sort do it.
 */
#ifndef ROVEI_TASK_MERGE_H
#define ROVEI_TASK_MERGE_H

#include "runtime/task/sort_each.h"
#include "runtime/task/sort_item.h"

/* Two sorted arrays and where they go, which overlaps neither. */
struct rovei_merge {
    const char *left;
    const char *right;
    char *result;
    size_t left_count;
    size_t right_count;
};

/* Merges; what is equal comes from the left first. When the sorting is over, the rest is copied as it is. On a
 * worker. */
void rovei_merge_run(struct rovei_sorting *sorting, const struct rovei_items *items, struct rovei_merge merge);

#endif
