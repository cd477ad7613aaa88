/*
 * Sorting numbers of every type: against the definition of their order, for every shape and count, with and without
 * memory, canceled at any moment.
 */
#define _GNU_SOURCE
#include "sort_memory.h"

#include <math.h>
#include <rove/rove.h>
#include <rove/sort.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

typedef uint64_t sort_key;

#include "runtime/task/sort_leaf.h"

enum { WATCH_SECONDS = 50 };

static struct test_random dice;

/* How often to do something that is done `full` times where nothing slows it down. */
static int times(int full)
{
    return (int)test_scaled(test_is_sanitized() ? full / 5 : full, 4);
}

static int compare_i32(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int compare_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The order as the header tells it: by value, -0.0 before 0.0, NaNs last: positive ones by their bits, then negative
 * ones backwards. */
static int compare_f64(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) != isnan(y))
        return isnan(x) ? 1 : -1;
    if (!isnan(x) && (x < y || x > y))
        return x < y ? -1 : 1;
    if (!signbit(x) != !signbit(y))
        return (signbit(x) != 0) == (isnan(x) != 0) ? 1 : -1;
    return signbit(x) ? compare_u64(b, a) : compare_u64(a, b);
}

static int compare_f32(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    if (isnan(x) != isnan(y))
        return isnan(x) ? 1 : -1;
    if (!isnan(x) && (x < y || x > y))
        return x < y ? -1 : 1;
    if (!signbit(x) != !signbit(y))
        return (signbit(x) != 0) == (isnan(x) != 0) ? 1 : -1;
    return signbit(x) ? compare_u32(b, a) : compare_u32(a, b);
}

static rove_status sort_i32(void *keys, size_t count)
{
    return rove_sort_i32(keys, count);
}

static rove_status sort_u32(void *keys, size_t count)
{
    return rove_sort_u32(keys, count);
}

static rove_status sort_i64(void *keys, size_t count)
{
    return rove_sort_i64(keys, count);
}

static rove_status sort_u64(void *keys, size_t count)
{
    return rove_sort_u64(keys, count);
}

static rove_status sort_f32(void *keys, size_t count)
{
    return rove_sort_f32(keys, count);
}

static rove_status sort_f64(void *keys, size_t count)
{
    return rove_sort_f64(keys, count);
}

/* A type of numbers. */
struct kind {
    const char *name;
    size_t size;
    int (*compare)(const void *a, const void *b);
    rove_status (*sort)(void *keys, size_t count);
};

static const struct kind kinds[] = {
    {"i32", 4, compare_i32, sort_i32}, {"u32", 4, compare_u32, sort_u32}, {"i64", 8, compare_i64, sort_i64},
    {"u64", 8, compare_u64, sort_u64}, {"f32", 4, compare_f32, sort_f32}, {"f64", 8, compare_f64, sort_f64},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

enum shape {
    SHAPE_BITS,    /* random bits: all numbers, all kinds of NaN */
    SHAPE_SMALL,   /* around zero */
    SHAPE_FEW,     /* few different ones, far apart */
    SHAPE_EQUAL,   /* all the same */
    SHAPE_POWERS,  /* each bit is the highest as often as the others */
    SHAPE_OUTLIER, /* all but one agree in their high bits */
    SHAPE_VALUES,  /* floating-point values between -1 and 1 */
    SHAPES
};

enum order { ORDER_NONE, ORDER_SORTED, ORDER_REVERSED, ORDER_ROTATED, ORDER_SWAPPED, ORDER_PIPE, ORDERS };

static uint64_t key_make(const struct kind *kind, enum shape shape, size_t i)
{
    uint64_t bits = test_random_next(&dice);
    double value = (double)(int64_t)bits / 0x1p63;
    float single = (float)value;
    uint32_t single_bits;
    switch (shape) {
    case SHAPE_SMALL:
        return bits % 201 - 100;
    case SHAPE_FEW:
        return (bits % 5) * UINT64_C(0x3ffbfdfcfefbfdf1);
    case SHAPE_EQUAL:
        return UINT64_C(0x8123456789abcdef);
    case SHAPE_POWERS:
        return bits >> (bits % 64);
    case SHAPE_OUTLIER:
        return i == 7 ? UINT64_MAX / 3 : bits % 1000000;
    case SHAPE_VALUES:
        memcpy(&bits, &value, sizeof bits);
        memcpy(&single_bits, &single, sizeof single_bits);
        return kind->size == 4 ? single_bits : bits;
    default:
        return bits;
    }
}

static void keys_reverse(char *keys, size_t count, size_t size)
{
    for (size_t i = 0; i < count / 2; i++) {
        char word[8];
        memcpy(word, keys + i * size, size);
        memcpy(keys + i * size, keys + (count - 1 - i) * size, size);
        memcpy(keys + (count - 1 - i) * size, word, size);
    }
}

/* Puts keys that are sorted into another order. */
static void keys_order(const struct kind *kind, char *keys, size_t count, enum order order)
{
    size_t size = kind->size, cut = count / 3;
    if (order == ORDER_REVERSED)
        keys_reverse(keys, count, size);
    if (order == ORDER_PIPE)
        keys_reverse(keys + count / 2 * size, count - count / 2, size);
    if (order == ORDER_ROTATED) {
        keys_reverse(keys, cut, size);
        keys_reverse(keys + cut * size, count - cut, size);
        keys_reverse(keys, count, size);
    }
    if (order == ORDER_SWAPPED && count > 5)
        keys_reverse(keys + test_random_below(&dice, count - 3) * size, 3, size);
}

static void *keys_allocate(size_t count, size_t size)
{
    void *keys = malloc(count * size + 1);
    TEST_CHECK(keys, "no memory for %zu keys", count);
    return keys;
}

static void keys_fill(const struct kind *kind, char *keys, size_t count, enum shape shape, enum order order)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t key = key_make(kind, shape, i);
        memcpy(keys + i * kind->size, &key, kind->size);
    }
    if (order != ORDER_NONE) {
        qsort(keys, count, kind->size, kind->compare);
        keys_order(kind, keys, count, order);
    }
}

