/*
 * Filters: a scan whose value is the number of elements that are kept, and whose result is their copies. A word that is
 * scanned at once is asked about and copied element by element. A word that is counted before it can be copied, because
 * it is not known yet where to, is asked about then; the answers are remembered, so that elements are asked about once
 * even if that takes long, and so that an answer that would change does no harm.
 */
#include "runtime/task/filter.h"

#include "runtime/task/scan.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 64 };

/* How many elements a word has; the last may be shorter. */
static unsigned word_length(const struct rovei_filter *filter, int64_t word)
{
    size_t left = filter->count - (size_t)word * WORD;
    return left < WORD ? (unsigned)left : WORD;
}

static const char *word_begin(const struct rovei_filter *filter, int64_t word)
{
    return filter->in + (size_t)word * WORD * filter->size;
}

/* Copies one element. Sizes that are common have copies of their own, which need no call. */
static inline void element_copy(char *to, const char *from, size_t size)
{
    switch (size) {
    case 4:
        memcpy(to, from, 4);
        break;
    case 8:
        memcpy(to, from, 8);
        break;
    case 16:
        memcpy(to, from, 16);
        break;
    default:
        memcpy(to, from, size);
        break;
    }
}

/* Puts element `index` where it belongs if `kept` of those before it are kept. Returns how many are then. */
static inline size_t element_put(const struct rovei_filter *filter, size_t index, const char *element, bool is_kept,
                                 size_t kept)
{
    if (is_kept)
        element_copy(filter->out + kept * filter->size, element, filter->size);
    else if (filter->rest)
        element_copy(filter->rest - (index - kept + 1) * filter->size, element, filter->size);
    return kept + is_kept;
}

static uint64_t word_ask(const struct rovei_filter *filter, int64_t word)
{
    const char *element = word_begin(filter, word);
    unsigned length = word_length(filter, word);
    uint64_t bits = 0;
    for (unsigned i = 0; i < length; i++, element += filter->size)
        bits |= (uint64_t)filter->keep(element, filter->arg) << i;
    return bits;
}

static void filter_sum(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct rovei_filter *filter = arg;
    size_t kept = *(size_t *)value;
    for (int64_t word = begin; word < end; word++) {
        filter->bits[word] = word_ask(filter, word);
        kept += (size_t)__builtin_popcountll(filter->bits[word]);
    }
    *(size_t *)value = kept;
}

/* Works on a copy of the description, of which the compiler knows that neither predicate nor elements change it. */
static void filter_scan(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct rovei_filter copy = *(const struct rovei_filter *)arg, *filter = &copy;
    size_t kept = *(size_t *)value, index = (size_t)begin * WORD;
    const char *element = word_begin(filter, begin);
    for (int64_t word = begin; word < end; word++) {
        unsigned length = word_length(filter, word);
        for (unsigned i = 0; i < length; i++, index++, element += filter->size)
            kept = element_put(filter, index, element, filter->keep(element, filter->arg), kept);
    }
    *(size_t *)value = kept;
}

static void filter_scan_again(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct rovei_filter copy = *(const struct rovei_filter *)arg, *filter = &copy;
    size_t kept = *(size_t *)value, index = (size_t)begin * WORD;
    const char *element = word_begin(filter, begin);
    for (int64_t word = begin; word < end; word++) {
        uint64_t bits = filter->bits[word];
        unsigned length = word_length(filter, word);
        for (unsigned i = 0; i < length; i++, index++, element += filter->size)
            kept = element_put(filter, index, element, bits >> i & 1, kept);
    }
    *(size_t *)value = kept;
}

static void filter_combine(void *left, const void *right, void *arg)
{
    (void)arg;
    *(size_t *)left += *(const size_t *)right;
}

static bool filter_prepare(void *arg)
{
    struct rovei_filter *filter = arg;
    filter->bits = malloc((filter->count / WORD + 1) * sizeof *filter->bits);
    return filter->bits;
}

rove_status rovei_filter_run(struct rovei_filter *filter, size_t *kept)
{
    static const size_t none;
    const struct rovei_scan scan = {.size = sizeof none,
                                    .identity = &none,
                                    .sum = filter_sum,
                                    .scan = filter_scan,
                                    .scan_again = filter_scan_again,
                                    .combine = filter_combine,
                                    .prepare = filter_prepare,
                                    .arg = filter,
                                    .chunk = 1};
    *kept = 0;
    rove_status status = rovei_scan_run(0, (int64_t)(filter->count / WORD + (filter->count % WORD != 0)), &scan, kept);
    free(filter->bits);
    filter->bits = NULL;
    return status;
}

bool rovei_filter_is_valid(const void *base, size_t count, size_t size, rove_keep_fn *keep)
{
    size_t bytes, end;
    return keep && size > 0 &&
           (count == 0 || (base && !__builtin_mul_overflow(count, size, &bytes) && bytes <= PTRDIFF_MAX &&
                           !__builtin_add_overflow((uintptr_t)base, bytes, &end)));
}

rove_status rove_filter(const void *in, size_t count, size_t size, rove_keep_fn *keep, void *arg, void *out,
                        size_t *kept)
{
    size_t ignored;
    if (!rovei_filter_is_valid(in, count, size, keep) || !rovei_filter_is_valid(out, count, size, keep))
        return ROVE_INVALID;
    uintptr_t from = (uintptr_t)in, to = (uintptr_t)out;
    if (count > 0 && from < to + count * size && to < from + count * size)
        return ROVE_INVALID;
    struct rovei_filter filter = {.in = in, .count = count, .size = size, .keep = keep, .arg = arg, .out = out};
    return rovei_filter_run(&filter, kept ? kept : &ignored);
}
