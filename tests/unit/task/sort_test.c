/*
 * Sorting elements of any type: against the definition of a sorted array, for every size and shape; with comparisons
 * that lie, callbacks that fail or cancel, and memory that is refused, nothing is lost.
 */
#define _GNU_SOURCE
#include "sort_memory.h"

#include <rove/rove.h>
#include <rove/sort.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, KEY_BYTES = 2, TAG_BYTES = 4, LONG = 30000 };

static struct test_random dice;

/* How often to do something that is done `full` times where nothing slows it down. */
static int times(int full)
{
    return (int)test_scaled(test_is_sanitized() ? full / 5 : full, 4);
}

/* An array whose elements begin with a key and go on with what tells them apart, as far as there is room. */
struct array {
    unsigned char *items;
    unsigned char *before;
    size_t count;
    size_t size;
};

static unsigned key_of(const struct array *array, const unsigned char *item)
{
    return array->size < KEY_BYTES ? item[0] : item[0] | (unsigned)item[1] << 8;
}

static uint32_t tag_of(const unsigned char *item)
{
    uint32_t tag;
    memcpy(&tag, item + KEY_BYTES, sizeof tag);
    return tag;
}

enum shape { SHAPE_RANDOM, SHAPE_FEW, SHAPE_EQUAL, SHAPE_SORTED, SHAPE_REVERSED, SHAPE_NEARLY, SHAPE_PIPE, SHAPES };

static unsigned key_make(enum shape shape, size_t i, size_t count)
{
    unsigned place = (unsigned)(i * 60000 / count);
    switch (shape) {
    case SHAPE_FEW:
        return (unsigned)test_random_below(&dice, 4);
    case SHAPE_EQUAL:
        return 9;
    case SHAPE_SORTED:
        return place;
    case SHAPE_REVERSED:
        return 60000 - place;
    case SHAPE_NEARLY:
        return test_random_below(&dice, 50) ? place : (unsigned)test_random_below(&dice, 60000);
    case SHAPE_PIPE:
        return i < count / 2 ? 2 * place : 2 * (60000 - place);
    default:
        return (unsigned)test_random_below(&dice, 65536);
    }
}

static struct array array_make(size_t count, size_t size, enum shape shape)
{
    struct array array = {malloc(count * size + 1), malloc(count * size + 1), count, size};
    TEST_CHECK(array.items && array.before, "no memory for %zu elements of %zu bytes", count, size);
    for (size_t i = 0; i < count; i++) {
        unsigned char *item = array.items + i * size;
        unsigned key = key_make(shape, i, count);
        uint32_t tag = (uint32_t)i;
        for (size_t j = 0; j < size; j++)
            item[j] = (unsigned char)(i * 7 + j * j);
        item[0] = (unsigned char)key;
        if (size >= KEY_BYTES)
            item[1] = (unsigned char)(key >> 8);
        if (size >= KEY_BYTES + TAG_BYTES)
            memcpy(item + KEY_BYTES, &tag, sizeof tag);
    }
    memcpy(array.before, array.items, count * size);
    return array;
}

static void array_free(struct array *array)
{
    free(array->items);
    free(array->before);
}

static int compare_bytes(const void *a, const void *b, void *size)
{
    return memcmp(a, b, *(size_t *)size);
}

/* Fails unless the array has the elements that it had. */
static void check_elements(struct array *array, const char *what)
{
    unsigned char *now = malloc(array->count * array->size + 1);
    TEST_CHECK(now, "no memory to look at %zu elements", array->count);
    memcpy(now, array->items, array->count * array->size);
    qsort_r(now, array->count, array->size, compare_bytes, &array->size);
    qsort_r(array->before, array->count, array->size, compare_bytes, &array->size);
    TEST_CHECK(memcmp(now, array->before, array->count * array->size) == 0, "%s: elements of %zu x %zu bytes are lost",
               what, array->count, array->size);
    free(now);
}

