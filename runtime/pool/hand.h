/*
 * Hands: the few jobs that a driver has taken from the queue at once, to take the lock once for all of them. They are
 * not lost to others if the first one turns out to be long: any driver that finds the queue empty takes from the hands
 * of its fellows.
 *
 * `word` holds a generation, the index of the next cell and the index past the last. To take one is to move `next` on
 * by compare and exchange; the cell is read before, as in a steal. The owner fills the hand when it is empty; the
 * generation tells a slow taker that what it has read is of another fill.
 *
 * Edges
 *   [filled]  word (release) by the owner -> whoever takes (acquire): the cells
 *
 * Relaxed reads of `cells` are enough: a value of another fill is given up when the exchange fails. That a cell is read
 * before the owner writes the next fill over it is for the pool's lock to see to: whoever robs holds it, and so does
 * the owner when it fills.
 */
#ifndef ROVEI_POOL_HAND_H
#define ROVEI_POOL_HAND_H

#include <rove/atomic.h>
#include <stddef.h>

struct pool_cell;

enum { HAND_CELLS = 64 };

struct pool_hand {
    rovei_atomic_i64 word; /* generation, next, end: 32, 16 and 16 bits */
    rovei_atomic_word cells[HAND_CELLS];
};

static inline int64_t hand_next(int64_t word)
{
    return word >> 16 & 0xffff;
}

static inline int64_t hand_end(int64_t word)
{
    return word & 0xffff;
}

/* Whether nothing is in it. Any thread; for others than the owner a hint. */
static inline bool hand_is_empty(const struct pool_hand *hand)
{
    int64_t word = ROVEI_LOAD(hand->word, RELAXED);
    return hand_next(word) >= hand_end(word);
}

/* Fills the hand. Requires: it is empty; 0 < count <= HAND_CELLS. Owner only. */
static inline void hand_fill(struct pool_hand *hand, struct pool_cell *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ROVEI_STORE(hand->cells[i], (uintptr_t)cells[i], RELAXED);
    uint64_t generation =
        ((uint64_t)ROVEI_LOAD(hand->word, RELAXED) >> 32) + 1; /* no other changes it when it is empty */
    ROVEI_STORE(hand->word, (int64_t)(generation << 32 | (uint64_t)count), RELEASE); /* [filled] */
}

/* Takes the next cell, or NULL. Any thread. */
static inline struct pool_cell *hand_take(struct pool_hand *hand)
{
    for (;;) {
        int64_t word = ROVEI_LOAD(hand->word, ACQUIRE); /* [filled] */
        if (hand_next(word) >= hand_end(word))
            return NULL;
        uintptr_t cell = ROVEI_LOAD(hand->cells[hand_next(word)], RELAXED);
        if (ROVEI_CAS(hand->word, word, word + (INT64_C(1) << 16), RELAXED)) /* the cell is known already */
            return (struct pool_cell *)cell;
    }
}

#endif
