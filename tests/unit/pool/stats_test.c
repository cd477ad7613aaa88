/*
 * Numbers: counters that add up, histograms, what each worker is at, and all of it as text.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/pool.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 300 };

static int fail_every_third(void *arg, void **value)
{
    (void)arg;
    (void)value;
    return rove_current_job()->id % 3 == 0;
}

static void test_the_counters_add_up(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    for (uint64_t i = 0; i < JOBS; i++) {
        rove_job job = {.fn = fail_every_third, .id = i, .deadline = i % 3 == 1 && i % 2 ? 1 : 0};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    rove_pool_stats stats = test_pool_stats(pool);
    assert_int_equal(stats.capacity, 1024);
    assert_int_equal(stats.submitted, JOBS);
    assert_int_equal(stats.failed, JOBS / 3);
    assert_int_equal(stats.timed_out, JOBS / 6);
    assert_int_equal(stats.discarded, JOBS / 6);
    assert_int_equal(stats.completed, JOBS / 2);
    assert_int_equal(stats.canceled + stats.crashed + stats.retried + stats.stuck + stats.refused_full, 0);
    assert_true(stats.queued_most <= JOBS);
    assert_int_equal(rove_pool_submit(pool, fail_every_third, NULL), ROVE_CLOSED);
    assert_int_equal(test_pool_stats(pool).refused_closed, 1);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static uint64_t histogram_total(const rove_histogram *histogram)
{
    uint64_t total = 0;
    for (int i = 0; i < ROVE_HISTOGRAM_BUCKETS; i++)
        total += histogram->buckets[i];
    return total;
}

static int spin(void *arg, void **value)
{
    (void)arg;
    (void)value;
    test_spin_ns(20000);
    return 0;
}

static void test_histograms_count_every_run(void **state)
{
    (void)state;
    for (int untimed = 0; untimed <= 1; untimed++) {
        rove_runtime *runtime = test_runtime(2);
        rove_pool_config config = test_pool_config(runtime);
        config.is_untimed = untimed;
        rove_pool *pool = test_pool(&config);
        assert_int_equal(rove_pool_submit_many(pool, spin, NULL, 0, JOBS, NULL), ROVE_OK);
        assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
        rove_pool_stats stats = test_pool_stats(pool);
        assert_int_equal(stats.run_time.count, untimed ? 0 : JOBS);
        assert_int_equal(stats.waiting.count, untimed ? 0 : JOBS);
        assert_int_equal(histogram_total(&stats.run_time), stats.run_time.count);
        assert_int_equal(histogram_total(&stats.waiting), stats.waiting.count);
        if (!untimed) {
            assert_true(stats.run_time.sum >= (uint64_t)JOBS * 20000);
            assert_true(rove_histogram_quantile(&stats.run_time, 0.0) >= 20000);
            assert_true(rove_histogram_quantile(&stats.run_time, 1.0) >= rove_histogram_quantile(&stats.run_time, 0.5));
        }
        test_pool_end(pool);
        test_runtime_end(runtime);
    }
}

static void test_buckets_grow_by_at_most_a_quarter(void **state)
{
    (void)state;
    assert_true(rove_histogram_bound(ROVE_HISTOGRAM_BUCKETS - 1) == INT64_MAX);
    assert_true(rove_histogram_bound(ROVE_HISTOGRAM_BUCKETS) == INT64_MAX);
    assert_true(rove_histogram_bound(INT32_MAX) == INT64_MAX);
    for (int i = 1; i < ROVE_HISTOGRAM_BUCKETS - 1; i++) {
        int64_t below = rove_histogram_bound(i - 1), bound = rove_histogram_bound(i);
        TEST_CHECK(bound > below, "bucket %d ends at %lld, the one before at %lld", i, (long long)bound,
                   (long long)below);
        TEST_CHECK(bound - below <= (below + 3) / 4 + 1, "bucket %d: %lld to %lld", i, (long long)below,
                   (long long)bound);
    }
}

static void test_a_quantile_is_the_bound_of_its_bucket(void **state)
{
    (void)state;
    rove_histogram histogram = {.count = 100, .sum = 1};
    histogram.buckets[10] = 50;
    histogram.buckets[20] = 49;
    histogram.buckets[30] = 1;
    assert_int_equal(rove_histogram_quantile(&histogram, 0.0), rove_histogram_bound(10));
    assert_int_equal(rove_histogram_quantile(&histogram, 0.25), rove_histogram_bound(10));
    assert_int_equal(rove_histogram_quantile(&histogram, 0.5), rove_histogram_bound(10));
    assert_int_equal(rove_histogram_quantile(&histogram, 0.51), rove_histogram_bound(20));
    assert_int_equal(rove_histogram_quantile(&histogram, 0.99), rove_histogram_bound(20));
    assert_int_equal(rove_histogram_quantile(&histogram, 1.0), rove_histogram_bound(30));
    const rove_histogram none = {.count = 0};
    assert_int_equal(rove_histogram_quantile(&none, 0.5), 0);
    assert_int_equal(rove_histogram_quantile(NULL, 0.5), 0);
}

static void test_a_worker_says_what_it_is_at(void **state)
{
    (void)state;
    struct test_held held;
    rove_pool_worker workers[4];
    test_held_begin(&held, NULL);
    assert_int_equal(rove_pool_get_workers(held.pool, workers, 4), 1);
    assert_string_equal(workers[0].name, "held");
    assert_int_equal(workers[0].id, TEST_HELD_ID);
    assert_true(workers[0].age >= 0 && workers[0].worker >= 0);
    test_held_release(&held);
    for (int i = 0; i < 9; i++)
        assert_int_equal(rove_pool_submit(held.pool, spin, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_get_workers(held.pool, workers, 4), 1);
    assert_int_equal(workers[0].runs, 10);
    assert_true(workers[0].run_ns >= 9 * 20000);
    assert_null(workers[0].name);
    assert_int_equal(workers[0].age, -1);
    assert_int_equal(rove_pool_get_workers(held.pool, NULL, 0), 1);
    assert_true(rove_pool_imbalance(held.pool) > 0.99 && rove_pool_imbalance(held.pool) < 1.01);
    test_held_end(&held);
}

static void test_all_workers_together_have_run_all_jobs(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    rove_pool_worker workers[64];
    assert_int_equal(rove_pool_get_workers(pool, workers, 64), 0);
    assert_true(rove_pool_imbalance(pool) == 0);
    assert_int_equal(rove_pool_submit_many(pool, spin, NULL, 0, JOBS, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    size_t count = rove_pool_get_workers(pool, workers, 64);
    uint64_t runs = 0;
    assert_true(count >= 1 && count <= (size_t)rove_worker_limit(runtime));
    for (size_t i = 0; i < count; i++) {
        runs += workers[i].runs;
        assert_true(i == 0 || workers[i].worker > workers[i - 1].worker);
    }
    assert_int_equal(runs, JOBS);
    assert_true(rove_pool_imbalance(pool) >= 1 && rove_pool_imbalance(pool) <= (double)count);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

/* A text is whole in as much room as it says, and terminated in any. */
static char *text_of(const rove_pool *pool, size_t (*write)(const rove_pool *pool, char *text, size_t size))
{
    size_t size = write(pool, NULL, 0);
    assert_true(size > 0);
    char *text = malloc(2 * size + 1000);
    assert_non_null(text);
    memset(text, '#', 2 * size + 1000);
    assert_true(write(pool, text, 1) >= size / 2);
    assert_true(text[0] == '\0' && text[1] == '#');
    write(pool, text, 20);
    assert_true(strlen(text) == 19 && text[20] == '#');
    size = write(pool, text, 2 * size + 1000);
    assert_int_equal(strlen(text), size);
    return text;
}

