/*
 * A pool's figures for Prometheus: read back by a parser that accepts nothing but the format, and compared with the
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

enum { SAMPLES_MAX = 400, LABELS_MAX = 3 };

struct label {
    char name[FIELD];
    char value[FIELD];
};

struct sample {
    char name[FIELD];
    struct label labels[LABELS_MAX];
    int label_count;
    double value;
};

struct exposition {
    struct sample samples[SAMPLES_MAX];
    int count;
};

static bool is_name(char byte, bool is_first)
{
    return (byte >= 'a' && byte <= 'z') || byte == '_' || (!is_first && byte >= '0' && byte <= '9');
}

/* A name at `at`; returns where it ends. */
static const char *read_name(const char *at, char *name)
{
    size_t length = 0;
    while (is_name(at[length], length == 0))
        length++;
    TEST_CHECK(length > 0 && length < FIELD, "no name: %.40s", at);
    memcpy(name, at, length);
    name[length] = '\0';
    return at + length;
}

/* The value of a label, behind its opening quote. */
static const char *read_value(const char *at, char *value)
{
    size_t length = 0;
    for (; *at != '"'; at++) {
        TEST_CHECK(*at && *at != '\n' && length + 1 < FIELD, "no end of a label: %s", value);
        bool is_escaped = *at == '\\';
        at += is_escaped;
        TEST_CHECK(!is_escaped || *at == 'n' || *at == '\\' || *at == '"', "an escape of no meaning: %c", *at);
        value[length++] = is_escaped && *at == 'n' ? '\n' : *at;
    }
    value[length] = '\0';
    return at + 1;
}

static const char *read_labels(const char *at, struct sample *sample)
{
    do {
        TEST_CHECK(sample->label_count < LABELS_MAX, "too many labels");
        struct label *label = &sample->labels[sample->label_count++];
        at = read_name(at + 1, label->name);
        TEST_CHECK(at[0] == '=' && at[1] == '"', "no label: %.40s", at);
        at = read_value(at + 2, label->value);
    } while (*at == ',');
    TEST_CHECK(*at == '}', "no end of the labels: %.40s", at);
    return at + 1;
}

/* The number at the end of a line: digits with a point, whatever the locale says. */
static const char *read_number(const char *at, double *value)
{
    if (strncmp(at, "+Inf\n", 5) == 0) {
        *value = (double)INT64_MAX;
        return at + 5;
    }
    double unit = 1;
    const char *begin = at;
    for (*value = 0; *at >= '0' && *at <= '9'; at++)
        *value = *value * 10 + (*at - '0');
    TEST_CHECK(at > begin, "no number: %.40s", begin);
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++)
            *value += (unit /= 10) * (*at - '0');
    TEST_CHECK(*at == '\n', "no end of a number: %.40s", begin);
    return at + 1;
}

static bool sample_is_same(const struct sample *a, const struct sample *b)
{
    if (strcmp(a->name, b->name) || a->label_count != b->label_count)
        return false;
    for (int i = 0; i < a->label_count; i++)
        if (strcmp(a->labels[i].name, b->labels[i].name) || strcmp(a->labels[i].value, b->labels[i].value))
            return false;
    return true;
}

/* Whether samples of that name may stand below "# TYPE family type". */
static bool sample_belongs(const char *name, const char *family, const char *type)
{
    size_t length = strlen(family);
    if (strncmp(name, family, length))
        return false;
    if (strcmp(type, "histogram"))
        return name[length] == '\0';
    return !strcmp(name + length, "_bucket") || !strcmp(name + length, "_sum") || !strcmp(name + length, "_count");
}

/* "# <what> family ...": the family, and the rest of the line. */
static const char *read_comment(const char *at, const char *what, char *family, char *rest)
{
    size_t length = strlen(what);
    TEST_CHECK(strncmp(at, what, length) == 0, "not %s: %.60s", what, at);
    at = read_name(at + length, family);
    const char *end = strchr(at, '\n');
    TEST_CHECK(end && *at == ' ' && end - at > 1 && end - at < FIELD, "nothing about %s", family);
    memcpy(rest, at + 1, (size_t)(end - at - 1));
    rest[end - at - 1] = '\0';
    return end + 1;
}

