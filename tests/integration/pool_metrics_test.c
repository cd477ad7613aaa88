/*
 * What pools write for Prometheus and as JSON, read by the parsers that others use: pool_metrics.py, which
 * ROVE_POOL_METRICS names.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 100, SKIPPED = 77 };

static char folder[] = "/tmp/rove_pool_metrics_XXXXXX";

/* A Python that has the parser: that of the system, for which it is packaged, or the one in the path. */
static const char *python;

static const char *python_find(void)
{
    if (system("/usr/bin/python3 -c 'import prometheus_client.parser' 2>/dev/null") == 0)
        return "/usr/bin/python3";
    return system("python3 -c 'import prometheus_client.parser' 2>/dev/null") == 0 ? "python3" : NULL;
}

/* Writes both texts and has them read. `wanted` is a list of members of the JSON object such as "failed=3". */
static void check_texts(const rove_pool *pool, const char *wanted)
{
    static char text[1 << 18];
    char path[64], command[1024];
    rove_report report;
    snprintf(path, sizeof path, "%s/json", folder);
    FILE *file = fopen(path, "wb");
    size_t length = rove_pool_write_json(pool, text, sizeof text);
    assert_true(length < sizeof text);
    assert_int_equal(length, strlen(text));
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
    snprintf(path, sizeof path, "%s/prometheus", folder);
    if (rove_pool_save_prometheus(pool, path, &report) != ROVE_OK)
        fail_msg("%s", report.text);
    snprintf(command, sizeof command, "%s '%s' '%s' '%s/json' %s", python, getenv("ROVE_POOL_METRICS"), path, folder,
             wanted);
    assert_int_equal(system(command), 0);
}

static rove_pool *pool_make(const char *name, const rove_pool_config *like)
{
    rove_pool *pool;
    rove_pool_config config;
    rove_pool_config_default(&config);
    if (like)
        config = *like;
    config.name = name;
    assert_int_equal(rove_pool_create(&pool, &config, NULL), ROVE_OK);
    return pool;
}

/* A job that says that it runs, and holds its worker until it is let go. */
struct gate {
    sem_t runs;
    sem_t opens;
};

static int gate_pass(void *arg, void **value)
{
    struct gate *gate = arg;
    (void)value;
    sem_post(&gate->runs);
    while (sem_wait(&gate->opens))
        ;
    return 0;
}

static int fail_with(void *error, void **value)
{
    (void)value;
    return *(int *)error;
}

static void test_a_pool_without_a_job_has_all_metrics(void **state)
{
    (void)state;
    rove_pool *pool = pool_make("idle", NULL);
    check_texts(pool, "submitted=0 completed=0 capacity=1024");
    rove_pool_destroy(pool);
}

static void test_every_outcome_is_counted_under_its_name(void **state)
{
    (void)state;
    static int errors[] = {0, 0, 0, 0, 5, 5};
    struct gate gate;
    rove_ticket ticket;
    rove_pool_config config;
    rove_pool_config_default(&config);
    config.width = 1;
    config.capacity = 16;
    config.has_results = true;
    config.results_capacity = 16;
    rove_pool *pool = pool_make("outcomes", &config);
    sem_init(&gate.runs, 0, 0);
    sem_init(&gate.opens, 0, 0);
    rove_job slow = {.fn = gate_pass, .arg = &gate, .name = "a \"slow\" job \\ \n\t \x01 \xff \xc3\xa4"};
    assert_int_equal(rove_pool_submit_job(pool, &slow, ROVE_NEVER, NULL), ROVE_OK);
    while (sem_wait(&gate.runs))
        ;
    check_texts(pool, "running=1 submitted=1 queued=0");
    assert_int_equal(rove_pool_submit_many(pool, fail_with, errors, sizeof *errors, 6, NULL), ROVE_OK);
    rove_job late = {.fn = fail_with, .arg = errors, .deadline = 1};
    assert_int_equal(rove_pool_submit_job(pool, &late, ROVE_NEVER, NULL), ROVE_OK);
    rove_job unwanted = {.fn = fail_with, .arg = errors};
    assert_int_equal(rove_pool_submit_job(pool, &unwanted, ROVE_NEVER, &ticket), ROVE_OK);
    assert_int_equal(rove_job_cancel(pool, ticket), ROVE_OK);
    sem_post(&gate.opens);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    check_texts(pool, "running=0 queued=0 completed=5 failed=2 timed_out=1 canceled=1 discarded=2 results_unread=9");
    rove_pool_close(pool);
    assert_int_equal(rove_pool_try_submit(pool, fail_with, errors), ROVE_CLOSED);
    check_texts(pool, "submitted=9 refused_closed=1");
    rove_pool_destroy(pool);
    sem_destroy(&gate.runs);
    sem_destroy(&gate.opens);
}

static void test_any_name_can_be_read(void **state)
{
    (void)state;
    static const char *const names[] = {"",
                                        " ",
                                        "\"",
                                        "\\",
                                        "\\n",
                                        "a\nb\r\tc",
                                        "\x01\x1f\x7f",
                                        "\xff\xfe",
                                        "\xed\xa0\x80",
                                        "\xc0\xaf",
                                        "}{,=\"} 1 ",
                                        "\xe2\x82",
                                        "123456789012345678901234567890\xc3\xa4",
                                        "\xf0\x9f\x90\x99 \xe2\x80\xa8",
                                        "NaN",
                                        "# TYPE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        rove_pool *pool = pool_make(names[i], NULL);
        check_texts(pool, "");
        rove_pool_destroy(pool);
    }
}

static void test_lanes_and_a_pool_without_times_or_bound(void **state)
{
    (void)state;
    static int no_error;
    rove_pool_config config;
    rove_pool_config_default(&config);
    config.placement = ROVE_PLACE_KEYED;
    config.lanes = 5;
    rove_pool *pool = pool_make("lanes", &config);
    for (uint64_t key = 0; key < 100; key++) {
        rove_job job = {.fn = fail_with, .arg = &no_error, .key = key};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    check_texts(pool, "completed=100");
    rove_pool_destroy(pool);

    rove_pool_config_default(&config);
    config.is_untimed = true;
    config.capacity = ROVE_UNBOUNDED;
    pool = pool_make("untimed", &config);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rove_pool_submit(pool, fail_with, &no_error), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    check_texts(pool, "completed=100");
    rove_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pool_without_a_job_has_all_metrics),
        cmocka_unit_test(test_every_outcome_is_counted_under_its_name),
        cmocka_unit_test(test_any_name_can_be_read),
        cmocka_unit_test(test_lanes_and_a_pool_without_times_or_bound),
    };
    python = python_find();
    if (!python || !getenv("ROVE_POOL_METRICS")) {
        fputs("pool_metrics: no parser for Prometheus' texts (Debian: python3-prometheus-client), or ROVE_POOL_METRICS "
              "names no program: skipped\n",
              stderr);
        return SKIPPED;
    }
    test_watchdog(WATCH_SECONDS);
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    if (system(command) != 0)
        fputs("pool_metrics: the folder of the test is still there\n", stderr);
    test_watchdog(0);
    return failed;
}
