/*
 * A pool's figures as JSON: read back by a parser that accepts nothing but the format, and compared with the
 * statistics. What odd strings become is in text_test.c.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

#include "written.h"

static const char *json_skip(const char *at, int depth);

static const char *json_skip_string(const char *at)
{
    TEST_CHECK(*at == '"', "no string: %.40s", at);
    for (at++; *at != '"'; at++) {
        TEST_CHECK((unsigned char)*at >= ' ', "a control character, or no end, in a string");
        if (*at != '\\')
            continue;
        at++;
        bool is_code = *at == 'u' && strspn(at + 1, "0123456789abcdef") >= 4;
        TEST_CHECK(is_code || (*at && strchr("\"\\/bfnrt", *at)), "a bad escape: %.8s", at);
        at += is_code ? 4 : 0;
    }
    return at + 1;
}

static const char *json_skip_number(const char *at)
{
    const char *begin = at;
    at += *at == '-';
    size_t digits = strspn(at, "0123456789");
    TEST_CHECK(digits == 1 || (digits > 1 && *at != '0'), "no number: %.40s", begin);
    at += digits;
    if (*at == '.') {
        digits = strspn(at + 1, "0123456789");
        TEST_CHECK(digits > 0, "no digits: %.40s", begin);
        at += 1 + digits;
    }
    return at;
}

static const char *json_skip_all(const char *at, char close, int depth)
{
    if (at[1] == close)
        return at + 2;
    do {
        at++;
        if (close == '}') {
            at = json_skip_string(at);
            TEST_CHECK(*at++ == ':', "no value: %.40s", at);
        }
        at = json_skip(at, depth + 1);
    } while (*at == ',');
    TEST_CHECK(*at == close, "no end: %.40s", at);
    return at + 1;
}

/* Where the value at `at` ends; fails unless it is one. */
static const char *json_skip(const char *at, int depth)
{
    TEST_CHECK(depth < 10, "too deep");
    if (*at == '{')
        return json_skip_all(at, '}', depth);
    if (*at == '[')
        return json_skip_all(at, ']', depth);
    if (*at == '"')
        return json_skip_string(at);
    if (strncmp(at, "null", 4) == 0)
        return at + 4;
    return json_skip_number(at);
}

/* The value of a member of the object at `at`; fails if there is none. */
static const char *json_member(const char *at, const char *name)
{
    size_t length = strlen(name);
    TEST_CHECK(*at == '{', "no object: %.40s", at);
    for (at++; *at == '"'; at += *at == ',') {
        const char *value = json_skip_string(at) + 1;
        if (strncmp(at + 1, name, length) == 0 && at[1 + length] == '"')
            return value;
        at = json_skip(value, 0);
    }
    TEST_CHECK(false, "no %s", name);
    return NULL;
}

static void expect_member(const char *object, const char *name, const char *expected)
{
    const char *value = json_member(object, name);
    size_t length = (size_t)(json_skip(value, 0) - value);
    TEST_CHECK(length == strlen(expected) && memcmp(value, expected, length) == 0, "%s is %.*s instead of %s", name,
               (int)length, value, expected);
}

static void expect_number(const char *object, const char *name, uint64_t expected)
{
    char text[FIELD];
    snprintf(text, sizeof text, "%llu", (unsigned long long)expected);
    expect_member(object, name, text);
}

/* The element of the array at `at`, or NULL. */
static const char *json_element(const char *at, int index)
{
    TEST_CHECK(*at == '[', "no array: %.40s", at);
    for (at++; *at != ']'; at += *at == ',') {
        if (index-- == 0)
            return at;
        at = json_skip(at, 0);
    }
    return NULL;
}

static char *json_of(const rove_pool *pool)
{
    size_t size = rove_pool_write_json(pool, NULL, 0) + FIELD; /* the progress is as of the moment */
    char *text = malloc(size);
    assert_non_null(text);
    size_t length = rove_pool_write_json(pool, text, size);
    assert_in_range(length, 1, size - 1);
    assert_int_equal(strlen(text), length);
    assert_int_equal(*json_skip(text, 0), '\0');
    return text;
}

static void expect_json_histogram(const char *json, const char *name, const rove_histogram *histogram)
{
    const char *object = json_member(json, name);
    expect_number(object, "count", histogram->count);
    expect_number(object, "sum_ns", histogram->sum);
    expect_number(object, "mean_ns", histogram->sum / histogram->count);
    expect_number(object, "p50_ns", (uint64_t)rove_histogram_quantile(histogram, 0.5));
    expect_number(object, "p90_ns", (uint64_t)rove_histogram_quantile(histogram, 0.9));
    expect_number(object, "p99_ns", (uint64_t)rove_histogram_quantile(histogram, 0.99));
    expect_number(object, "p999_ns", (uint64_t)rove_histogram_quantile(histogram, 0.999));
    const char *buckets = json_member(object, "buckets");
    int index = 0;
    for (int i = 0; i < ROVE_HISTOGRAM_BUCKETS; i++) {
        if (histogram->buckets[i] == 0)
            continue;
        const char *bucket = json_element(buckets, index++);
        assert_non_null(bucket);
        expect_number(bucket, "le_ns", (uint64_t)rove_histogram_bound(i));
        expect_number(bucket, "count", histogram->buckets[i]);
    }
    assert_null(json_element(buckets, index));
}

