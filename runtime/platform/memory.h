/*
 * Memory, through the allocator that the runtime was configured with.
 */
#ifndef ROVEI_PLATFORM_MEMORY_H
#define ROVEI_PLATFORM_MEMORY_H

#include <rove/runtime.h>
#include <stddef.h>

/* `size` bytes, zeroed (so that the calling thread is the first to touch them), aligned to a pair of cache lines; NULL
 * if there is no memory. */
void *rovei_memory_allocate(const rove_allocator *allocator, size_t size);

/* The same with an alignment of the caller's: a power of two, at least a pair of cache lines, that divides `size`. */
void *rovei_memory_allocate_aligned(const rove_allocator *allocator, size_t size, size_t alignment);

/* Says that all of a large block, which has not been touched, is going to be: it may come in huge pages. */
void rovei_memory_expect_dense(void *memory, size_t size);

/* Gives back what either returned, with the size that was asked for; NULL is legal. */
void rovei_memory_release(const rove_allocator *allocator, void *memory, size_t size);

#endif
