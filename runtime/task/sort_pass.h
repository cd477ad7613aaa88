/*
 * What the parallel radix sort does chunk by chunk: turn the caller's keys into unsigned ones and back, survey them,
 * count their digits, deal them out, bring them home. Included by sort_radix.h; `sort_key` is the type of the keys,
 * unsigned.
 */
#ifndef ROVEI_TASK_SORT_PASS_H
#define ROVEI_TASK_SORT_PASS_H

#include "runtime/task/sort_each.h"
#include "runtime/task/sort_keys.h"
#include "runtime/task/sort_leaf.h"

#include <string.h>

enum {
    KEYS_CACHED = (256 << 10) / sizeof(sort_key), /* twice as many fit the second cache of a core */
    KEYS_LOCAL = (8 << 10) / sizeof(sort_key),    /* so many may be on the stack */
    KEYS_BLOCK = (4 << 10) / sizeof(sort_key),    /* are turned at a time */
    KEYS_BITS = 8 * sizeof(sort_key),
    RADIX_BITS = 8,
    RADIX_VALUES = 1 << RADIX_BITS
};

/* Neighbouring keys to sort. */
struct radix_part {
    sort_key *keys;
    sort_key *spare; /* room for as many; NULL: none yet */
    sort_key *home;  /* which of the two they are to be in */
    size_t count;
    bool is_raw; /* they are the caller's and have not been turned; then `home` is `keys` */
};

struct radix_job {
    struct rovei_sorting sorting;
    const struct rovei_key_order *order;
    bool is_plain;
    struct radix_part whole;
    rove_status status;
};

/* What is known about the keys. */
struct radix_survey {
    sort_key spread; /* the bits in which they differ */
    bool rises;      /* some key is above the one before it */
    bool falls;
};

/* A part, and what is being done with it chunk by chunk. */
struct radix_pass {
    struct radix_job *job;
    struct radix_part part;
    struct radix_survey survey; /* relaxed: read when all chunks have been joined */
    unsigned shift;             /* of the digit */
    size_t *counts;             /* for each chunk how many keys have each digit; later, where the next one goes */
};

static inline sort_key key_turn(struct rovei_key_order order, sort_key key)
{
    sort_key is_negative = (sort_key)0 - (key >> (KEYS_BITS - 1));
    return (key ^ (is_negative & (sort_key)order.negative) ^ (sort_key)order.sign) - (sort_key)order.bias;
}

static inline sort_key key_turn_back(struct rovei_key_order order, sort_key key)
{
    key = (key + (sort_key)order.bias) ^ (sort_key)order.sign;
    sort_key is_negative = (sort_key)0 - (key >> (KEYS_BITS - 1));
    return key ^ (is_negative & (sort_key)order.negative);
}

/* The same for many; both places may be one. */
static void keys_turn(const struct rovei_key_order *order, const sort_key *keys, sort_key *turned, size_t count)
{
    struct rovei_key_order copy = *order;
    for (size_t i = 0; i < count; i++)
        turned[i] = key_turn(copy, keys[i]);
}

static void keys_bring_home(const struct radix_job *job, const sort_key *keys, sort_key *home, size_t count)
{
    struct rovei_key_order order = *job->order;
    if (!job->is_plain)
        for (size_t i = 0; i < count; i++)
            home[i] = key_turn_back(order, keys[i]);
    else if (keys != home)
        memcpy(home, keys, count * sizeof *keys);
}

static void keys_reverse(sort_key *keys, sort_key *end, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sort_key key = keys[i];
        keys[i] = end[-1 - (ptrdiff_t)i];
        end[-1 - (ptrdiff_t)i] = key;
    }
}

/* Adds `count` keys, which go on from those surveyed before by repeating the last, to a survey that began at `first`.
 * Where keys do not fall or do not rise, the first and the last tell how far they spread. */
static void survey_add(struct radix_survey *survey, sort_key first, const sort_key *keys, size_t count)
{
    bool rises = survey->rises, falls = survey->falls;
    sort_key spread = (keys[0] ^ first) | (keys[count - 1] ^ first);
    if (!rises || !falls) {
        sort_key found = 0;
        for (size_t i = 1; i < count; i++)
            found |= keys[i - 1] > keys[i];
        falls = found != 0;
        rises = !falls && keys[0] != keys[count - 1];
        for (size_t i = 1; i < count && falls && !rises; i++)
            rises = keys[i - 1] < keys[i];
    }
    for (size_t i = 1; i < count && rises && falls; i++)
        spread |= keys[i] ^ first;
    survey->spread |= spread;
    survey->rises |= rises;
    survey->falls |= falls;
}

/* Some of the part's keys, turned; `block` has room for them. */
static inline const sort_key *part_read(const struct radix_job *job, const struct radix_part *part, size_t begin,
                                        size_t count, sort_key *block)
{
    if (!part->is_raw || job->is_plain)
        return part->keys + begin;
    keys_turn(job->order, part->keys + begin, block, count);
    return block;
}

static inline size_t block_end(size_t begin, size_t end)
{
    return end - begin > KEYS_BLOCK ? begin + KEYS_BLOCK : end;
}

