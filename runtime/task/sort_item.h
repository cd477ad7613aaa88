/*
 * The elements of a sort whose type only the caller knows: how to compare and move them.
 */
#ifndef ROVEI_TASK_SORT_ITEM_H
#define ROVEI_TASK_SORT_ITEM_H

#include <rove/sort.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct rovei_items {
    size_t size;
    rove_compare_fn *compare;
    void *arg;
    bool is_indirect; /* they are pointers to what is compared */
};

/* Larger elements are sorted as pointers. */
enum { ITEM_DIRECT_MAX = 128 };

static inline int item_compare(const struct rovei_items *items, const char *a, const char *b)
{
    if (items->is_indirect)
        return items->compare(*(void *const *)a, *(void *const *)b, items->arg);
    return items->compare(a, b, items->arg);
}

/* Whether `b`, which stands behind `a`, belongs in front of it. */
static inline bool item_falls(const struct rovei_items *items, const char *a, const char *b)
{
    return item_compare(items, b, a) < 0;
}

/* Copies an element; a constant `size` makes it a few instructions, and a small number of words still saves the
 * call. */
static inline void item_copy(char *to, const char *from, size_t size)
{
    if (size % 8 != 0 || size > ITEM_DIRECT_MAX) {
        memcpy(to, from, size);
        return;
    }
    for (size_t i = 0; i < size; i += 8)
        memcpy(to + i, from + i, 8);
}

/* Makes two stretches of `size` bytes change places. */
static inline void item_swap(char *a, char *b, size_t size)
{
    char word[64];
    for (size_t piece; size > 0; size -= piece, a += piece, b += piece) {
        piece = size < sizeof word ? size : sizeof word;
        memcpy(word, a, piece);
        memcpy(a, b, piece);
        memcpy(b, word, piece);
    }
}

/* Whether there can be so many elements, and what there is to sort them with. */
static inline bool items_are_valid(const void *base, size_t count, size_t size, rove_compare_fn *compare)
{
    return compare && size > 0 && count <= PTRDIFF_MAX / size && (base || count == 0);
}

#endif
