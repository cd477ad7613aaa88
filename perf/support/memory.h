/*
 * Memory for inputs and tables. A benchmark that has none cannot go on: it says so and ends the program.
 */
#ifndef PERF_MEMORY_H
#define PERF_MEMORY_H

#include <rove/export.h>
#include <stddef.h>

ROVE_BEGIN_C

/* Zeroed memory for `count` items of `size` bytes. Never NULL. */
void *perf_allocate(size_t count, size_t size);

/* Memory for `count` items of `size` bytes that begins on a page of its own. Never NULL. */
void *perf_allocate_pages(size_t count, size_t size);

ROVE_END_C

#endif
