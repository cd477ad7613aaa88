/*
 * Histograms of times: the buckets cover all times without a gap, and quantiles are what a sorted list says, rounded up
 * to the bound of a bucket.
 */
#include "runtime/pool/worker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { LAST = ROVE_HISTOGRAM_BUCKETS - 1 };

static void test_bounds_grow_up_to_the_greatest_time(void **state)
{
    (void)state;
    assert_int_equal(rove_histogram_bound(-1), -1);
    assert_int_equal(rove_histogram_bound(INT32_MIN), -1);
    assert_int_equal(rove_histogram_bound(0), 0);
    for (int bucket = 1; bucket < ROVE_HISTOGRAM_BUCKETS; bucket++)
        assert_true(rove_histogram_bound(bucket) > rove_histogram_bound(bucket - 1));
    assert_true(rove_histogram_bound(LAST - 1) < INT64_MAX);
    assert_true(rove_histogram_bound(LAST) == INT64_MAX);
    assert_true(rove_histogram_bound(LAST + 1) == INT64_MAX);
    assert_true(rove_histogram_bound(INT32_MAX) == INT64_MAX);
}

static void test_each_bucket_begins_where_the_one_before_ends(void **state)
{
    (void)state;
    for (int bucket = 0; bucket < ROVE_HISTOGRAM_BUCKETS; bucket++) {
        assert_int_equal(histogram_bucket(rove_histogram_bound(bucket)), bucket);
        assert_int_equal(histogram_bucket(rove_histogram_bound(bucket - 1) + 1), bucket);
    }
}

static void test_a_time_is_known_to_within_a_quarter(void **state)
{
    (void)state;
    for (int bucket = 0; bucket < LAST; bucket++) {
        int64_t least = rove_histogram_bound(bucket - 1) + 1;
        assert_true(rove_histogram_bound(bucket) - least <= least / 4);
    }
}

static void test_extreme_times_have_buckets(void **state)
{
    (void)state;
    assert_int_equal(histogram_bucket(0), 0);
    assert_int_equal(histogram_bucket(-1), 0);
    assert_int_equal(histogram_bucket(INT64_MIN), 0);
    assert_int_equal(histogram_bucket(INT64_MAX), LAST);
    assert_int_equal(histogram_bucket(INT64_MAX - 1), LAST);
}

static void histogram_add(rove_histogram *histogram, int64_t time)
{
    histogram->count++;
    histogram->sum += (uint64_t)time;
    histogram->buckets[histogram_bucket(time)]++;
}

static const double quantiles[] = {0, 1e-9, 0.01, 0.07, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1 - 1e-9, 1};
enum { QUANTILES = sizeof quantiles / sizeof *quantiles, TIMES_MAX = 3000 };

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* What rove_histogram_quantile must say, by a list of all times. */
static int64_t quantile_of_list(const int64_t *sorted, int count, double quantile)
{
    long double exact = roundl((long double)quantile * 1e9L) / 1e9L * count; /* the decimal that is meant */
    int rank = (int)ceill(exact - 1e-10L);
    rank = rank < 1 ? 1 : rank > count ? count : rank;
    return rove_histogram_bound(histogram_bucket(sorted[rank - 1]));
}

static void test_quantiles_are_those_of_a_sorted_list(void **state)
{
    (void)state;
    static int64_t times[TIMES_MAX];
    struct test_random random = test_random_make(1);
    for (int count = 1; count <= TIMES_MAX; count = count < 110 ? count + 1 : count * 3) {
        rove_histogram histogram = {0};
        for (int i = 0; i < count; i++) {
            times[i] = (int64_t)(test_random_next(&random) >> (1 + test_random_below(&random, 63)));
            histogram_add(&histogram, times[i]);
        }
        qsort(times, (size_t)count, sizeof *times, compare_times);
        for (int q = 0; q < QUANTILES; q++)
            assert_int_equal(rove_histogram_quantile(&histogram, quantiles[q]),
                             quantile_of_list(times, count, quantiles[q]));
    }
}

static void test_a_fraction_that_is_no_binary_number_costs_no_rank(void **state)
{
    (void)state;
    rove_histogram histogram = {0};
    for (int i = 0; i < 7; i++)
        histogram_add(&histogram, 1);
    for (int i = 7; i < 100; i++)
        histogram_add(&histogram, 1000);
    assert_int_equal(rove_histogram_quantile(&histogram, 0.07), 1);
    assert_true(rove_histogram_quantile(&histogram, 0.0701) >= 1000);
}

static void test_quantiles_of_one_time_are_all_the_same(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 3, 4, 1000000007, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        rove_histogram histogram = {0};
        histogram_add(&histogram, times[i]);
        for (int q = 0; q < QUANTILES; q++)
            assert_true(rove_histogram_quantile(&histogram, quantiles[q]) ==
                        rove_histogram_bound(histogram_bucket(times[i])));
    }
}

static void test_quantiles_of_nothing_are_zero(void **state)
{
    (void)state;
    rove_histogram histogram = {0};
    for (int q = 0; q < QUANTILES; q++) {
        assert_int_equal(rove_histogram_quantile(&histogram, quantiles[q]), 0);
        assert_int_equal(rove_histogram_quantile(NULL, quantiles[q]), 0);
    }
}

static void test_a_quantile_that_is_none_is_the_nearest(void **state)
{
    (void)state;
    rove_histogram histogram = {0};
    histogram_add(&histogram, 2);
    histogram_add(&histogram, 5);
    assert_int_equal(rove_histogram_quantile(&histogram, -1), 2);
    assert_int_equal(rove_histogram_quantile(&histogram, -INFINITY), 2);
    assert_int_equal(rove_histogram_quantile(&histogram, NAN), 2);
    assert_int_equal(rove_histogram_quantile(&histogram, 2), 5);
    assert_int_equal(rove_histogram_quantile(&histogram, INFINITY), 5);
}

/* Counters of different moments: a reader may see a count before the bucket, or one that has come all the way round. */
static void test_a_count_beyond_the_buckets_is_their_last(void **state)
{
    (void)state;
    rove_histogram histogram = {.count = UINT64_MAX};
    histogram.buckets[7] = 1;
    assert_int_equal(rove_histogram_quantile(&histogram, 0.5), rove_histogram_bound(7));
    assert_int_equal(rove_histogram_quantile(&histogram, 1), rove_histogram_bound(7));
    histogram.buckets[LAST] = UINT64_MAX - 1;
    assert_int_equal(rove_histogram_quantile(&histogram, 0), rove_histogram_bound(7));
    assert_true(rove_histogram_quantile(&histogram, 1 - 1e-16) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds_grow_up_to_the_greatest_time),
        cmocka_unit_test(test_each_bucket_begins_where_the_one_before_ends),
        cmocka_unit_test(test_a_time_is_known_to_within_a_quarter),
        cmocka_unit_test(test_extreme_times_have_buckets),
        cmocka_unit_test(test_quantiles_are_those_of_a_sorted_list),
        cmocka_unit_test(test_a_fraction_that_is_no_binary_number_costs_no_rank),
        cmocka_unit_test(test_quantiles_of_one_time_are_all_the_same),
        cmocka_unit_test(test_quantiles_of_nothing_are_zero),
        cmocka_unit_test(test_a_quantile_that_is_none_is_the_nearest),
        cmocka_unit_test(test_a_count_beyond_the_buckets_is_their_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
