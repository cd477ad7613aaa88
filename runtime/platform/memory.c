#define _GNU_SOURCE
#include "runtime/platform/memory.h"

#include <rove/deque.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* Allocators want sizes that are multiples of the alignment; a pair of lines is the least alignment that we ask for. */
static size_t memory_round(size_t size)
{
    return (size + ROVEI_LINE - 1) & ~(size_t)(ROVEI_LINE - 1);
}

void *rovei_memory_allocate_aligned(const rove_allocator *allocator, size_t size, size_t alignment)
{
    size_t rounded = memory_round(size);
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
        allocator->release(memory, memory_round(size), allocator->arg);
    else if (!allocator->allocate)
        free(memory);
}

void rovei_memory_expect_dense(void *memory, size_t size)
{
    madvise(memory, size, MADV_HUGEPAGE); /* if that is refused, it comes in small ones */
}

size_t rovei_memory_address_space(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : limit.rlim_cur;
}

void *rovei_memory_reserve(size_t size)
{
    void *start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

bool rovei_memory_commit(void *start, size_t size)
{
    return mprotect(start, size, PROT_READ | PROT_WRITE) == 0;
}

void rovei_memory_unreserve(void *start, size_t size)
{
    munmap(start, size);
}
