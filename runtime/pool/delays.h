/*
 * Delays: jobs by the time at which they are due, as a pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986) over
 * the links of their cells, so that adding one needs no memory and cannot fail. Taking the earliest costs O(log n)
 * amortized. All under the pool's lock.
 *
 * Among the children of one cell `next` is the sibling to the right, and `previous` the one to the left, or, for the
 * first child, the parent. The earliest of all has neither.
 */
#ifndef ROVEI_POOL_DELAYS_H
#define ROVEI_POOL_DELAYS_H

#include "runtime/pool/cell.h"

/* All zero is valid: empty. */
struct pool_delays {
    struct pool_cell *first; /* the one with the least `due`, or NULL */
};

/* Adds a cell. Requires: its links are NULL. */
void rovei_delays_add(struct pool_delays *delays, struct pool_cell *cell);

/* Takes a cell out, wherever it is, and clears its links. Requires: it is in. */
void rovei_delays_remove(struct pool_delays *delays, struct pool_cell *cell);

/* Whether a cell is in. */
static inline bool delays_has(const struct pool_delays *delays, const struct pool_cell *cell)
{
    return cell->previous || delays->first == cell;
}

#endif
