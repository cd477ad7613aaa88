/*
 * Scans of arrays: inclusive and exclusive, in place and not, with gaps, of any values and of numbers; floating-point
 * sums that are the same bit for bit; arguments that make no sense; and no memory.
 */
#include <float.h>
#include <rove/rove.h>
#include <rove/scan.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <support/scarcity.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MOST_WORKERS = 8 };

static void *take(size_t size)
{
    void *memory = calloc(1, size + 1);
    TEST_CHECK(memory, "no memory for %zu bytes", size);
    return memory;
}

/* Words of up to four letters, of which the last ones stay: associative, and order matters. */
struct word {
    unsigned char length;
    char letters[4];
};

static void word_append(void *left, const void *right, void *arg)
{
    struct word *first = left;
    const struct word *second = right;
    char both[8];
    (void)arg;
    memcpy(both, first->letters, first->length);
    memcpy(both + first->length, second->letters, second->length);
    int length = first->length + second->length, kept = length < 4 ? length : 4;
    *first = (struct word){.length = (unsigned char)kept};
    memcpy(first->letters, both + length - kept, (size_t)kept);
}

static const struct word no_word;

struct array_case {
    size_t count;
    rove_scan_kind kind;
    size_t in_stride;
    size_t out_stride;
    bool is_in_place;
};

static void check_array(const struct array_case *array, struct test_random *random)
{
    size_t in_size = array->count * array->in_stride, out_size = array->count * array->out_stride;
    char *in = take(in_size), *out = array->is_in_place ? in : take(out_size), *before = take(in_size);
    char *rest = take(out_size);
    for (size_t i = 0; i < in_size; i++)
        in[i] = (char)test_random_below(random, 256);
    for (size_t i = 0; i < array->count; i++) {
        struct word word = {1, {(char)('a' + test_random_below(random, 26))}};
        memcpy(in + i * array->in_stride, &word, sizeof word);
    }
    memcpy(before, in, in_size);
    memcpy(rest, out, out_size);
    const rove_array_scan scan = {.kind = array->kind,
                                  .size = sizeof no_word,
                                  .identity = &no_word,
                                  .combine = word_append,
                                  .in = in,
                                  .in_stride = array->in_stride,
                                  .out = out,
                                  .out_stride = array->out_stride};
    struct word total = {9, {0}}, sum = no_word;
    TEST_CHECK(rove_scan_array(&scan, array->count, &total) == ROVE_OK, "%zu words", array->count);
    for (size_t i = 0; i < array->count; i++) {
        struct word exclusive = sum;
        word_append(&sum, before + i * array->in_stride, NULL);
        const struct word *expected = array->kind == ROVE_INCLUSIVE ? &sum : &exclusive;
        const char *got = out + i * array->out_stride;
        TEST_CHECK(!memcmp(got, expected, sizeof sum), "word %zu of %zu", i, array->count);
        TEST_CHECK(!memcmp(got + sizeof sum, rest + i * array->out_stride + sizeof sum, array->out_stride - sizeof sum),
                   "the gap behind word %zu of %zu was written", i, array->count);
    }
    TEST_CHECK(!memcmp(&total, &sum, sizeof sum), "the total of %zu", array->count);
    TEST_CHECK(array->is_in_place || !memcmp(in, before, in_size), "the input of %zu was written", array->count);
    free(before);
    free(rest);
    if (!array->is_in_place)
        free(out);
    free(in);
}

static void check_arrays(void *arg)
{
    struct test_random *random = arg;
    for (int i = 0; i < 60; i++) {
        struct array_case array = {.count = i < 8 ? (size_t)i / 2 : test_random_below(random, 1 << (i % 15)),
                                   .kind = i % 2 ? ROVE_EXCLUSIVE : ROVE_INCLUSIVE,
                                   .in_stride = sizeof no_word + test_random_below(random, 4),
                                   .is_in_place = i / 2 % 2};
        array.out_stride = array.is_in_place ? array.in_stride : sizeof no_word + test_random_below(random, 4);
        check_array(&array, random);
    }
}

