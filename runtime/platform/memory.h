/*
 * Memory, through the allocator that the runtime was configured with; and address space, from the operating system.
 */
#ifndef ROVEI_PLATFORM_MEMORY_H
#define ROVEI_PLATFORM_MEMORY_H

#include <rove/runtime.h>
#include <stdbool.h>
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

/* How many bytes of address space the process may have, SIZE_MAX if that is not limited. */
size_t rovei_memory_address_space(void);

/* Address space of `size` bytes, none of which may be touched yet: it costs no memory. NULL if the system refuses so
 * much. Sizes, here and below, are multiples of the size of a page. */
void *rovei_memory_reserve(size_t size);

/* The first `size` bytes from `start`, in address space that was reserved, may be touched from now on, and hold zeros
 * where they have not been. False if there is no memory for that. */
bool rovei_memory_commit(void *start, size_t size);

/* Gives back what was reserved, with the size that was asked for, and the memory in it. */
void rovei_memory_unreserve(void *start, size_t size);

#endif
