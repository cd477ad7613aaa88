/*
 * Sums, products and extremes of arrays: the same bits everywhere, as exact as is promised, and right for numbers that
 * are none.
 */
#include <float.h>
#include <math.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, NUMBERS = 60000, SIZES = 60 };

static double left_numbers[NUMBERS];
static double right_numbers[NUMBERS];
static float floats[NUMBERS];

/* The sizes that every runtime is tried with, and where in the arrays they begin: not all are aligned. */
static size_t sizes[SIZES];
static size_t offsets[SIZES];

/* What the first runtime found. */
struct results {
    double sum, product, least, most;
    float sum_of_floats;
};

static struct results wanted[SIZES];

static double random_number(struct test_random *random)
{
    double number = (double)(test_random_next(random) >> 11) / 9007199254740992.0 - 0.5;
    return ldexp(number, (int)test_random_below(random, 40) - 20);
}

static int prepare(void **state)
{
    static const size_t edges[] = {0, 1, 2, 7, 8, 9, 31, 32, 33, 511, 512, 513, 4095, 4096, 4097, 8192, 8193, 59990};
    (void)state;
    struct test_random random = test_random_make(0);
    for (size_t i = 0; i < NUMBERS; i++) {
        left_numbers[i] = random_number(&random);
        right_numbers[i] = random_number(&random);
        floats[i] = (float)random_number(&random);
    }
    for (size_t i = 0; i < SIZES; i++) {
        offsets[i] = test_random_below(&random, 10);
        sizes[i] =
            i < sizeof edges / sizeof *edges ? edges[i] : test_random_below(&random, i % 2 ? 5000 : NUMBERS - 10);
    }
    return 0;
}

static struct results compute(size_t i)
{
    struct results results;
    const double *left = left_numbers + offsets[i], *right = right_numbers + offsets[i];
    TEST_CHECK(rove_sum_f64(left, sizes[i], &results.sum) == ROVE_OK, "sum");
    TEST_CHECK(rove_dot_f64(left, right, sizes[i], &results.product) == ROVE_OK, "product");
    TEST_CHECK(rove_min_f64(left, sizes[i], &results.least) == ROVE_OK, "least");
    TEST_CHECK(rove_max_f64(left, sizes[i], &results.most) == ROVE_OK, "most");
    TEST_CHECK(rove_sum_f32(floats + offsets[i], sizes[i], &results.sum_of_floats) == ROVE_OK, "sum of floats");
    return results;
}

static bool is_same(double left, double right)
{
    return !memcmp(&left, &right, sizeof left);
}

static void compare(void *arg)
{
    for (size_t i = 0; i < SIZES; i++) {
        struct results results = compute(i);
        TEST_CHECK(is_same(results.sum, wanted[i].sum) && is_same(results.product, wanted[i].product) &&
                       is_same(results.least, wanted[i].least) && is_same(results.most, wanted[i].most) &&
                       is_same((double)results.sum_of_floats, (double)wanted[i].sum_of_floats),
                   "%zu numbers, %d workers", sizes[i], *(int *)arg);
    }
}

static void first_results(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < SIZES; i++)
        wanted[i] = compute(i);
}

static void test_all_runtimes_find_the_same_bits(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers += 1 + workers / 3) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 2; i++)
            assert_int_equal(rove_run(runtime, workers == 1 && i == 0 ? first_results : compare, &workers), ROVE_OK);
        test_runtime_end(runtime);
    }
    int outside = 0;
    compare(&outside);
}

/* Each number is rounded at most so often: the bound of Higham's analysis, in units of the type. */
static double allowed_error(size_t count, long double magnitudes)
{
    return ((count ? log2((double)count) : 0) + 5) * (double)magnitudes * DBL_EPSILON / 2;
}

static void test_sums_are_as_exact_as_promised(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        struct results results = compute(i);
        long double sum = 0, sums = 0, product = 0, products = 0, of_floats = 0, sums_of_floats = 0;
        for (size_t j = offsets[i]; j < offsets[i] + sizes[i]; j++) {
            long double term = (long double)left_numbers[j] * right_numbers[j];
            sum += left_numbers[j], sums += fabs(left_numbers[j]);
            product += term, products += fabsl(term);
            of_floats += floats[j], sums_of_floats += fabsf(floats[j]);
        }
        assert_true(fabs((double)(results.sum - sum)) <= allowed_error(sizes[i], sums));
        assert_true(fabs((double)(results.product - product)) <= allowed_error(sizes[i], products));
        assert_true(fabs((double)(results.sum_of_floats - of_floats)) <=
                    allowed_error(sizes[i], sums_of_floats) + fabs((double)of_floats) * FLT_EPSILON / 2);
    }
}

