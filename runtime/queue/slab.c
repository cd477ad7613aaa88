#include "runtime/queue/slab.h"

#include "runtime/platform/memory.h"

_Static_assert(sizeof(struct rovei_chunk) <= SLAB_CELL, "the head of a chunk fits in its first cell");

void rovei_slab_init(struct rovei_slab *slab, size_t size, const rove_allocator *allocator)
{
    slab->free = NULL;
    slab->chunks = NULL;
    slab->fresh = 0;
    slab->size = size;
    slab->allocator = allocator;
    atomic_init(&slab->returned, NULL);
}

void rovei_slab_fini(struct rovei_slab *slab)
{
    while (slab->chunks) {
        struct rovei_chunk *chunk = slab->chunks;
        slab->chunks = chunk->older;
        rovei_memory_release(slab->allocator, chunk, SLAB_CHUNK);
    }
}

static void *slab_take_fresh(struct rovei_slab *slab)
{
    return (char *)slab->chunks + SLAB_CHUNK - slab->size * slab->fresh--;
}

void *rovei_slab_refill(struct rovei_slab *slab)
{
    /* Relaxed: a look; the exchange orders. */
    if (atomic_load_explicit(&slab->returned, memory_order_relaxed)) {
        struct rovei_cell *cell = atomic_exchange_explicit(&slab->returned, NULL, memory_order_acquire); /* [home] */
        slab->free = cell->next;
        return cell;
    }
    if (slab->fresh > 0)
        return slab_take_fresh(slab);
    struct rovei_chunk *chunk = rovei_memory_allocate_aligned(slab->allocator, SLAB_CHUNK, SLAB_CHUNK);
    if (!chunk)
        return NULL;
    chunk->slab = slab;
    chunk->older = slab->chunks;
    slab->chunks = chunk;
    slab->fresh = SLAB_CHUNK / slab->size - 1;
    return slab_take_fresh(slab);
}

void rovei_slab_return(struct rovei_slab *slab, void *memory)
{
    struct rovei_cell *cell = memory;
    cell->next = atomic_load_explicit(&slab->returned, memory_order_relaxed); /* a guess; the exchange verifies */
    while (!atomic_compare_exchange_weak_explicit(&slab->returned, &cell->next, cell, memory_order_release,
                                                  memory_order_relaxed)) /* [home] */
        ;
}