static void check_order(const struct array *array, bool is_stable, const char *what)
{
    for (size_t i = 1; i < array->count; i++) {
        const unsigned char *a = array->items + (i - 1) * array->size, *b = a + array->size;
        TEST_CHECK(key_of(array, a) <= key_of(array, b), "%s: %zu of %zu x %zu bytes", what, i, array->count,
                   array->size);
        if (is_stable && array->size >= KEY_BYTES + TAG_BYTES && key_of(array, a) == key_of(array, b))
            TEST_CHECK(tag_of(a) < tag_of(b), "%s: unstable at %zu of %zu x %zu bytes", what, i, array->count,
                       array->size);
    }
}

/* What a comparison does beside comparing. */
struct habit {
    struct array *array;
    atomic_int calls;
    int fails_at; /* which call fails; 0: none */
    int cancels_at;
    rove_scope *scope;
    int lie; /* 0: tells the truth */
};

/* The answer of a liar, who has no state that threads could race for. */
static int lie_tell(int lie, int call, int truth)
{
    uint32_t noise = (uint32_t)call * UINT32_C(2654435761);
    switch (lie) {
    case 1:
        return 1;
    case 2:
        return -1;
    case 3:
        return (int)(noise >> 30) - 1;
    case 4:
        return -truth;
    default:
        return noise >> 28 ? truth : -truth;
    }
}

enum { LIES = 6 };

static int compare(const void *a, const void *b, void *arg)
{
    struct habit *habit = arg;
    unsigned x = key_of(habit->array, a), y = key_of(habit->array, b);
    int truth = (x > y) - (x < y), call = 1 + atomic_fetch_add_explicit(&habit->calls, 1, memory_order_relaxed);
    if (call == habit->fails_at)
        rove_fail(77);
    if (call == habit->cancels_at)
        rove_scope_cancel(habit->scope);
    return habit->lie ? lie_tell(habit->lie, call, truth) : truth;
}

static rove_status sort(struct array *array, bool is_stable, struct habit *habit)
{
    habit->array = array;
    return (is_stable ? rove_stable_sort : rove_sort)(array->items, array->count, array->size, compare, habit);
}

static void sort_once(size_t count, size_t size, enum shape shape, bool is_stable)
{
    struct array array = array_make(count, size, shape);
    struct habit habit = {0};
    TEST_CHECK(sort(&array, is_stable, &habit) == ROVE_OK, "sort %zu x %zu, shape %d", count, size, shape);
    check_order(&array, is_stable, "sort");
    check_elements(&array, "sort");
    array_free(&array);
}

static const size_t sizes[] = {1, 2, 3, 4, 6, 7, 8, 12, 16, 24, 31, 32, 40, 127, 128, 129, 136, 300};
enum { SIZES = sizeof sizes / sizeof *sizes };

static size_t size_any(void)
{
    return sizes[test_random_below(&dice, SIZES)];
}

static size_t count_any(void)
{
    static const uint64_t bounds[] = {4, 20, 300, 3000, 3000};
    return (size_t)test_random_below(&dice, bounds[test_random_below(&dice, 5)]);
}

static void sort_many(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        sort_once(count_any(), size_any(), (enum shape)test_random_below(&dice, SHAPES), i % 2);
    sort_once(LONG, size_any(), (enum shape)test_random_below(&dice, SHAPES), true);
    sort_once(LONG, 8, SHAPE_RANDOM, false);
}

static void sort_everywhere(void (*fn)(void *arg), void *arg)
{
    for (int round = 0; round < 4; round++) {
        rove_runtime *runtime = test_runtime(1 + (int)test_random_below(&dice, 8));
        assert_int_equal(rove_run(runtime, fn, arg), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void test_an_array_is_in_order_afterwards(void **state)
{
    (void)state;
    int rounds = times(500);
    sort_everywhere(sort_many, &rounds);
    sort_many(&rounds);
}

static void sort_edges(void *arg)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 16, 17, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 32768};
    (void)arg;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int shape = 0; shape < SHAPES; shape++)
            sort_once(counts[i], 8, (enum shape)shape, shape % 2);
}

static void test_counts_at_the_edges_of_chunks_are_sorted(void **state)
{
    (void)state;
    sort_everywhere(sort_edges, NULL);
}