static void test_extremes_are_found_wherever_they_are(void **state)
{
    (void)state;
    struct test_random random = test_random_make(1);
    static double numbers[5000];
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + test_random_below(&random, round % 10 ? 40 : 5000);
        size_t low = test_random_below(&random, count), high = test_random_below(&random, count);
        double least, most;
        for (size_t i = 0; i < count; i++)
            numbers[i] = random_number(&random);
        numbers[low] = -1e30;
        assert_int_equal(rove_min_f64(numbers, count, &least), ROVE_OK);
        assert_true(is_same(least, -1e30));
        numbers[high] = 1e30;
        assert_int_equal(rove_max_f64(numbers, count, &most), ROVE_OK);
        assert_true(is_same(most, 1e30));
        numbers[test_random_below(&random, count)] = NAN;
        assert_int_equal(rove_min_f64(numbers, count, &least), ROVE_OK);
        assert_int_equal(rove_max_f64(numbers, count, &most), ROVE_OK);
        assert_true(isnan(least) && isnan(most));
    }
}

static void test_infinities_and_nothing_have_their_values(void **state)
{
    (void)state;
    static const double both[] = {INFINITY, 1, -INFINITY, -2}, high[] = {INFINITY, INFINITY};
    double value;
    float sum = 5;
    assert_true(rove_min_f64(both, 4, &value) == ROVE_OK && is_same(value, -INFINITY));
    assert_true(rove_max_f64(both, 4, &value) == ROVE_OK && is_same(value, INFINITY));
    assert_true(rove_sum_f64(both, 4, &value) == ROVE_OK && isnan(value));
    assert_true(rove_sum_f64(high, 2, &value) == ROVE_OK && is_same(value, INFINITY));
    assert_true(rove_min_f64(high, 2, &value) == ROVE_OK && is_same(value, INFINITY));
    assert_true(rove_min_f64(NULL, 0, &value) == ROVE_OK && is_same(value, INFINITY));
    assert_true(rove_max_f64(NULL, 0, &value) == ROVE_OK && is_same(value, -INFINITY));
    assert_true(rove_sum_f64(NULL, 0, &value) == ROVE_OK && is_same(value, 0));
    assert_true(rove_dot_f64(NULL, NULL, 0, &value) == ROVE_OK && is_same(value, 0));
    assert_true(rove_sum_f32(NULL, 0, &sum) == ROVE_OK && is_same((double)sum, 0));
}

static void test_arrays_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    double value = 5;
    float sum = 5;
    assert_int_equal(rove_sum_f64(NULL, 1, &value), ROVE_INVALID);
    assert_int_equal(rove_sum_f64(left_numbers, 1, NULL), ROVE_INVALID);
    assert_int_equal(rove_sum_f64(left_numbers, SIZE_MAX / 8, &value), ROVE_INVALID);
    assert_int_equal(rove_sum_f32(NULL, 1, &sum), ROVE_INVALID);
    assert_int_equal(rove_sum_f32(floats, 1, NULL), ROVE_INVALID);
    assert_int_equal(rove_dot_f64(left_numbers, NULL, 1, &value), ROVE_INVALID);
    assert_int_equal(rove_dot_f64(NULL, left_numbers, 1, &value), ROVE_INVALID);
    assert_int_equal(rove_min_f64(NULL, 1, &value), ROVE_INVALID);
    assert_int_equal(rove_max_f64(left_numbers, 1, NULL), ROVE_INVALID);
    assert_true(value == 5 && sum == 5);
}

static void canceled_sum(void *arg)
{
    double value;
    rove_scope_cancel(rove_current_scope());
    TEST_CHECK(rove_sum_f64(left_numbers, NUMBERS, &value) == ROVE_CANCELED, "a sum in a canceled scope");
    (void)arg;
}

static void test_a_sum_is_a_scope(void **state)
{
    (void)state;
    rove_scope scope = {0};
    assert_int_equal(rove_scope_run(&scope, NULL, canceled_sum, NULL), ROVE_CANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_runtimes_find_the_same_bits),
        cmocka_unit_test(test_sums_are_as_exact_as_promised),
        cmocka_unit_test(test_extremes_are_found_wherever_they_are),
        cmocka_unit_test(test_infinities_and_nothing_have_their_values),
        cmocka_unit_test(test_arrays_that_make_no_sense_are_refused),
        cmocka_unit_test(test_a_sum_is_a_scope),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, prepare, NULL);
}
