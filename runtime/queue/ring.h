/*
 * The memory of a deque's rings.
 */
#ifndef ROVEI_QUEUE_RING_H
#define ROVEI_QUEUE_RING_H

#include "runtime/queue/deque.h"

#include <rove/runtime.h>

/* A ring of `capacity` slots, a power of two; NULL if there is no memory. */
struct rovei_ring *rovei_ring_create(const rove_allocator *allocator, int64_t capacity);

/* Frees `ring` and all older ones. NULL is legal. */
void rovei_ring_destroy(const rove_allocator *allocator, struct rovei_ring *ring);

#endif
