#include "runtime/queue/slab.h"

#include "runtime/platform/memory.h"

/* A chunk is aligned to its size, so that the address of a cell tells the chunk. Its first cell holds this. */
enum { CHUNK_SIZE = 32 * 1024, CHUNK_CELLS = CHUNK_SIZE / SLAB_CELL - 1 };

struct rovei_chunk {
    struct rovei_slab *slab;
    struct rovei_chunk *older;
};

_Static_assert(sizeof(struct rovei_chunk) <= SLAB_CELL, "the head of a chunk fits in its first cell");

void rovei_slab_init(struct rovei_slab *slab, const rove_allocator *allocator)
{
    slab->free = NULL;
    slab->chunks = NULL;
    slab->fresh = 0;
    slab->allocator = allocator;
    atomic_init(&slab->returned, NULL);
}

void rovei_slab_fini(struct rovei_slab *slab)
{
    while (slab->chunks) {
        struct rovei_chunk *chunk = slab->chunks;
        slab->chunks = chunk->older;
        rovei_memory_release(slab->allocator, chunk, CHUNK_SIZE);
    }
}

static void *slab_take_fresh(struct rovei_slab *slab)
{
    char *base = (char *)slab->chunks;
    return base + SLAB_CELL * (size_t)(CHUNK_CELLS - --slab->fresh);
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
    struct rovei_chunk *chunk = rovei_memory_allocate_aligned(slab->allocator, CHUNK_SIZE, CHUNK_SIZE);
    if (!chunk)
        return NULL;
    chunk->slab = slab;
    chunk->older = slab->chunks;
    slab->chunks = chunk;
    slab->fresh = CHUNK_CELLS;
    return slab_take_fresh(slab);
}

struct rovei_slab *rovei_slab_of(const void *cell)
{
    const struct rovei_chunk *chunk = (const void *)((uintptr_t)cell & ~(uintptr_t)(CHUNK_SIZE - 1));
    return chunk->slab;
}

void rovei_slab_return(struct rovei_slab *slab, void *memory)
{
    struct rovei_cell *cell = memory;
    cell->next = atomic_load_explicit(&slab->returned, memory_order_relaxed); /* a guess; the exchange verifies */
    while (!atomic_compare_exchange_weak_explicit(&slab->returned, &cell->next, cell, memory_order_release,
                                                  memory_order_relaxed)) /* [home] */
        ;
}
