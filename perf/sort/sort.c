/*
 * sort: the inputs and the check. The answer is a sum of hashes of all keys, which does not depend on their order,
 * and is only given if they are in order; so keys that are lost or doubled show as well.
 */
#include "sort/sort.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdio.h>
#include <string.h>

enum sort_shape { SORT_RANDOM, SORT_SORTED, SORT_REVERSED, SORT_FEW };

/* A workload: what is sorted, and how many elements there are at each scale. At the full one `piece` at a time, at the
 * others all at once if there are fewer. */
struct sort_case {
    enum sort_kind kind;
    enum sort_shape shape;
    size_t piece;
    size_t counts[3];
    void *input;
    void *items;
    size_t count;
};

struct sort_state sort_state;

int sort_compare(const void *a, const void *b, void *arg)
{
    const struct sort_record *x = a, *y = b;
    (void)arg;
    return (x->key > y->key) - (x->key < y->key);
}

int sort_compare_records(const void *a, const void *b)
{
    return sort_compare(a, b, NULL);
}

static size_t sort_size(enum sort_kind kind)
{
    return kind == SORT_U32 ? sizeof(uint32_t) : kind == SORT_F64 ? sizeof(double) : sizeof(struct sort_record);
}

/* Key number `i` of `count`. */
static uint32_t sort_key(enum sort_shape shape, size_t i, size_t count, uint64_t *random)
{
    double step = 4294967295.0 / (double)count;
    switch (shape) {
    case SORT_SORTED:
        return (uint32_t)(step * (double)i);
    case SORT_REVERSED:
        return (uint32_t)(step * (double)(count - i));
    case SORT_FEW:
        return (uint32_t)(perf_random(random) % 16 * 0x0fedcba9u);
    default:
        return (uint32_t)perf_random(random);
    }
}

static void sort_fill(struct sort_case *sort)
{
    uint64_t random = 1;
    for (size_t i = 0; i < sort->count; i++) {
        if (sort->kind == SORT_F64)
            ((double *)sort->input)[i] = (double)(int64_t)perf_random(&random) / 9223372036854775808.0;
        else if (sort->kind == SORT_U32)
            ((uint32_t *)sort->input)[i] = sort_key(sort->shape, i, sort->count, &random);
        else
            ((struct sort_record *)sort->input)[i] =
                (struct sort_record){sort_key(sort->shape, i, sort->count, &random), (uint32_t)i, ~(uint64_t)i};
    }
}

static uint64_t sort_bits(enum sort_kind kind, const void *items, size_t i)
{
    uint64_t bits;
    if (kind == SORT_U32)
        return ((const uint32_t *)items)[i];
    if (kind == SORT_F64) {
        memcpy(&bits, (const double *)items + i, sizeof bits);
        return bits;
    }
    const struct sort_record *record = (const struct sort_record *)items + i;
    return (uint64_t)record->key << 32 ^ record->place ^ record->load;
}

static int64_t sort_digest(enum sort_kind kind, const void *items, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += perf_mix(sort_bits(kind, items, i));
    return (int64_t)(sum >> 12);
}

static bool sort_falls(size_t piece, size_t i)
{
    if (sort_state.kind == SORT_U32)
        return sort_u32(piece)[i - 1] > sort_u32(piece)[i];
    if (sort_state.kind == SORT_F64)
        return sort_f64(piece)[i - 1] > sort_f64(piece)[i];
    const struct sort_record *a = &sort_records(piece)[i - 1], *b = a + 1;
    return a->key > b->key || (sort_state.kind == SORT_STABLE && a->key == b->key && a->place > b->place);
}

static int64_t sort_answer(void)
{
    for (size_t piece = 0; piece < sort_state.pieces; piece++)
        for (size_t i = 1; i < sort_state.piece; i++)
            if (sort_falls(piece, i))
                return -1;
    return sort_digest(sort_state.kind, sort_state.items, sort_state.pieces * sort_state.piece);
}

static bool sort_prepare(struct sort_case *sort, enum perf_scale scale, struct perf_problem *problem)
{
    static const char *const names[] = {"u32", "f64", "records", "stable"};
    static const char *const shapes[] = {"", ", sorted", ", reversed", ", few"};
    sort->count = sort->counts[scale];
    if (sort->piece > sort->count)
        sort->piece = sort->count;
    sort->count -= sort->count % sort->piece;
    sort->input = perf_allocate_pages(sort->count, sort_size(sort->kind));
    sort->items = perf_allocate_pages(sort->count, sort_size(sort->kind));
    sort_fill(sort);
    snprintf(problem->title, sizeof problem->title, "sort(%zu x %zu %s%s)", sort->count / sort->piece, sort->piece,
             names[sort->kind], shapes[sort->shape]);
    problem->expected = sort_digest(sort->kind, sort->input, sort->count);
    problem->tasks = (int64_t)sort->count;
    return true;
}

static void sort_reset(const struct sort_case *sort)
{
    memcpy(sort->items, sort->input, sort->count * sort_size(sort->kind));
    sort_state = (struct sort_state){sort->kind, sort->items, sort->count / sort->piece, sort->piece};
}

/* The harness calls functions without an argument, so each workload has its own two. */
static struct sort_case sort_main_case = {
    .kind = SORT_U32, .shape = SORT_RANDOM, .piece = SIZE_MAX, .counts = {10000000, 4000000, 100000}};

static bool sort_main_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_main_case, scale, problem);
}

static void sort_main_reset(void)
{
    sort_reset(&sort_main_case);
}

const struct perf_workload perf_sort = {
    .name = "sort", .prepare = sort_main_prepare, .reset = sort_main_reset, .answer = sort_answer};

