#include "runtime/queue/ring.h"

#include "runtime/platform/memory.h"

static size_t ring_size(int64_t capacity)
{
    return sizeof(struct rovei_ring) + (size_t)capacity * sizeof(struct rove_task *);
}

struct rovei_ring *rovei_ring_create(const rove_allocator *allocator, int64_t capacity)
{
    struct rovei_ring *ring = rovei_memory_allocate(allocator, ring_size(capacity));
    if (!ring)
        return NULL;
    ring->slots = (struct rove_task **)(ring + 1);
    ring->mask = capacity - 1;
    return ring;
}

void rovei_ring_destroy(const rove_allocator *allocator, struct rovei_ring *ring)
{
    while (ring) {
        struct rovei_ring *older = ring->older;
        rovei_memory_release(allocator, ring, ring_size(ring->mask + 1));
        ring = older;
    }
}