static void sort_once(const struct kind *kind, size_t count, enum shape shape, enum order order)
{
    char *keys = keys_allocate(count, kind->size), *sorted = keys_allocate(count, kind->size);
    keys_fill(kind, keys, count, shape, order);
    memcpy(sorted, keys, count * kind->size);
    qsort(sorted, count, kind->size, kind->compare);
    TEST_CHECK(kind->sort(keys, count) == ROVE_OK, "%s %zu", kind->name, count);
    TEST_CHECK(memcmp(keys, sorted, count * kind->size) == 0, "%s: %zu, shape %d, order %d", kind->name, count, shape,
               order);
    free(keys);
    free(sorted);
}

static size_t count_any(void)
{
    static const uint64_t bounds[] = {4, 20, 300, 3000, 20000};
    return (size_t)test_random_below(&dice, bounds[test_random_below(&dice, 5)]);
}

static void sort_any(size_t count)
{
    sort_once(&kinds[test_random_below(&dice, KINDS)], count, (enum shape)test_random_below(&dice, SHAPES),
              (enum order)test_random_below(&dice, ORDERS));
}

static void sort_many(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        sort_any(count_any());
    for (int i = 0; i < 3; i++)
        sort_any(65536 + count_any() * 5);
}

static void sort_everywhere(void (*fn)(void *arg), void *arg)
{
    for (int round = 0; round < 4; round++) {
        rove_runtime *runtime = test_runtime(1 + (int)test_random_below(&dice, 8));
        assert_int_equal(rove_run(runtime, fn, arg), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void test_numbers_are_in_order_afterwards(void **state)
{
    (void)state;
    int rounds = times(250);
    sort_everywhere(sort_many, &rounds);
    sort_many(&rounds);
}

/* Every kind in every shape and order, so large that it is dealt out. */
static void sort_large(void *arg)
{
    (void)arg;
    for (int kind = 0; kind < KINDS; kind++)
        for (int shape = 0; shape < SHAPES; shape++)
            sort_once(&kinds[kind], 70000, (enum shape)shape, (enum order)((kind + shape) % ORDERS));
    for (int shape = 0; shape < SHAPES; shape++)
        sort_once(&kinds[shape % KINDS], 300000, (enum shape)shape, ORDER_NONE);
}

static void test_all_kinds_and_shapes_are_dealt_out(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    assert_int_equal(rove_run(runtime, sort_large, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void sort_edges(void *arg)
{
    static const size_t counts[] = {0,    1,    2,    3,    16,   17,    200,   201,   511,   512,   513,  1023,
                                    1024, 1025, 2047, 2048, 2049, 32767, 32768, 32769, 65535, 65536, 65537};
    (void)arg;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int kind = 0; kind < KINDS; kind++)
            sort_once(&kinds[kind], counts[i], SHAPE_BITS, ORDER_NONE);
}

static void test_counts_at_the_edges_are_sorted(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, sort_edges, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* The first allocation, or a later one, is refused. */
static void sort_without_memory(void *arg)
{
    (void)arg;
    int64_t refusals = atomic_load(&memory_refusals);
    for (int i = 0, rounds = times(60); i < rounds; i++) {
        size_t count = i % 6 ? count_any() : 65536 + count_any() * 5;
        memory_refuse_from(i % 3);
        sort_any(count);
        memory_refuse_from(-1);
    }
    for (int from = 0; from < 2; from++) {
        memory_refuse_from(from);
        sort_once(&kinds[test_random_below(&dice, KINDS)], 70000, SHAPE_BITS, ORDER_NONE);
        memory_refuse_from(-1);
    }
    TEST_CHECK(atomic_load(&memory_refusals) > refusals, "nothing was refused");
}

static void test_without_memory_it_sorts_in_place(void **state)
{
    (void)state;
    sort_everywhere(sort_without_memory, NULL);
}

/* A quicksort whose luck has run out, at once or after some steps, splits by bits and takes no longer than it must. */
static void test_a_quicksort_out_of_luck_splits_by_bits(void **state)
{
    (void)state;
    const struct kind *kind = &kinds[3];
    for (int i = 0, rounds = times(300); i < rounds; i++) {
        size_t count = count_any();
        uint64_t *keys = keys_allocate(count, kind->size), *sorted = keys_allocate(count, kind->size);
        keys_fill(kind, (char *)keys, count, (enum shape)(i % SHAPES), (enum order)test_random_below(&dice, ORDERS));
        memcpy(sorted, keys, count * kind->size);
        qsort(sorted, count, kind->size, kind->compare);
        quick_sort(keys, count, i % 4);
        assert_memory_equal(keys, sorted, count * kind->size);
        free(keys);
        free(sorted);
    }
}

struct attempt {
    const struct kind *kind;
    char *keys;
    size_t count;
    rove_status status;
};

static void attempt_run(void *arg)
{
    struct attempt *attempt = arg;
    attempt->status = attempt->kind->sort(attempt->keys, attempt->count);
}

/* A deadline comes at any moment of a sort. */
static void test_a_sort_that_is_cut_short_loses_nothing(void **state)
{
    (void)state;
    int cut = 0;
    for (int i = 0, rounds = times(60); i < rounds; i++) {
        const struct kind *kind = &kinds[i % KINDS];
        size_t count = 100000, bytes = count * kind->size;
        struct attempt attempt = {kind, keys_allocate(count, kind->size), count, ROVE_TIMED_OUT};
        char *sorted = keys_allocate(count, kind->size);
        keys_fill(kind, attempt.keys, count, (enum shape)test_random_below(&dice, SHAPES), ORDER_NONE);
        memcpy(sorted, attempt.keys, bytes);
        rove_runtime *runtime = i % 10 ? NULL : test_runtime(3);
        memory_refuse_from(i % 7 ? -1 : 0);
        rove_scope scope = {.deadline = rove_clock() + (int64_t)test_random_below(&dice, 4000) * ROVE_MICROSECOND};
        rove_scope_run(&scope, runtime, attempt_run, &attempt);
        memory_refuse_from(-1);
        if (runtime)
            test_runtime_end(runtime);
        TEST_CHECK(attempt.status == ROVE_OK || attempt.status == ROVE_TIMED_OUT, "%s",
                   rove_status_text(attempt.status));
        cut += attempt.status != ROVE_OK;
        if (attempt.status != ROVE_OK)
            qsort(attempt.keys, count, kind->size, kind->compare);
        qsort(sorted, count, kind->size, kind->compare);
        TEST_CHECK(memcmp(attempt.keys, sorted, bytes) == 0, "%s, cut short: %d", kind->name, attempt.status);
        free(attempt.keys);
        free(sorted);
    }
    print_message("%d sorts were cut short\n", cut);
}

static void cancel_and_sort(void *arg)
{
    rove_scope_cancel(rove_current_scope());
    attempt_run(arg);
}

static void test_in_a_canceled_scope_nothing_is_moved(void **state)
{
    (void)state;
    static const size_t counts[] = {100, 100000};
    for (int i = 0; i < 2; i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            rove_scope scope = {0};
            size_t bytes = counts[i] * kinds[kind].size;
            struct attempt attempt = {&kinds[kind], keys_allocate(counts[i], kinds[kind].size), counts[i], ROVE_OK};
            char *before = keys_allocate(counts[i], kinds[kind].size);
            keys_fill(&kinds[kind], attempt.keys, counts[i], SHAPE_BITS, ORDER_NONE);
            memcpy(before, attempt.keys, bytes);
            assert_int_equal(rove_scope_run(&scope, NULL, cancel_and_sort, &attempt), ROVE_CANCELED);
            assert_int_equal(attempt.status, ROVE_CANCELED);
            assert_memory_equal(attempt.keys, before, bytes);
            free(attempt.keys);
            free(before);
        }
    }
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    uint64_t key = 1;
    for (int kind = 0; kind < KINDS; kind++) {
        assert_int_equal(kinds[kind].sort(NULL, 1), ROVE_INVALID);
        assert_int_equal(kinds[kind].sort(&key, SIZE_MAX), ROVE_INVALID);
        assert_int_equal(kinds[kind].sort(&key, SIZE_MAX / 4 + 1), ROVE_INVALID);
        assert_int_equal(kinds[kind].sort(NULL, 0), ROVE_OK);
    }
    assert_true(key == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_in_order_afterwards),
        cmocka_unit_test(test_all_kinds_and_shapes_are_dealt_out),
        cmocka_unit_test(test_counts_at_the_edges_are_sorted),
        cmocka_unit_test(test_without_memory_it_sorts_in_place),
        cmocka_unit_test(test_a_quicksort_out_of_luck_splits_by_bits),
        cmocka_unit_test(test_a_sort_that_is_cut_short_loses_nothing),
        cmocka_unit_test(test_in_a_canceled_scope_nothing_is_moved),
        cmocka_unit_test(test_what_makes_no_sense_is_refused),
    };
    dice = test_random_make(1);
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