static struct sort_case sort_sorted_case = {
    .kind = SORT_U32, .shape = SORT_SORTED, .piece = SIZE_MAX, .counts = {10000000, 500000, 100000}};

static bool sort_sorted_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_sorted_case, scale, problem);
}

static void sort_sorted_reset(void)
{
    sort_reset(&sort_sorted_case);
}

const struct perf_workload perf_sort_sorted = {
    .name = "sort_sorted", .prepare = sort_sorted_prepare, .reset = sort_sorted_reset, .answer = sort_answer};

static struct sort_case sort_reversed_case = {
    .kind = SORT_U32, .shape = SORT_REVERSED, .piece = SIZE_MAX, .counts = {10000000, 500000, 100000}};

static bool sort_reversed_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_reversed_case, scale, problem);
}

static void sort_reversed_reset(void)
{
    sort_reset(&sort_reversed_case);
}

const struct perf_workload perf_sort_reversed = {
    .name = "sort_reversed", .prepare = sort_reversed_prepare, .reset = sort_reversed_reset, .answer = sort_answer};

static struct sort_case sort_few_case = {
    .kind = SORT_U32, .shape = SORT_FEW, .piece = SIZE_MAX, .counts = {10000000, 500000, 100000}};

static bool sort_few_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_few_case, scale, problem);
}

static void sort_few_reset(void)
{
    sort_reset(&sort_few_case);
}

const struct perf_workload perf_sort_few = {
    .name = "sort_few", .prepare = sort_few_prepare, .reset = sort_few_reset, .answer = sort_answer};

static struct sort_case sort_1e3_case = {
    .kind = SORT_U32, .shape = SORT_RANDOM, .piece = 1000, .counts = {1000000, 200000, 10000}};

static bool sort_1e3_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_1e3_case, scale, problem);
}

static void sort_1e3_reset(void)
{
    sort_reset(&sort_1e3_case);
}

const struct perf_workload perf_sort_1e3 = {
    .name = "sort_1e3", .prepare = sort_1e3_prepare, .reset = sort_1e3_reset, .answer = sort_answer};

static struct sort_case sort_1e4_case = {
    .kind = SORT_U32, .shape = SORT_RANDOM, .piece = 10000, .counts = {1000000, 200000, 20000}};

static bool sort_1e4_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_1e4_case, scale, problem);
}

static void sort_1e4_reset(void)
{
    sort_reset(&sort_1e4_case);
}

const struct perf_workload perf_sort_1e4 = {
    .name = "sort_1e4", .prepare = sort_1e4_prepare, .reset = sort_1e4_reset, .answer = sort_answer};

static struct sort_case sort_1e5_case = {
    .kind = SORT_U32, .shape = SORT_RANDOM, .piece = 100000, .counts = {2000000, 400000, 100000}};

static bool sort_1e5_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_1e5_case, scale, problem);
}

static void sort_1e5_reset(void)
{
    sort_reset(&sort_1e5_case);
}

const struct perf_workload perf_sort_1e5 = {
    .name = "sort_1e5", .prepare = sort_1e5_prepare, .reset = sort_1e5_reset, .answer = sort_answer};

static struct sort_case sort_1e6_case = {
    .kind = SORT_U32, .shape = SORT_RANDOM, .piece = 1000000, .counts = {4000000, 1000000, 100000}};

static bool sort_1e6_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_1e6_case, scale, problem);
}

static void sort_1e6_reset(void)
{
    sort_reset(&sort_1e6_case);
}

const struct perf_workload perf_sort_1e6 = {
    .name = "sort_1e6", .prepare = sort_1e6_prepare, .reset = sort_1e6_reset, .answer = sort_answer};

static struct sort_case sort_1e8_case = {
    .kind = SORT_U32, .shape = SORT_RANDOM, .piece = SIZE_MAX, .counts = {100000000, 1000000, 100000}};

static bool sort_1e8_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_1e8_case, scale, problem);
}

static void sort_1e8_reset(void)
{
    sort_reset(&sort_1e8_case);
}

const struct perf_workload perf_sort_1e8 = {
    .name = "sort_1e8", .prepare = sort_1e8_prepare, .reset = sort_1e8_reset, .answer = sort_answer};

static struct sort_case sort_f64_case = {
    .kind = SORT_F64, .shape = SORT_RANDOM, .piece = SIZE_MAX, .counts = {10000000, 500000, 50000}};

static bool sort_f64_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_f64_case, scale, problem);
}

static void sort_f64_reset(void)
{
    sort_reset(&sort_f64_case);
}

const struct perf_workload perf_sort_f64 = {
    .name = "sort_f64", .prepare = sort_f64_prepare, .reset = sort_f64_reset, .answer = sort_answer};

static struct sort_case sort_generic_case = {
    .kind = SORT_RECORDS, .shape = SORT_RANDOM, .piece = SIZE_MAX, .counts = {2000000, 300000, 20000}};

static bool sort_generic_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_generic_case, scale, problem);
}

static void sort_generic_reset(void)
{
    sort_reset(&sort_generic_case);
}

const struct perf_workload perf_sort_generic = {
    .name = "sort_generic", .prepare = sort_generic_prepare, .reset = sort_generic_reset, .answer = sort_answer};

static struct sort_case sort_stable_case = {
    .kind = SORT_STABLE, .shape = SORT_FEW, .piece = SIZE_MAX, .counts = {2000000, 300000, 20000}};

static bool sort_stable_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    return sort_prepare(&sort_stable_case, scale, problem);
}

static void sort_stable_reset(void)
{
    sort_reset(&sort_stable_case);
}

const struct perf_workload perf_sort_stable = {
    .name = "sort_stable", .prepare = sort_stable_prepare, .reset = sort_stable_reset, .answer = sort_answer};
