/*
 * Memory pages on memory nodes.
 */
#ifndef ROVEI_PLATFORM_PLACE_H
#define ROVEI_PLATFORM_PLACE_H

#include <stddef.h>

/* `size` bytes of zeroed pages that have not been touched, or NULL. */
void *rovei_pages_map(size_t size);
void rovei_pages_unmap(void *pages, size_t size);

/* The size of a page, in bytes. */
size_t rovei_page_size(void);

/* Has the pages of [memory, memory + size), which begin and end at page boundaries and have not been touched, come from
 * the `count` nodes of `nodes` (the operating system's numbers), in turn; with one node, from that. Returns 0 or an
 * errno value; then the pages come from where they are first touched. */
int rovei_pages_place(void *memory, size_t size, const int *nodes, int count);

#endif