static void sort_without_memory(void *arg)
{
    (void)arg;
    for (int from = 0; from < 2; from++) {
        int64_t refusals = atomic_load(&memory_refusals);
        for (int i = 0, rounds = times(200); i < rounds; i++) {
            size_t count = count_any(), size = size_any();
            memory_refuse_from(from);
            sort_once(count, size, (enum shape)test_random_below(&dice, SHAPES), i % 2);
        }
        memory_refuse_from(from);
        sort_once(3000, 200, SHAPE_RANDOM, false);
        memory_refuse_from(-1);
        TEST_CHECK(atomic_load(&memory_refusals) > refusals, "nothing was refused from call %d", from);
    }
}

static void test_without_memory_it_sorts_in_place(void **state)
{
    (void)state;
    sort_everywhere(sort_without_memory, NULL);
}

static void sort_with_lies(void *arg)
{
    (void)arg;
    for (int i = 0, rounds = times(300); i < rounds; i++) {
        struct array array = array_make(i == 0 ? LONG : count_any(), size_any(), SHAPE_RANDOM);
        struct habit habit = {.lie = 1 + i % LIES};
        memory_refuse_from(i % 5 == 4 ? 0 : -1);
        TEST_CHECK(sort(&array, i % 2, &habit) == ROVE_OK, "lie %d", habit.lie);
        memory_refuse_from(-1);
        check_elements(&array, "a liar");
        array_free(&array);
    }
}

static void test_a_comparison_that_lies_loses_nothing(void **state)
{
    (void)state;
    sort_everywhere(sort_with_lies, NULL);
}

/* A sort of n elements in random order takes more than n comparisons; so one that fails earlier leaves something
 * out. */
static void sort_and_fail(void *arg)
{
    (void)arg;
    for (int i = 0, rounds = times(150); i < rounds; i++) {
        struct array array = array_make(500 + count_any(), 8 + size_any(), SHAPE_RANDOM);
        bool is_early = i % 2, is_stable = i / 2 % 2;
        struct habit habit = {.fails_at = 1 + (int)test_random_below(&dice, is_early ? 400 : 40 * array.count)};
        memory_refuse_from(i % 5 == 4 ? 0 : -1);
        rove_status status = sort(&array, is_stable, &habit);
        memory_refuse_from(-1);
        TEST_CHECK(status == ROVE_FAILED || (status == ROVE_OK && !is_early), "a failed sort: %s",
                   rove_status_text(status));
        if (status == ROVE_OK)
            check_order(&array, is_stable, "failed too late");
        check_elements(&array, "a failure");
        array_free(&array);
    }
}

static void test_a_comparison_may_fail(void **state)
{
    (void)state;
    sort_everywhere(sort_and_fail, NULL);
}

struct attempt {
    struct array array;
    struct habit habit;
    rove_status status;
    bool is_stable;
};

static void attempt_run(void *arg)
{
    struct attempt *attempt = arg;
    attempt->status = sort(&attempt->array, attempt->is_stable, &attempt->habit);
}

static void test_a_sort_can_be_canceled(void **state)
{
    (void)state;
    for (int i = 0, rounds = times(200); i < rounds; i++) {
        rove_runtime *runtime = i % 20 ? NULL : test_runtime(1 + (int)test_random_below(&dice, 8));
        rove_scope scope = {0};
        bool is_early = i % 2;
        struct attempt attempt = {.array = array_make(500 + count_any(), 8, SHAPE_RANDOM), .is_stable = i / 2 % 2};
        attempt.habit = (struct habit){.scope = &scope};
        attempt.habit.cancels_at = 1 + (int)test_random_below(&dice, is_early ? 400 : 20 * attempt.array.count);
        rove_status status = rove_scope_run(&scope, runtime, attempt_run, &attempt);
        if (is_early)
            assert_int_equal(attempt.status, ROVE_CANCELED);
        if (attempt.status == ROVE_OK)
            check_order(&attempt.array, attempt.is_stable, "canceled too late");
        else
            assert_int_equal(status, ROVE_CANCELED);
        check_elements(&attempt.array, "a cancellation");
        array_free(&attempt.array);
        if (runtime)
            test_runtime_end(runtime);
    }
}

