/*
 * Slabs: the memory of spawned tasks, in cells of one size each. A worker allocates from its own slab and frees to it
 * without an atomic operation; a cell that ends elsewhere goes home through a list that any thread may push to and the
 * owner takes as a whole.
 *
 * Edges
 *   [home]  returned (release, compare and exchange) -> owner: returned (acquire exchange): the owner may write it
 *
 * Algorithm: Treiber 1986 for the returned cells; taking all at once leaves no place for ABA.
 */
#ifndef ROVEI_QUEUE_SLAB_H
#define ROVEI_QUEUE_SLAB_H

#include <rove/deque.h>
#include <rove/runtime.h>
#include <stdatomic.h>
#include <stddef.h>

/* Sizes of cells, powers of two: of one task, and of many. */
enum { SLAB_CELL = 64, SLAB_PACK = 512 };

/* A chunk is aligned to its size, so that the address of a cell tells the chunk. Its first cell holds the head. */
enum { SLAB_CHUNK = 32 * 1024 };

struct rovei_cell {
    struct rovei_cell *next;
};

struct rovei_slab;

struct rovei_chunk {
    struct rovei_slab *slab; /* never changes */
    struct rovei_chunk *older;
};

struct rovei_slab {
    struct rovei_cell *free;
    struct rovei_chunk *chunks; /* the newest first */
    size_t fresh;               /* cells of the newest chunk that were never used */
    size_t size;                /* of a cell */
    const rove_allocator *allocator;
    char owner_pad[ROVEI_LINE - 40];
    _Atomic(struct rovei_cell *) returned;
    char returned_pad[ROVEI_LINE - 8];
};

/* An empty slab with cells of `size` bytes. The allocator must outlive it. */
void rovei_slab_init(struct rovei_slab *slab, size_t size, const rove_allocator *allocator);

/* Frees all memory. Requires: no cell is in use. */
void rovei_slab_fini(struct rovei_slab *slab);

/* The slow side of slab_allocate: cells that came home, then fresh ones. Owner only. */
void *rovei_slab_refill(struct rovei_slab *slab);

/* Gives a cell back to a slab of somebody else's. Any thread. Does not block. */
void rovei_slab_return(struct rovei_slab *slab, void *cell);

/* The slab that `cell` came from. Any thread. */
static inline struct rovei_slab *slab_of(const void *cell)
{
    const struct rovei_chunk *chunk = (const void *)((uintptr_t)cell & ~(uintptr_t)(SLAB_CHUNK - 1));
    return chunk->slab;
}

/* A cell, aligned to its size and not cleared; NULL if there is no memory. Owner only. */
static inline void *slab_allocate(struct rovei_slab *slab)
{
    struct rovei_cell *cell = slab->free;
    if (ROVEI_UNLIKELY(!cell))
        return rovei_slab_refill(slab);
    slab->free = cell->next;
    return cell;
}

/* Frees `memory`, which any slab has given. `mine` is the caller's own slab. */
static inline void slab_release(struct rovei_slab *mine, void *memory)
{
    struct rovei_slab *home = slab_of(memory);
    if (ROVEI_UNLIKELY(home != mine)) {
        rovei_slab_return(home, memory);
        return;
    }
    struct rovei_cell *cell = memory;
    cell->next = mine->free;
    mine->free = cell;
}

#endif