static rove_pool *named(const char *name)
{
    rove_pool_config config = test_pool_config(NULL);
    config.name = name;
    config.levels = 2;
    config.placement = ROVE_PLACE_ROUND_ROBIN;
    config.lanes = 2;
    rove_pool *pool = test_pool(&config);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_pool_submit(pool, spin, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    return pool;
}

static void test_prometheus_can_read_it(void **state)
{
    (void)state;
    rove_pool *pool = named("a\"b\\c");
    char *text = text_of(pool, rove_pool_write_prometheus), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *number_end;
        if (strncmp(line, "# HELP rove_pool_", 17) == 0 || strncmp(line, "# TYPE rove_pool_", 17) == 0)
            continue;
        TEST_CHECK(strncmp(line, "rove_pool_", 10) == 0, "a line that is no metric: %s", line);
        TEST_CHECK(strstr(line, "pool=\"a\\\"b\\\\c\""), "a line without the pool: %s", line);
        char *number = strrchr(line, ' ');
        TEST_CHECK(number, "a line without a number: %s", line);
        strtod(number + 1, &number_end);
        TEST_CHECK(number_end > number + 1 && *number_end == '\0', "no number at the end: %s", line);
    }
    free(text);
    test_pool_end(pool);
}

/* Reads one JSON value and returns where it ends, or NULL. */
static const char *json_skip(const char *at, int depth)
{
    if (*at == '"') {
        for (at++; *at && *at != '"'; at++)
            if ((unsigned char)*at < 0x20 || (*at == '\\' && !*++at))
                return NULL;
        return *at ? at + 1 : NULL;
    }
    if (*at == '{' || *at == '[') {
        char close = *at == '{' ? '}' : ']';
        at += 1 + strspn(at + 1, " \n");
        while (*at != close) {
            at = depth > 8 ? NULL : json_skip(at, depth + 1);
            if (!at)
                return NULL;
            at += strspn(at, " \n");
            if (!strchr(",:}]", *at) || (*at != ':' && *at != ',' && *at != close))
                return NULL;
            at += *at == close ? 0 : 1 + strspn(at + 1, " \n");
        }
        return at + 1;
    }
    size_t length = strcspn(at, ",:]} \n");
    char *end;
    strtod(at, &end);
    bool is_word = !strncmp(at, "true", length) || !strncmp(at, "false", length) || !strncmp(at, "null", length);
    return length && (end == at + length || is_word) ? at + length : NULL;
}