static void test_an_array_of_any_values_is_scanned(void **state)
{
    (void)state;
    struct test_random random = test_random_make(1);
    for (int workers = 1; workers <= MOST_WORKERS; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < (int)test_scaled(5, 1); i++)
            assert_int_equal(rove_run(runtime, check_arrays, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    check_arrays(&random);
}

static void check_integers(size_t count, rove_scan_kind kind, bool is_in_place, struct test_random *random)
{
    int64_t *before = take(count * 8), *in = take(count * 8), *out = is_in_place ? in : take(count * 8), total = 7;
    for (size_t i = 0; i < count; i++)
        in[i] = before[i] = (int64_t)test_random_next(random);
    TEST_CHECK(rove_scan_i64(kind, in, count, out, &total) == ROVE_OK, "%zu integers", count);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t exclusive = sum;
        sum += (uint64_t)before[i];
        TEST_CHECK((uint64_t)out[i] == (kind == ROVE_INCLUSIVE ? sum : exclusive), "sum %zu of %zu", i, count);
    }
    TEST_CHECK((uint64_t)total == sum, "the total of %zu", count);
    TEST_CHECK(is_in_place || !memcmp(in, before, count * 8), "the input of %zu was written", count);
    if (!is_in_place)
        free(out);
    free(in);
    free(before);
}

static void check_all_integers(void *arg)
{
    static const size_t counts[] = {0, 1, 2, 3, 1023, 1024, 1025, 2048, 2049, 100000};
    size_t variants = sizeof counts / sizeof *counts * 4;
    for (size_t i = 0; i < variants + (size_t)test_scaled(40, 10); i++) {
        size_t count = i < variants ? counts[i / 4] : test_random_below(arg, 50000);
        check_integers(count, i % 2 ? ROVE_EXCLUSIVE : ROVE_INCLUSIVE, i / 2 % 2, arg);
    }
    check_integers((size_t)test_scaled(1000000, 100000), ROVE_EXCLUSIVE, true, arg);
}

static void test_integers_are_summed_up_and_wrap_around(void **state)
{
    (void)state;
    struct test_random random = test_random_make(2);
    for (int workers = 1; workers <= MOST_WORKERS; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_all_integers, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    check_all_integers(&random);
}

/* Floating-point sums of an array, and what one worker makes of it. */
struct sums {
    size_t count;
    rove_scan_kind kind;
    double *in;
    double *out;
    double total;
};

static void sums_scan(void *arg)
{
    struct sums *sums = arg;
    TEST_CHECK(rove_scan_f64(sums->kind, sums->in, sums->count, sums->out, &sums->total) == ROVE_OK, "%zu numbers",
               sums->count);
}

/* Within the error of an addition for each element, and at most as many as there are. */
static void sums_check(const struct sums *sums)
{
    long double sum = 0, size = 0;
    for (size_t i = 0; i < sums->count; i++) {
        long double exclusive = sum;
        sum += sums->in[i];
        size += sums->in[i] < 0 ? -sums->in[i] : sums->in[i];
        long double error = sums->out[i] - (sums->kind == ROVE_INCLUSIVE ? sum : exclusive);
        TEST_CHECK((error < 0 ? -error : error) <= size * DBL_EPSILON * (long double)(i + 1), "sum %zu of %zu is %g", i,
                   sums->count, sums->out[i]);
    }
}

static void check_numbers(rove_runtime **runtimes, size_t count, rove_scan_kind kind, struct test_random *random)
{
    struct sums one = {count, kind, take(count * 8), take(count * 8), -1}, many = one;
    many.out = take(count * 8);
    for (size_t i = 0; i < count; i++)
        one.in[i] = ((double)test_random_next(random) - 0x1p63) / (double)(1 + test_random_below(random, 1 << 30));
    TEST_CHECK(rove_run(runtimes[0], sums_scan, &one) == ROVE_OK, "one worker");
    sums_check(&one);
    for (int workers = 2; workers <= MOST_WORKERS; workers++) {
        memset(many.out, 0, count * 8);
        TEST_CHECK(rove_run(runtimes[workers - 1], sums_scan, &many) == ROVE_OK, "%d workers", workers);
        TEST_CHECK(!memcmp(one.out, many.out, count * 8) && !memcmp(&one.total, &many.total, sizeof one.total),
                   "%d workers have another sum of %zu than one", workers, count);
    }
    memcpy(many.out, one.in, count * 8);
    many.in = many.out;
    TEST_CHECK(rove_run(runtimes[3], sums_scan, &many) == ROVE_OK, "in place");
    TEST_CHECK(!memcmp(one.out, many.out, count * 8), "another sum of %zu in place", count);
    free(many.out);
    free(one.out);
    free(one.in);
}

static void test_floating_point_sums_are_the_same_for_any_number_of_workers(void **state)
{
    enum { LANE = 4088, BLOCK = 4 * LANE };
    static const size_t counts[] = {0,     1,         2,     LANE - 1,  LANE,          LANE + 1, BLOCK - 1,
                                    BLOCK, BLOCK + 1, 20000, 2 * BLOCK, 2 * BLOCK + 1, 99999};
    (void)state;
    struct test_random random = test_random_make(3);
    rove_runtime *runtimes[MOST_WORKERS];
    for (int i = 0; i < MOST_WORKERS; i++)
        runtimes[i] = test_runtime(i + 1);
    for (size_t i = 0; i < 2 * sizeof counts / sizeof *counts; i++)
        check_numbers(runtimes, counts[i / 2], i % 2 ? ROVE_EXCLUSIVE : ROVE_INCLUSIVE, &random);
    for (int i = 0; i < 3; i++)
        check_numbers(runtimes, (size_t)(test_scaled(700000, 100000) + i), i % 2 ? ROVE_EXCLUSIVE : ROVE_INCLUSIVE,
                      &random);
    for (int i = 0; i < MOST_WORKERS; i++)
        test_runtime_end(runtimes[i]);
}

static void test_arguments_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    int64_t in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8] = {0}, total = 55;
    double numbers[8] = {0};
    const rove_array_scan good = {
        .size = sizeof no_word, .identity = &no_word, .combine = word_append, .in = in, .out = out};
    rove_array_scan bad[9];
    for (int i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].kind = (rove_scan_kind)2;
    bad[1].size = 0;
    bad[2].identity = NULL;
    bad[3].combine = NULL;
    bad[4].in = NULL;
    bad[5].out = NULL;
    bad[6].in_stride = sizeof no_word - 1;
    bad[7].out_stride = 1;
    bad[8].out = in + 1;
    for (int i = 0; i < 9; i++)
        assert_int_equal(rove_scan_array(&bad[i], 4, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_array(NULL, 4, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_array(&good, SIZE_MAX / 2, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_i64((rove_scan_kind)-1, in, 8, out, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_i64(ROVE_INCLUSIVE, NULL, 8, out, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_i64(ROVE_INCLUSIVE, in, 8, NULL, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_i64(ROVE_INCLUSIVE, in, 7, in + 1, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_i64(ROVE_INCLUSIVE, in, SIZE_MAX / 8, out, &total), ROVE_INVALID);
    assert_int_equal(rove_scan_f64(ROVE_INCLUSIVE, numbers + 1, 7, numbers, NULL), ROVE_INVALID);
    assert_int_equal(total, 55);
    for (int i = 0; i < 8; i++)
        assert_true(in[i] == i + 1 && out[i] == 0);
    assert_int_equal(rove_scan_i64(ROVE_EXCLUSIVE, NULL, 0, NULL, &total), ROVE_OK);
    assert_int_equal(total, 0);
    assert_int_equal(rove_scan_i64(ROVE_INCLUSIVE, in, 4, in + 4, NULL), ROVE_OK);
    assert_int_equal(in[7], 10);
}

static void scan_in_scarcity(void *arg)
{
    enum { COUNT = 300000 };
    static int64_t in[COUNT], out[COUNT];
    struct test_random random = test_random_make(5);
    (void)arg;
    for (int i = 0; i < COUNT; i++)
        in[i] = (int64_t)test_random_below(&random, 1000);
    test_scarcity_begin();
    for (int repeat = 0; repeat < 20; repeat++)
        TEST_CHECK(rove_scan_i64(ROVE_INCLUSIVE, in, COUNT, out, NULL) == ROVE_OK, "a scan without memory");
    test_scarcity_end();
    int64_t sum = 0;
    for (int i = 0; i < COUNT; i++) {
        sum += in[i];
        TEST_CHECK(out[i] == sum, "sum %d is %lld", i, (long long)out[i]);
    }
}

static int scan_without_memory(void *arg)
{
    (void)arg;
    test_scarcity_prepare();
    rove_runtime *runtime = test_runtime(4);
    TEST_CHECK(rove_run(runtime, scan_in_scarcity, NULL) == ROVE_OK, "a child");
    test_runtime_end(runtime);
    return 0;
}

static void test_a_scan_needs_no_memory(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip();
    struct test_outcome outcome = test_in_child(scan_without_memory, NULL, WATCH_SECONDS / 2, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_array_of_any_values_is_scanned),
        cmocka_unit_test(test_integers_are_summed_up_and_wrap_around),
        cmocka_unit_test(test_floating_point_sums_are_the_same_for_any_number_of_workers),
        cmocka_unit_test(test_arguments_that_make_no_sense_are_refused),
        cmocka_unit_test(test_a_scan_needs_no_memory),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