/* Surveys the keys from `begin` up to `end`, and the step to the next one. */
static struct radix_survey part_survey(const struct radix_job *job, const struct radix_part *part, size_t begin,
                                       size_t end)
{
    struct radix_survey survey = {0};
    sort_key block[KEYS_BLOCK + 1], first = *part_read(job, part, 0, 1, block);
    for (size_t stop; begin < end; begin = stop) {
        stop = block_end(begin, end);
        size_t count = stop - begin + (stop < part->count);
        survey_add(&survey, first, part_read(job, part, begin, count, block), count);
    }
    return survey;
}

static void pass_survey(size_t chunk, void *arg)
{
    struct radix_pass *pass = arg;
    size_t begin = sort_chunk_begin(pass->part.count, chunk);
    size_t end = sort_chunk_begin(pass->part.count, chunk + 1);
    if (sorting_is_over(&pass->job->sorting))
        return;
    struct radix_survey survey = part_survey(pass->job, &pass->part, begin, end);
    __atomic_fetch_or(&pass->survey.spread, survey.spread, __ATOMIC_RELAXED);
    if (survey.rises)
        __atomic_store_n(&pass->survey.rises, true, __ATOMIC_RELAXED);
    if (survey.falls)
        __atomic_store_n(&pass->survey.falls, true, __ATOMIC_RELAXED);
}

static void pass_count(size_t chunk, void *arg)
{
    struct radix_pass *pass = arg;
    size_t *counts = pass->counts + chunk * RADIX_VALUES;
    size_t end = sort_chunk_begin(pass->part.count, chunk + 1);
    unsigned shift = pass->shift;
    sort_key block[KEYS_BLOCK];
    memset(counts, 0, RADIX_VALUES * sizeof *counts);
    if (sorting_is_over(&pass->job->sorting))
        return;
    for (size_t i = sort_chunk_begin(pass->part.count, chunk), stop; i < end; i = stop) {
        stop = block_end(i, end);
        const sort_key *keys = part_read(pass->job, &pass->part, i, stop - i, block);
        for (size_t j = 0; j < stop - i; j++)
            counts[keys[j] >> shift & (RADIX_VALUES - 1)]++;
    }
}

static void pass_deal(size_t chunk, void *arg)
{
    struct radix_pass *pass = arg;
    size_t *places = pass->counts + chunk * RADIX_VALUES;
    size_t end = sort_chunk_begin(pass->part.count, chunk + 1);
    unsigned shift = pass->shift;
    sort_key *dealt = pass->part.spare;
    sort_key block[KEYS_BLOCK];
    if (sorting_is_over(&pass->job->sorting))
        return;
    for (size_t i = sort_chunk_begin(pass->part.count, chunk), stop; i < end; i = stop) {
        stop = block_end(i, end);
        const sort_key *keys = part_read(pass->job, &pass->part, i, stop - i, block);
        for (size_t j = 0; j < stop - i; j++) {
            sort_key key = keys[j];
            dealt[places[key >> shift & (RADIX_VALUES - 1)]++] = key;
        }
    }
}

/* Turns counts into places: keys lie in the order of their digits, and within a digit in that of their chunks. */
static void pass_place(struct radix_pass *pass)
{
    size_t chunks = sort_chunks(pass->part.count), place = 0;
    for (size_t digit = 0; digit < RADIX_VALUES; digit++) {
        for (size_t chunk = 0; chunk < chunks; chunk++) {
            size_t *count = &pass->counts[chunk * RADIX_VALUES + digit];
            size_t same = *count;
            *count = place;
            place += same;
        }
    }
}

static void pass_bring_home(size_t chunk, void *arg)
{
    const struct radix_pass *pass = arg;
    size_t begin = sort_chunk_begin(pass->part.count, chunk);
    size_t end = sort_chunk_begin(pass->part.count, chunk + 1);
    keys_bring_home(pass->job, pass->part.keys + begin, pass->part.home + begin, end - begin);
}

static void pass_turn(size_t chunk, void *arg)
{
    const struct radix_pass *pass = arg;
    size_t begin = sort_chunk_begin(pass->part.count, chunk);
    size_t end = sort_chunk_begin(pass->part.count, chunk + 1);
    keys_turn(pass->job->order, pass->part.keys + begin, pass->part.keys + begin, end - begin);
}

/* Chunks of the first half change places with those of the second. */
static void pass_reverse(size_t chunk, void *arg)
{
    const struct radix_pass *pass = arg;
    size_t half = pass->part.count / 2;
    size_t begin = sort_chunk_begin(half, chunk);
    size_t end = sort_chunk_begin(half, chunk + 1);
    keys_reverse(pass->part.keys + begin, pass->part.keys + pass->part.count - begin, end - begin);
}

/* Does something with every chunk. False in a child of fork(2) that has lost some. */
static bool pass_do(struct radix_pass *pass, rovei_sort_each_fn *body)
{
    return rovei_sort_each(&pass->job->sorting, sort_chunks(pass->part.count), body, pass);
}

static void part_come_home(struct radix_pass *pass)
{
    if (!pass->part.is_raw && (!pass->job->is_plain || pass->part.keys != pass->part.home))
        pass_do(pass, pass_bring_home);
}

#endif
