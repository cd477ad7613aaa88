/*
 * Sorting elements of any type in place and serially, for want of memory. Elements only ever change places, so that
 * whatever the comparison says, and whenever the sorting is over, none is lost.
 */
#ifndef ROVEI_TASK_SORT_PLACE_H
#define ROVEI_TASK_SORT_PLACE_H

#include "runtime/task/sort_each.h"
#include "runtime/task/sort_item.h"

/* Bottom-up heapsort. On a worker. */
void rovei_sort_place(struct rovei_sorting *sorting, const struct rovei_items *items, char *base, size_t count);

/* Merge sort by rotations, stable. On a worker. */
void rovei_sort_place_stable(struct rovei_sorting *sorting, const struct rovei_items *items, char *base, size_t count);

#endif