static void cancel_and_sort(void *arg)
{
    struct attempt *attempt = arg;
    rove_scope_cancel(attempt->habit.scope);
    attempt_run(arg);
}

static void test_in_a_canceled_scope_nothing_is_moved(void **state)
{
    (void)state;
    rove_scope scope = {0};
    struct attempt attempt = {.array = array_make(1000, 8, SHAPE_RANDOM), .habit = {.scope = &scope}};
    assert_int_equal(rove_scope_run(&scope, NULL, cancel_and_sort, &attempt), ROVE_CANCELED);
    assert_int_equal(attempt.status, ROVE_CANCELED);
    assert_memory_equal(attempt.array.items, attempt.array.before, 1000 * 8);
    array_free(&attempt.array);
}

static void test_a_deadline_ends_a_sort(void **state)
{
    (void)state;
    rove_scope scope = {.deadline = rove_clock() - 1};
    struct attempt attempt = {.array = array_make(1000, 8, SHAPE_RANDOM), .status = ROVE_OK};
    assert_int_equal(rove_scope_run(&scope, NULL, attempt_run, &attempt), ROVE_TIMED_OUT);
    assert_memory_equal(attempt.array.items, attempt.array.before, 1000 * 8);
    array_free(&attempt.array);
}

/* Sorts within the bodies of a loop, each with an array of its own. */
static void sort_rows(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++) {
        uint32_t row[700];
        struct array array = {(unsigned char *)row, NULL, 700, sizeof *row};
        struct habit habit = {.array = &array};
        for (uint32_t j = 0; j < 700; j++)
            row[j] = (j * UINT32_C(2654435761) + (uint32_t)i) >> 7;
        TEST_CHECK(rove_sort(row, 700, sizeof *row, compare, &habit) == ROVE_OK, "row %lld", (long long)i);
        check_order(&array, false, "a row");
    }
}

static void sort_nested(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_for(0, 200, sort_rows, NULL) == ROVE_OK, "rows");
}

static void test_sorts_nest_and_run_beside_each_other(void **state)
{
    (void)state;
    sort_everywhere(sort_nested, NULL);
    test_on_threads(8, sort_nested, NULL, 0);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    int items[2] = {2, 1};
    rove_status (*const sorts[])(void *, size_t, size_t, rove_compare_fn *, void *) = {rove_sort, rove_stable_sort};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sorts[i](NULL, 2, 4, compare, NULL), ROVE_INVALID);
        assert_int_equal(sorts[i](items, 2, 4, NULL, NULL), ROVE_INVALID);
        assert_int_equal(sorts[i](items, 2, 0, compare, NULL), ROVE_INVALID);
        assert_int_equal(sorts[i](items, SIZE_MAX / 2, 4, compare, NULL), ROVE_INVALID);
        assert_int_equal(sorts[i](items, SIZE_MAX / 4 + 2, 4, compare, NULL), ROVE_INVALID);
        assert_int_equal(sorts[i](NULL, 0, 4, compare, NULL), ROVE_OK);
        assert_true(items[0] == 2 && items[1] == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_array_is_in_order_afterwards),
        cmocka_unit_test(test_counts_at_the_edges_of_chunks_are_sorted),
        cmocka_unit_test(test_without_memory_it_sorts_in_place),
        cmocka_unit_test(test_a_comparison_that_lies_loses_nothing),
        cmocka_unit_test(test_a_comparison_may_fail),
        cmocka_unit_test(test_a_sort_can_be_canceled),
        cmocka_unit_test(test_in_a_canceled_scope_nothing_is_moved),
        cmocka_unit_test(test_a_deadline_ends_a_sort),
        cmocka_unit_test(test_sorts_nest_and_run_beside_each_other),
        cmocka_unit_test(test_what_makes_no_sense_is_refused),
    };
    dice = test_random_make(1);
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