static void test_json_is_one_object(void **state)
{
    (void)state;
    rove_pool *pool = named("a\"b\\c\n");
    char *text = text_of(pool, rove_pool_write_json);
    assert_int_equal(text[0], '{');
    const char *end = json_skip(text, 0);
    TEST_CHECK(end && end[strspn(end, "\n")] == '\0', "no JSON: %s", text);
    assert_non_null(strstr(text, "\"submitted\""));
    assert_non_null(strstr(text, "a\\\"b\\\\c"));
    free(text);
    test_pool_end(pool);
}

static void test_the_text_is_saved_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    rove_pool *pool = named("saved");
    char folder[] = "/tmp/rove-pool-XXXXXX", path[64], line[200];
    rove_report report = {""};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/pool.prom", folder);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rove_pool_save_prometheus(pool, path, NULL), ROVE_OK);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(line[0], '#');
    fclose(file);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left there */
    assert_int_equal(rove_pool_save_prometheus(pool, path, &report), ROVE_FAILED);
    assert_non_null(strstr(report.text, "rove-pool-"));
    assert_int_equal(rove_pool_save_prometheus(pool, path, NULL), ROVE_FAILED);
    assert_int_equal(rove_pool_save_prometheus(pool, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_pool_save_prometheus(NULL, path, NULL), ROVE_INVALID);
    test_pool_end(pool);
}

static void test_nothing_has_no_numbers(void **state)
{
    (void)state;
    rove_pool_stats stats;
    rove_progress progress;
    char text[4] = "abc";
    rove_pool *pool = test_pool(NULL);
    assert_int_equal(rove_pool_get_stats(NULL, &stats), ROVE_INVALID);
    assert_int_equal(rove_pool_get_stats(pool, NULL), ROVE_INVALID);
    assert_int_equal(rove_pool_get_progress(NULL, &progress), ROVE_INVALID);
    assert_int_equal(rove_pool_get_progress(pool, NULL), ROVE_INVALID);
    assert_int_equal(rove_pool_get_workers(NULL, NULL, 0), 0);
    assert_true(rove_pool_imbalance(NULL) == 0);
    assert_int_equal(rove_pool_write_prometheus(NULL, text, sizeof text), 0);
    assert_int_equal(text[0], '\0');
    assert_int_equal(rove_pool_write_json(NULL, NULL, 0), 0);
    test_pool_end(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_counters_add_up),
        cmocka_unit_test(test_histograms_count_every_run),
        cmocka_unit_test(test_buckets_grow_by_at_most_a_quarter),
        cmocka_unit_test(test_a_quantile_is_the_bound_of_its_bucket),
        cmocka_unit_test(test_a_worker_says_what_it_is_at),
        cmocka_unit_test(test_all_workers_together_have_run_all_jobs),
        cmocka_unit_test(test_prometheus_can_read_it),
        cmocka_unit_test(test_json_is_one_object),
        cmocka_unit_test(test_the_text_is_saved_as_a_whole_or_not_at_all),
        cmocka_unit_test(test_nothing_has_no_numbers),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
