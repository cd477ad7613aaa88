#include "runtime/platform/memory.h"

#include <rove/deque.h>
#include <stdlib.h>
#include <string.h>

void *rovei_memory_allocate_aligned(const rove_allocator *allocator, size_t size, size_t alignment)
{
    size_t rounded = (size + alignment - 1) & ~(alignment - 1);
    if (rounded < size)
        return NULL;
    void *memory = allocator->allocate ? allocator->allocate(rounded, alignment, allocator->arg)
                                       : aligned_alloc(alignment, rounded);
    if (memory)
        memset(memory, 0, rounded);
    return memory;
}

void *rovei_memory_allocate(const rove_allocator *allocator, size_t size)
{
    return rovei_memory_allocate_aligned(allocator, size, ROVEI_LINE);
}

void rovei_memory_release(const rove_allocator *allocator, void *memory, size_t size)
{
    if (!memory)
        return;
    if (allocator->release)
        allocator->release(memory, size, allocator->arg);
    else if (!allocator->allocate)
        free(memory);
}