/* A family of samples; none of an earlier one. */
static const char *read_family(const char *at, struct exposition *read)
{
    char family[FIELD], again[FIELD], help[FIELD], type[FIELD];
    at = read_comment(at, "# HELP ", family, help);
    at = read_comment(at, "# TYPE ", again, type);
    assert_string_equal(family, again);
    assert_true(!strcmp(type, "counter") || !strcmp(type, "gauge") || !strcmp(type, "histogram"));
    size_t length = strlen(family);
    assert_int_equal(!strcmp(type, "counter"), length > 6 && !strcmp(family + length - 6, "_total"));
    for (int i = 0; i < read->count; i++)
        assert_false(sample_belongs(read->samples[i].name, family, type));
    while (*at && *at != '#') {
        assert_in_range(read->count, 0, SAMPLES_MAX - 1);
        struct sample *sample = &read->samples[read->count];
        at = read_name(at, sample->name);
        TEST_CHECK(sample_belongs(sample->name, family, type), "%s below %s", sample->name, family);
        if (*at == '{')
            at = read_labels(at, sample);
        TEST_CHECK(*at == ' ', "no number: %.40s", at);
        at = read_number(at + 1, &sample->value);
        for (int i = 0; i < read->count; i++)
            TEST_CHECK(!sample_is_same(&read->samples[i], sample), "%s twice", sample->name);
        read->count++;
    }
    return at;
}

/* What the pool says to Prometheus. */
static struct exposition *exposition_of(const rove_pool *pool)
{
    struct exposition *read = calloc(1, sizeof *read);
    size_t size = rove_pool_write_prometheus(pool, NULL, 0) + FIELD;
    char *text = malloc(size);
    assert_true(read && text);
    size_t length = rove_pool_write_prometheus(pool, text, size);
    assert_in_range(length, 1, size - 1);
    assert_int_equal(strlen(text), length);
    for (const char *at = text; *at;)
        at = read_family(at, read);
    free(text);
    return read;
}

/* The value of the sample with that label, or -1. */
static double sample_find(const struct exposition *read, const char *name, const char *label, const char *value)
{
    for (int i = 0; i < read->count; i++) {
        const struct sample *sample = &read->samples[i];
        int last = sample->label_count - 1;
        if (strcmp(sample->name, name) || last != (label ? 1 : 0))
            continue;
        if (!label || (!strcmp(sample->labels[last].name, label) && !strcmp(sample->labels[last].value, value)))
            return sample->value;
    }
    return -1;
}

static void expect_sample(const struct exposition *read, const char *name, const char *label, const char *value,
                          uint64_t expected)
{
    double found = sample_find(read, name, label, value);
    TEST_CHECK(found == (double)expected, "%s{%s=%s} is %f instead of %llu", name, label ? label : "",
               label ? value : "", found, (unsigned long long)expected);
}

static void expect_histogram(const struct exposition *read, const char *name, const rove_histogram *histogram)
{
    char bucket[FIELD], count[FIELD], sum[FIELD];
    double below = 0;
    double bound = 0;
    int buckets = 0;
    snprintf(bucket, sizeof bucket, "%s_bucket", name);
    snprintf(count, sizeof count, "%s_count", name);
    snprintf(sum, sizeof sum, "%s_sum", name);
    for (int i = 0; i < read->count; i++) {
        const struct sample *sample = &read->samples[i];
        if (strcmp(sample->name, bucket))
            continue;
        double le = (double)INT64_MAX;
        char line[FIELD + 2];
        snprintf(line, sizeof line, "%s\n", sample->labels[1].value);
        read_number(line, &le);
        assert_string_equal(sample->labels[1].name, "le");
        assert_true(le > bound && sample->value >= below);
        uint64_t exact = 0;
        for (int b = 0; b < ROVE_HISTOGRAM_BUCKETS; b++)
            exact += (double)rove_histogram_bound(b) <= le * 1e9 + 0.5 ? histogram->buckets[b] : 0;
        assert_true(sample->value == (double)exact);
        below = sample->value;
        bound = le;
        buckets++;
    }
    assert_int_equal(buckets, 16);
    expect_sample(read, bucket, "le", "0.000001023", (uint64_t)sample_find(read, bucket, "le", "0.000001023"));
    expect_sample(read, bucket, "le", "+Inf", histogram->count);
    expect_sample(read, count, NULL, NULL, histogram->count);
    double seconds = sample_find(read, sum, NULL, NULL);
    assert_true(seconds * 1e9 > (double)histogram->sum - 1 && seconds * 1e9 < (double)histogram->sum + 1);
}

