#include "runtime/pool/cell.h"

#include "runtime/platform/memory.h"

#include <string.h>

/* Doubles the two tables of pointers. */
static bool cells_widen(struct pool_cells *cells, const rove_allocator *allocator)
{
    size_t room = cells->room ? 2 * cells->room : CELL_CHUNK;
    struct pool_cell **free = rovei_memory_allocate(allocator, room * sizeof(struct pool_cell *));
    struct pool_cell **chunks = rovei_memory_allocate(allocator, room / CELL_CHUNK * sizeof(struct pool_cell *));
    if (!free || !chunks) {
        rovei_memory_release(allocator, free, room * sizeof(struct pool_cell *));
        rovei_memory_release(allocator, chunks, room / CELL_CHUNK * sizeof(struct pool_cell *));
        return false;
    }
    if (cells->room > 0) {
        memcpy(free, cells->free, cells->free_count * sizeof *free);
        memcpy(chunks, cells->chunks, cells->count / CELL_CHUNK * sizeof *chunks);
        rovei_memory_release(allocator, cells->free, cells->room * sizeof *free);
        rovei_memory_release(allocator, cells->chunks, cells->room / CELL_CHUNK * sizeof *chunks);
    }
    cells->free = free;
    cells->chunks = chunks;
    cells->room = room;
    return true;
}

bool rovei_cells_grow(struct pool_cells *cells, const rove_allocator *allocator)
{
    if (cells->count == cells->room && !cells_widen(cells, allocator))
        return false;
    struct pool_cell *chunk = rovei_memory_allocate(allocator, CELL_CHUNK * sizeof *chunk);
    if (!chunk)
        return false;
    cells->chunks[cells->count / CELL_CHUNK] = chunk;
    for (size_t i = CELL_CHUNK; i-- > 0;) {
        chunk[i].index = (uint32_t)(cells->count + i);
        chunk[i].generation = 1;
        cells->free[cells->free_count++] = &chunk[i];
    }
    cells->count += CELL_CHUNK;
    return true;
}

void rovei_cells_fini(struct pool_cells *cells, const rove_allocator *allocator)
{
    for (size_t i = 0; i < cells->count / CELL_CHUNK; i++)
        rovei_memory_release(allocator, cells->chunks[i], CELL_CHUNK * sizeof **cells->chunks);
    rovei_memory_release(allocator, cells->free, cells->room * sizeof *cells->free);
    rovei_memory_release(allocator, cells->chunks, cells->room / CELL_CHUNK * sizeof *cells->chunks);
}
