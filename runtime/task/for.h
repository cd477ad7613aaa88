/*
 * The loop that the others are made of.
 */
#ifndef ROVEI_TASK_FOR_H
#define ROVEI_TASK_FOR_H

#include <rove/parallel.h>

/* As rove_for; but ranges begin and end at multiples of `line`, which is at least 1, wherever they are longer than
 * that. Requires: a body; a range that can be counted, and that begins at 0 or above if `line` is not 1. */
rove_status rovei_for_lines(int64_t begin, int64_t end, int64_t line, rove_range_fn *body, void *arg);

#endif