static void test_prometheus_reads_what_the_statistics_say(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = written_pool(runtime, "history");
    struct exposition *read = exposition_of(pool);
    rove_pool_stats stats = test_pool_stats(pool);
    expect_sample(read, "rove_pool_state", NULL, NULL, ROVE_POOL_CLOSED);
    expect_sample(read, "rove_pool_capacity", NULL, NULL, 1024);
    expect_sample(read, "rove_pool_queued", NULL, NULL, 0);
    expect_sample(read, "rove_pool_queued_most", NULL, NULL, stats.queued_most);
    expect_sample(read, "rove_pool_held", NULL, NULL, 0);
    expect_sample(read, "rove_pool_running", NULL, NULL, 0);
    expect_sample(read, "rove_pool_results_unread", NULL, NULL, 0);
    expect_sample(read, "rove_pool_jobs_submitted_total", NULL, NULL, 13);
    expect_sample(read, "rove_pool_submissions_refused_total", "reason", "full", 0);
    expect_sample(read, "rove_pool_submissions_refused_total", "reason", "closed", 2);
    expect_sample(read, "rove_pool_jobs_ended_total", "status", "completed", 5);
    expect_sample(read, "rove_pool_jobs_ended_total", "status", "failed", 5);
    expect_sample(read, "rove_pool_jobs_ended_total", "status", "canceled", 0);
    expect_sample(read, "rove_pool_jobs_ended_total", "status", "timed_out", 3);
    expect_sample(read, "rove_pool_jobs_ended_total", "status", "crashed", 0);
    expect_sample(read, "rove_pool_jobs_discarded_total", NULL, NULL, 3);
    expect_sample(read, "rove_pool_jobs_retried_total", NULL, NULL, 0);
    expect_sample(read, "rove_pool_jobs_helped_total", NULL, NULL, stats.helped);
    expect_sample(read, "rove_pool_jobs_moved_total", NULL, NULL, stats.moved);
    expect_sample(read, "rove_pool_jobs_stuck_total", NULL, NULL, 0);
    expect_sample(read, "rove_pool_results_dropped_total", NULL, NULL, 0);
    assert_int_equal(stats.waiting.count, 10);
    expect_histogram(read, "rove_pool_waiting_seconds", &stats.waiting);
    expect_histogram(read, "rove_pool_run_seconds", &stats.run_time);
    free(read);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_workers_and_lanes_have_samples_of_their_own(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = written_pool(runtime, "history");
    struct exposition *read = exposition_of(pool);
    rove_pool_worker workers[8];
    rove_pool_lane lanes[8];
    size_t count = rove_pool_get_workers(pool, workers, 8);
    assert_in_range(count, 1, 8);
    uint64_t runs = 0;
    for (size_t i = 0; i < count; i++) {
        char number[FIELD];
        snprintf(number, sizeof number, "%d", workers[i].worker);
        expect_sample(read, "rove_pool_worker_runs_total", "worker", number, workers[i].runs);
        double seconds = sample_find(read, "rove_pool_worker_busy_seconds_total", "worker", number);
        assert_true(seconds * 1e9 > (double)workers[i].run_ns - 1 && seconds * 1e9 < (double)workers[i].run_ns + 1);
        runs += workers[i].runs;
    }
    assert_int_equal(runs, 10);
    assert_int_equal(rove_pool_get_lanes(pool, lanes, 8), 3);
    uint64_t total = 0;
    for (size_t i = 0; i < 3; i++) {
        char number[FIELD];
        snprintf(number, sizeof number, "%zu", i);
        expect_sample(read, "rove_pool_lane_jobs_total", "lane", number, lanes[i].total);
        expect_sample(read, "rove_pool_lane_active", "lane", number, 0);
        total += lanes[i].total;
    }
    assert_int_equal(total, 13);
    free(read);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_a_job_at_work_is_counted(void **state)
{
    (void)state;
    struct test_held held;
    test_held_begin(&held, NULL);
    assert_int_equal(rove_pool_submit(held.pool, written_fail_odd, NULL), ROVE_OK);
    struct exposition *read = exposition_of(held.pool);
    expect_sample(read, "rove_pool_state", NULL, NULL, ROVE_POOL_OPEN);
    expect_sample(read, "rove_pool_queued", NULL, NULL, 1);
    expect_sample(read, "rove_pool_running", NULL, NULL, 1);
    free(read);
    test_held_release(&held);
    test_held_end(&held);
}

static void test_a_queue_without_a_bound_says_so(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.capacity = ROVE_UNBOUNDED;
    rove_pool *pool = test_pool(&config);
    struct exposition *read = exposition_of(pool);
    assert_true(sample_find(read, "rove_pool_capacity", NULL, NULL) == (double)INT64_MAX);
    assert_true(sample_find(read, "rove_pool_lane_active", "lane", "0") == -1);
    free(read);
    test_pool_end(pool);
}

static void test_a_pool_that_takes_no_times_tells_none(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.is_untimed = true;
    rove_pool *pool = test_pool(&config);
    written_make_history(pool);
    struct exposition *read = exposition_of(pool);
    assert_true(sample_find(read, "rove_pool_run_seconds_count", NULL, NULL) == -1);
    expect_sample(read, "rove_pool_jobs_submitted_total", NULL, NULL, 13);
    free(read);
    test_pool_end(pool);
}

static void test_odd_names_come_back_as_they_were(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *label;
    } cases[] = {
        {"plain", "plain"},
        {"a\"b\\c\nd", "a\"b\\c\nd"},
        {"a\\nb", "a\\nb"},
        {"{}=,# ", "{}=,# "},
        {"\xff\r", "\xef\xbf\xbd\xef\xbf\xbd"},
        /* Cut off within a character. */
        {"012345678901234567890123456789\xc3\xbc", "012345678901234567890123456789\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rove_pool_config config = test_pool_config(NULL);
        config.name = cases[i].name;
        rove_pool *pool = test_pool(&config);
        struct exposition *read = exposition_of(pool);
        for (int s = 0; s < read->count; s++) {
            assert_string_equal(read->samples[s].labels[0].name, "pool");
            assert_string_equal(read->samples[s].labels[0].value, cases[i].label);
        }
        free(read);
        test_pool_end(pool);
    }
}

static void test_text_is_cut_off_at_every_size(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = written_pool(runtime, "a \"b\"");
    size_t size = rove_pool_write_prometheus(pool, NULL, 0) + 1;
    char *whole = malloc(size);
    assert_non_null(whole);
    assert_int_equal(rove_pool_write_prometheus(pool, whole, size), size - 1);
    written_expect_cut_off(pool, rove_pool_write_prometheus, whole, size - 1);
    free(whole);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

/* The parser accepts no comma in a number. */
static void test_no_locale_changes_a_number(void **state)
{
    bool is_set = written_set_locale();
    test_prometheus_reads_what_the_statistics_say(state);
    setlocale(LC_ALL, "C");
    if (!is_set)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prometheus_reads_what_the_statistics_say),
        cmocka_unit_test(test_workers_and_lanes_have_samples_of_their_own),
        cmocka_unit_test(test_a_job_at_work_is_counted),
        cmocka_unit_test(test_a_queue_without_a_bound_says_so),
        cmocka_unit_test(test_a_pool_that_takes_no_times_tells_none),
        cmocka_unit_test(test_odd_names_come_back_as_they_were),
        cmocka_unit_test(test_text_is_cut_off_at_every_size),
        cmocka_unit_test(test_no_locale_changes_a_number),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
