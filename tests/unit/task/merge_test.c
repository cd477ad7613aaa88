/*
 * Merging: against the definition, stable, with comparisons that lie or fail, and for arrays that are not sorted.
 */
#include <rove/rove.h>
#include <rove/sort.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MOST = 70000, PADDED = 37 };

static struct test_random dice;

/* How often to do something that is done `full` times where nothing slows it down. */
static int times(int full)
{
    return (int)test_scaled(test_is_sanitized() ? full / 5 : full, 4);
}

/* An element: a key and its number, of the left array first. `more` makes an odd size of it. */
struct item {
    uint32_t key;
    uint32_t tag;
    char more[PADDED - 8];
};

static struct item left[MOST], right[MOST], result[2 * MOST];

struct habit {
    atomic_int calls;
    int fails_at;
    bool lies;
};

static int compare(const void *a, const void *b, void *arg)
{
    struct habit *habit = arg;
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    int call = 1 + atomic_fetch_add_explicit(&habit->calls, 1, memory_order_relaxed);
    if (call == habit->fails_at)
        rove_fail(5);
    if (habit->lies)
        return (int)(((uint32_t)call * UINT32_C(2654435761)) >> 30) - 1;
    return (x > y) - (x < y);
}

static struct item item_at(const char *items, size_t index, size_t size)
{
    struct item item = {0};
    memcpy(&item, items + index * size, size);
    return item;
}

/* Fills an array of elements of `size` bytes with keys that rise by up to `step`, and tags from `tag` on. */
static void fill(struct item *items, size_t count, size_t size, uint32_t step, uint32_t tag)
{
    uint32_t key = 0;
    for (size_t i = 0; i < count; i++) {
        struct item item = {.key = key += (uint32_t)test_random_below(&dice, step), .tag = tag + (uint32_t)i};
        memset(item.more, (int)(i % 100), sizeof item.more);
        memcpy((char *)items + i * size, &item, size);
    }
}

/* Fails unless every tag is there once, with the bytes that it had. */
static void check_elements(size_t left_count, size_t right_count, size_t size)
{
    size_t total = left_count + right_count;
    unsigned char *seen = calloc(total + 1, 1);
    TEST_CHECK(seen, "no memory for %zu marks", total);
    for (size_t i = 0; i < total; i++) {
        uint32_t tag = item_at((char *)result, i, size).tag;
        TEST_CHECK(tag < total && !seen[tag], "tag %u of %zu", tag, total);
        seen[tag] = 1;
        const char *from = tag < left_count ? (char *)left + tag * size : (char *)right + (tag - left_count) * size;
        TEST_CHECK(memcmp(from, (char *)result + i * size, size) == 0, "tag %u was changed", tag);
    }
    free(seen);
}

static void check_order(size_t total, size_t size)
{
    for (size_t i = 1; i < total; i++) {
        struct item a = item_at((char *)result, i - 1, size), b = item_at((char *)result, i, size);
        TEST_CHECK(a.key < b.key || (a.key == b.key && a.tag < b.tag), "place %zu of %zu", i, total);
    }
}

static rove_status merge(size_t left_count, size_t right_count, size_t size, uint32_t step, struct habit *habit)
{
    fill(left, left_count, size, step, 0);
    fill(right, right_count, size, step, (uint32_t)left_count);
    memset(result, 0xee, sizeof result);
    rove_status status = rove_merge(left, left_count, right, right_count, result, size, compare, habit);
    check_elements(left_count, right_count, size);
    const unsigned char *behind = (unsigned char *)result + (left_count + right_count) * size;
    TEST_CHECK(behind == (unsigned char *)(result + 2 * MOST) || *behind == 0xee, "wrote behind the result");
    return status;
}

static size_t count_any(void)
{
    static const uint64_t bounds[] = {3, 40, 2000, 5000};
    return (size_t)test_random_below(&dice, bounds[test_random_below(&dice, 4)]);
}

static size_t size_any(void)
{
    static const size_t sizes[] = {8, 12, 16, 32, PADDED};
    return sizes[test_random_below(&dice, 5)];
}

static void merge_many(void *arg)
{
    (void)arg;
    for (int i = 0, rounds = times(300); i < rounds; i++) {
        size_t a = count_any(), b = count_any(), size = size_any();
        struct habit habit = {0};
        TEST_CHECK(merge(a, b, size, i % 2 ? 2 : 100, &habit) == ROVE_OK, "%zu and %zu", a, b);
        check_order(a + b, size);
    }
    struct habit habit = {0};
    TEST_CHECK(merge(MOST, MOST, 8, 3, &habit) == ROVE_OK, "two long ones");
    check_order(2 * MOST, 8);
    TEST_CHECK(merge(MOST, 3, 16, 2, &habit) == ROVE_OK, "a long one and a short one");
    check_order(MOST + 3, 16);
}

static void everywhere(void (*fn)(void *arg))
{
    for (int round = 0; round < 4; round++) {
        rove_runtime *runtime = test_runtime(1 + (int)test_random_below(&dice, 8));
        assert_int_equal(rove_run(runtime, fn, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    fn(NULL);
}

static void test_the_result_is_in_order_and_the_left_comes_first(void **state)
{
    (void)state;
    everywhere(merge_many);
}

static void merge_with_lies(void *arg)
{
    (void)arg;
    for (int i = 0, rounds = times(100); i < rounds; i++) {
        struct habit habit = {.lies = true};
        TEST_CHECK(merge(i ? count_any() : MOST, count_any(), size_any(), 4, &habit) == ROVE_OK, "a liar");
    }
}

static void test_a_comparison_that_lies_loses_nothing(void **state)
{
    (void)state;
    everywhere(merge_with_lies);
}

/* Merging equally long arrays of random keys takes more comparisons than one of them has elements. */
static void merge_and_fail(void *arg)
{
    (void)arg;
    for (int i = 0, rounds = times(100); i < rounds; i++) {
        size_t count = 3000 + count_any();
        struct habit habit = {.fails_at = 1 + (int)test_random_below(&dice, 1000)};
        TEST_CHECK(merge(count, count, 8, 100, &habit) == ROVE_FAILED, "failed at %d of %zu", habit.fails_at, count);
    }
}

static void test_a_failed_merge_copies_the_rest(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, merge_and_fail, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct habit habit = {0};
    assert_int_equal(rove_merge(NULL, 1, right, 1, result, 8, compare, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, 1, NULL, 1, result, 8, compare, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, 1, right, 1, NULL, 8, compare, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, 1, right, 1, result, 0, compare, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, 1, right, 1, result, 8, NULL, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, SIZE_MAX / 2, right, SIZE_MAX / 2 + 2, result, 1, compare, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, SIZE_MAX / 4, right, SIZE_MAX / 4, result, 1, compare, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, 10, right, 10, left, 8, compare, &habit), ROVE_INVALID);
    assert_int_equal(rove_merge(left, 10, right, 10, (char *)right + 79, 8, compare, &habit), ROVE_INVALID);
    assert_int_equal(atomic_load(&habit.calls), 0);
    assert_int_equal(rove_merge(NULL, 0, NULL, 0, NULL, 8, compare, &habit), ROVE_OK);
    assert_int_equal(rove_merge(NULL, 0, right, 4, result, 8, compare, &habit), ROVE_OK);
    assert_memory_equal(result, right, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_result_is_in_order_and_the_left_comes_first),
        cmocka_unit_test(test_a_comparison_that_lies_loses_nothing),
        cmocka_unit_test(test_a_failed_merge_copies_the_rest),
        cmocka_unit_test(test_what_makes_no_sense_is_refused),
    };
    dice = test_random_make(1);
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
