#include "runtime/pool/delays.h"

/* Makes the later of two roots the first child of the other, which is returned. */
static struct pool_cell *delays_meld(struct pool_cell *one, struct pool_cell *other)
{
    bool is_earlier = other->due < one->due;
    struct pool_cell *parent = is_earlier ? other : one;
    struct pool_cell *child = is_earlier ? one : other;
    child->next = parent->child;
    child->previous = parent;
    if (parent->child)
        parent->child->previous = child;
    parent->child = child;
    return parent;
}

/* Makes one heap of siblings: in pairs from left to right, and of the pairs from right to left, which is what keeps the
 * heap flat. NULL if there are none. */
static struct pool_cell *delays_meld_siblings(struct pool_cell *list)
{
    struct pool_cell *pairs = NULL;
    while (list) {
        struct pool_cell *one = list;
        struct pool_cell *other = one->next;
        list = other ? other->next : NULL;
        one->previous = NULL;
        if (other)
            one = delays_meld(one, other);
        one->previous = NULL;
        one->next = pairs;
        pairs = one;
    }
    struct pool_cell *root = NULL;
    while (pairs) {
        struct pool_cell *rest = pairs->next;
        pairs->next = NULL;
        root = root ? delays_meld(root, pairs) : pairs;
        pairs = rest;
    }
    return root;
}

void rovei_delays_add(struct pool_delays *delays, struct pool_cell *cell)
{
    delays->first = delays->first ? delays_meld(delays->first, cell) : cell;
}

void rovei_delays_remove(struct pool_delays *delays, struct pool_cell *cell)
{
    struct pool_cell *below = delays_meld_siblings(cell->child);
    if (cell == delays->first) {
        delays->first = below;
    } else {
        if (cell->previous->child == cell)
            cell->previous->child = cell->next;
        else
            cell->previous->next = cell->next;
        if (cell->next)
            cell->next->previous = cell->previous;
        if (below)
            delays->first = delays_meld(delays->first, below);
    }
    cell->child = NULL;
    cell->next = NULL;
    cell->previous = NULL;
}
