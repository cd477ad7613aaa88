/*
 * Memory for inputs and tables.
 */
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 4096 };

static void *memory_require(void *memory, size_t count, size_t size)
{
    if (memory == NULL) {
        fprintf(stderr, "rove-bench: no memory for %zu items of %zu bytes\n", count, size);
        exit(EXIT_FAILURE);
    }
    return memory;
}

void *perf_allocate(size_t count, size_t size)
{
    return memory_require(calloc(count, size), count, size);
}

void *perf_allocate_pages(size_t count, size_t size)
{
    size_t bytes = (count * size + PAGE - 1) / PAGE * PAGE;
    return memory_require(aligned_alloc(PAGE, bytes), count, size);
}
