/*
 * Sorting keys serially: a quicksort in place, and a radix sort for what fits a core's cache. Included by
 * sort_radix.h; `sort_key` is the type of the keys, unsigned.
 */
#ifndef ROVEI_TASK_SORT_LEAF_H
#define ROVEI_TASK_SORT_LEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LEAF_INSERTION_MAX = 16, /* so many keys are sorted by insertion */
    LEAF_QUICK_MAX = 200,    /* so many keys are sorted faster by quicksort than by counting digits */
    LEAF_BITS_MIN = 8,       /* the fewest bits of a digit, unless fewer matter */
    LEAF_BITS_MAX = 12,      /* the most: the places that keys go to are to stay in the cache */
    LEAF_BITS_SPARE = 4      /* with so many bits more than it takes to number them, few random keys agree */
};

/* How many bits it takes to write `number`. */
static inline unsigned leaf_bits(uint64_t number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

/* The bits in which any of the keys differ. */
static inline sort_key leaf_spread(const sort_key *keys, size_t count)
{
    sort_key first = keys[0], spread = 0;
    for (size_t i = 1; i < count; i++)
        spread |= keys[i] ^ first;
    return spread;
}

static inline void leaf_insert(sort_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        sort_key key = keys[i];
        size_t place = i;
        for (; place > 0 && keys[place - 1] > key; place--)
            keys[place] = keys[place - 1];
        keys[place] = key;
    }
}

static inline sort_key leaf_median(sort_key a, sort_key b, sort_key c)
{
    sort_key low = a < b ? a : b;
    sort_key high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* The median of three, or of three medians. */
static inline sort_key quick_pivot(const sort_key *keys, size_t count)
{
    size_t quarter = count / 4;
    const sort_key *middle = keys + 2 * quarter;
    sort_key pivot = leaf_median(keys[0], middle[0], keys[count - 1]);
    if (count < 128)
        return pivot;
    sort_key low = leaf_median(keys[quarter], keys[quarter + 1], middle[1]);
    sort_key high = leaf_median(keys[3 * quarter], keys[3 * quarter + 1], middle[-1]);
    return leaf_median(low, pivot, high);
}

/* The number that halves the range of the keys, of which not all are equal. */
static inline sort_key quick_halve(const sort_key *keys, sort_key spread)
{
    sort_key bit = (sort_key)1 << (leaf_bits(spread) - 1);
    return (keys[0] & ~(bit | (bit - 1))) | bit;
}

/* Moves the keys up to `last` to the front and returns how many there are. The key that is looked at changes places
 * with the first of those that stay, whether it goes or stays; so there is no branch to guess wrong. */
static inline size_t quick_part(sort_key *keys, size_t count, sort_key last)
{
    size_t low = 0;
    for (size_t i = 0; i < count; i++) {
        sort_key key = keys[i];
        keys[i] = keys[low];
        keys[low] = key;
        low += key <= last;
    }
    return low;
}

/* What a step of quicksort leaves to sort: the first `low` keys, and those from `high` on. Those between are equal. */
struct quick_cut {
    size_t low;
    size_t high;
};

/* A step of quicksort. Where its luck has run out, by splitting the range, which takes a step for each bit at the
 * most. A part that comes out small hints at keys that are equal to the pivot, which are then set apart. */
static inline struct quick_cut quick_step(sort_key *keys, size_t count, int luck)
{
    sort_key pivot;
    if (luck > 0) {
        pivot = quick_pivot(keys, count);
    } else {
        sort_key spread = leaf_spread(keys, count);
        if (spread == 0)
            return (struct quick_cut){0, count};
        pivot = quick_halve(keys, spread);
    }
    struct quick_cut cut = {0, 0};
    if (pivot > 0)
        cut.low = quick_part(keys, count, pivot - 1);
    cut.high = cut.low;
    if (luck > 0 && cut.low < count / 8)
        cut.high += quick_part(keys + cut.low, count - cut.low, pivot);
    return cut;
}

/* How many steps deep a quicksort may go before its pivots have to be called unlucky. */
static inline int quick_luck(size_t count)
{
    return 2 * (int)leaf_bits(count);
}

static inline void quick_sort(sort_key *keys, size_t count, int luck)
{
    while (count > LEAF_INSERTION_MAX) {
        struct quick_cut cut = quick_step(keys, count, luck--);
        quick_sort(keys, cut.low, luck);
        keys += cut.high;
        count -= cut.high;
    }
    leaf_insert(keys, count);
}

/* Sorts by one digit, of `bits` bits from `shift` on, into `sorted`; keys of the same digit keep their order. */
static inline void leaf_pass(const sort_key *keys, sort_key *sorted, size_t count, unsigned shift, unsigned bits)
{
    uint32_t places[1 << LEAF_BITS_MAX];
    uint32_t place = 0;
    sort_key mask = ((sort_key)1 << bits) - 1;
    for (sort_key digit = 0; digit <= mask; digit++)
        places[digit] = 0;
    for (size_t i = 0; i < count; i++)
        places[keys[i] >> shift & mask]++;
    for (sort_key digit = 0; digit <= mask; digit++) {
        uint32_t same = places[digit];
        places[digit] = place;
        place += same;
    }
    for (size_t i = 0; i < count; i++) {
        sort_key key = keys[i];
        sorted[places[key >> shift & mask]++] = key;
    }
}

/* Sorts keys that are in order but for their lowest `low` bits. */
static inline void leaf_finish(sort_key *keys, size_t count, unsigned low)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        sort_key high = keys[begin] >> low;
        for (end = begin + 1; end < count && keys[end] >> low == high; end++) {
        }
        if (end - begin > 1)
            quick_sort(keys + begin, end - begin, quick_luck(end - begin));
    }
}

/* Sorts keys that fit the cache, with room for as many in `spare`, and returns in which of the two they are. As many
 * of the high bits are sorted by, from the lowest digit up, as it takes to tell most random keys apart. */
static inline sort_key *leaf_sort(sort_key *keys, sort_key *spare, size_t count)
{
    if (count <= LEAF_QUICK_MAX) {
        quick_sort(keys, count, quick_luck(count));
        return keys;
    }
    unsigned high = leaf_bits(leaf_spread(keys, count));
    unsigned wanted = leaf_bits(count) + LEAF_BITS_SPARE;
    unsigned most = leaf_bits(count) - 4;
    most = most < LEAF_BITS_MIN ? LEAF_BITS_MIN : most > LEAF_BITS_MAX ? LEAF_BITS_MAX : most;
    unsigned passes = ((high < wanted ? high : wanted) + most - 1) / most;
    unsigned low = high > passes * most ? high - passes * most : 0;
    for (unsigned pass = 0; pass < passes; pass++) {
        unsigned shift = low + (high - low) * pass / passes;
        leaf_pass(keys, spare, count, shift, low + (high - low) * (pass + 1) / passes - shift);
        sort_key *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    if (low > 0)
        leaf_finish(keys, count, low);
    return keys;
}

#endif