static void test_json_reads_what_the_statistics_say(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = written_pool(runtime, "history");
    char *json = json_of(pool);
    rove_pool_stats stats = test_pool_stats(pool);
    expect_member(json, "pool", "\"history\"");
    expect_member(json, "state", "\"closed\"");
    expect_number(json, "capacity", 1024);
    expect_number(json, "queued", 0);
    expect_number(json, "queued_most", stats.queued_most);
    expect_number(json, "held", 0);
    expect_number(json, "running", 0);
    expect_number(json, "results_unread", 0);
    expect_number(json, "submitted", 13);
    expect_number(json, "refused_full", 0);
    expect_number(json, "refused_closed", 2);
    expect_number(json, "completed", 5);
    expect_number(json, "failed", 5);
    expect_number(json, "canceled", 0);
    expect_number(json, "timed_out", 3);
    expect_number(json, "crashed", 0);
    expect_number(json, "discarded", 3);
    expect_number(json, "retried", 0);
    expect_number(json, "helped", stats.helped);
    expect_number(json, "moved", stats.moved);
    expect_number(json, "stuck", 0);
    expect_number(json, "results_dropped", 0);
    expect_json_histogram(json, "waiting", &stats.waiting);
    expect_json_histogram(json, "run_time", &stats.run_time);
    const char *progress = json_member(json, "progress");
    expect_number(progress, "done", 13);
    expect_number(progress, "failed", 8);
    expect_number(progress, "total", 13);
    const char *lanes = json_member(json, "lanes");
    assert_non_null(json_element(lanes, 2));
    assert_null(json_element(lanes, 3));
    free(json);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_a_job_at_work_is_named(void **state)
{
    (void)state;
    struct test_held held;
    test_held_begin(&held, NULL);
    assert_int_equal(rove_pool_submit(held.pool, written_fail_odd, NULL), ROVE_OK);
    char *json = json_of(held.pool);
    expect_member(json, "state", "\"open\"");
    expect_number(json, "queued", 1);
    expect_number(json, "running", 1);
    const char *worker = json_element(json_member(json, "workers"), 0);
    assert_non_null(worker);
    const char *job = json_member(worker, "job");
    expect_number(job, "id", TEST_HELD_ID);
    expect_member(job, "name", "\"held\"");
    assert_true(*json_member(job, "age_ns") != '-');
    free(json);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    json = json_of(held.pool);
    expect_member(json_element(json_member(json, "workers"), 0), "job", "null");
    free(json);
    test_held_end(&held);
}

static void test_what_has_no_bound_is_null(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.capacity = ROVE_UNBOUNDED;
    rove_pool *pool = test_pool(&config);
    char *json = json_of(pool);
    expect_member(json, "capacity", "null");
    expect_member(json, "lanes", "[]");
    expect_member(json, "workers", "[]");
    free(json);
    test_pool_end(pool);
}

static void test_a_pool_that_takes_no_times_tells_none(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.is_untimed = true;
    rove_pool *pool = test_pool(&config);
    written_make_history(pool);
    char *json = json_of(pool);
    assert_null(strstr(json, "\"run_time\""));
    assert_null(strstr(json, "\"run_ns\""));
    expect_number(json, "submitted", 13);
    free(json);
    test_pool_end(pool);
}

static void test_odd_names_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *expected;
    } cases[] = {
        {"plain", "\"plain\""},
        {"a\"b\\c\nd", "\"a\\\"b\\\\c\\u000ad\""},
        {"{}=,# ", "\"{}=,# \""},
        {"\xff\r", "\"\xef\xbf\xbd\\u000d\""},
        /* Cut off within a character. */
        {"012345678901234567890123456789\xc3\xbc", "\"012345678901234567890123456789\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rove_pool_config config = test_pool_config(NULL);
        config.name = cases[i].name;
        rove_pool *pool = test_pool(&config);
        char *json = json_of(pool);
        expect_member(json, "pool", cases[i].expected);
        free(json);
        test_pool_end(pool);
    }
}

/* The progress, which comes last, is as of the moment. */
static void test_text_is_cut_off_at_every_size(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = written_pool(runtime, "a \"b\"");
    char *whole = json_of(pool);
    written_expect_cut_off(pool, rove_pool_write_json, whole, (size_t)(strstr(whole, "\"progress\"") - whole));
    free(whole);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

/* The parser accepts no comma in a number. */
static void test_no_locale_changes_a_number(void **state)
{
    bool is_set = written_set_locale();
    test_json_reads_what_the_statistics_say(state);
    setlocale(LC_ALL, "C");
    if (!is_set)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_reads_what_the_statistics_say),
        cmocka_unit_test(test_a_job_at_work_is_named),
        cmocka_unit_test(test_what_has_no_bound_is_null),
        cmocka_unit_test(test_a_pool_that_takes_no_times_tells_none),
        cmocka_unit_test(test_odd_names_are_escaped),
        cmocka_unit_test(test_text_is_cut_off_at_every_size),
        cmocka_unit_test(test_no_locale_changes_a_number),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
