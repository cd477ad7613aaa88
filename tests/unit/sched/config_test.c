/*
 * What a configuration or an environment that makes no sense gets: a status, a sentence that names it, and a program
 * that goes on.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static rove_config config_make(void)
{
    rove_config config;
    rove_config_default(&config);
    return config;
}

/* Expects a refusal whose text contains `word`, and nothing left behind. */
static void expect_refusal(const rove_config *config, const char *word)
{
    int threads = test_thread_count(), descriptors = test_descriptor_count();
    rove_runtime *runtime = (rove_runtime *)&runtime;
    rove_report report = {""};
    rove_status status = rove_runtime_create(&runtime, config, &report);
    TEST_CHECK(status == ROVE_INVALID, "expected a refusal that names %s, got %s", word, rove_status_text(status));
    TEST_CHECK(!runtime, "a runtime in spite of the refusal");
    TEST_CHECK(memchr(report.text, 0, sizeof report.text), "the report for %s does not end", word);
    TEST_CHECK(strstr(report.text, word), "the report does not name %s: %s", word, report.text);
    TEST_CHECK(rove_runtime_create(&runtime, config, NULL) == ROVE_INVALID, "another answer without a report");
    test_wait_for_threads(threads);
    TEST_CHECK(test_descriptor_count() == descriptors, "a descriptor is left behind");
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void expect_success(const rove_config *config)
{
    atomic_int runs = 0;
    rove_runtime *runtime = NULL;
    rove_report report = {""};
    rove_status status = rove_runtime_create(&runtime, config, &report);
    TEST_CHECK(status == ROVE_OK, "%s: %s", rove_status_text(status), report.text);
    TEST_CHECK(rove_worker_count(runtime) >= 1, "no workers");
    TEST_CHECK(rove_run(runtime, add_one, &runs) == ROVE_OK && atomic_load(&runs) == 1, "a run in a new runtime");
    TEST_CHECK(rove_runtime_destroy(runtime) == ROVE_OK, "destroy");
}

static void test_counts_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const int counts[] = {-1, -1000, ROVE_WORKERS_MAX + 1, 1 << 30, -2147483647 - 1, 2147483647};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        rove_config config = config_make();
        config.workers = counts[i];
        config.oversubscribe = true;
        expect_refusal(&config, "workers");
        config = config_make();
        config.workers_max = counts[i];
        expect_refusal(&config, "workers");
    }
    rove_config config = config_make();
    config.workers = 8;
    config.workers_max = 4;
    config.oversubscribe = true;
    expect_refusal(&config, "workers");
}

static void test_fields_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    rove_config config = config_make();
    config.plan = (rove_plan)77;
    expect_refusal(&config, "plan");
    config = config_make();
    config.pin = (rove_pin)77;
    expect_refusal(&config, "pin");
    config = config_make();
    config.spin_ns = -1;
    expect_refusal(&config, "spin");
    config = config_make();
    config.stack_size = 1;
    expect_refusal(&config, "stack");
    config = config_make();
    config.size = 0;
    expect_refusal(&config, "size");
    config = config_make();
    config.size = 3;
    expect_refusal(&config, "size");
}

static void test_an_absurd_stack_is_refused(void **state)
{
    (void)state;
    rove_config config = config_make();
    config.stack_size = (size_t)-1;
    expect_refusal(&config, "stack");
    config.stack_size = SIZE_MAX / 2;
    expect_refusal(&config, "stack");
}

static void *allocate_only(size_t size, size_t alignment, void *arg)
{
    (void)arg;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void test_half_an_allocator_is_refused(void **state)
{
    (void)state;
    rove_config config = config_make();
    config.allocator.allocate = allocate_only;
    expect_refusal(&config, "allocator");
}

static void test_a_list_of_absent_processors_is_refused(void **state)
{
    (void)state;
    static const int absent[] = {0, 100000}, negative[] = {-1};
    rove_config config = config_make();
    config.plan = ROVE_PLAN_LIST;
    expect_refusal(&config, "pus");
    config.pus = absent;
    config.pu_count = 0;
    expect_refusal(&config, "pus");
    config.pu_count = 2;
    expect_refusal(&config, "100000");
    config.pus = negative;
    config.pu_count = 1;
    expect_refusal(&config, "-1");
    config.pus = NULL;
    expect_refusal(&config, "pus");
}

static void test_a_list_of_processors_that_are_there_is_taken(void **state)
{
    (void)state;
    cpu_set_t allowed;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    int pu = 0;
    while (!CPU_ISSET((size_t)pu, &allowed))
        pu++;
    rove_config config = config_make();
    config.plan = ROVE_PLAN_LIST;
    config.pus = &pu;
    config.pu_count = 1;
    expect_success(&config);
}

static void test_a_topology_file_that_is_not_there_is_refused_or_reported(void **state)
{
    (void)state;
    rove_config config = config_make();
    config.topology_xml = "/nonexistent/topology.xml";
    rove_runtime *runtime = NULL;
    rove_report report = {""};
    rove_status status = rove_runtime_create(&runtime, &config, &report);
    assert_true(status == ROVE_INVALID || status == ROVE_OK);
    assert_non_null(strstr(report.text, "/nonexistent/topology.xml"));
    assert_int_equal(rove_runtime_destroy(runtime), ROVE_OK);
}

static void test_every_legal_setting_is_taken(void **state)
{
    (void)state;
    rove_config config = config_make();
    for (int plan = ROVE_PLAN_CORES; plan <= ROVE_PLAN_SPREAD; plan++) {
        for (int pin = ROVE_PIN_AUTO; pin <= ROVE_PIN_ALWAYS; pin++) {
            config = config_make();
            config.plan = (rove_plan)plan;
            config.pin = (rove_pin)pin;
            expect_success(&config);
            config.workers = 5;
            config.oversubscribe = true;
            expect_success(&config);
        }
    }
    config = config_make();
    config.spin_ns = 0;
    expect_success(&config);
    config.spin_ns = 1000000000;
    expect_success(&config);
    config = config_make();
    config.stack_size = 256 << 10;
    expect_success(&config);
    config.stack_size = (size_t)1 << 30;
    expect_success(&config);
    config = config_make();
    config.name = "";
    expect_success(&config);
    config.name = "a name that is much too long for a thread";
    expect_success(&config);
    config = config_make();
    config.workers = 1000; /* at most so many, so as many as there are */
    expect_success(&config);
    config = config_make();
    config.workers = ROVE_WORKERS_MAX;
    config.workers_max = ROVE_WORKERS_MAX;
    config.oversubscribe = true;
    config.stack_size = 256 << 10;
    expect_success(&config);
}

/* The environment is the operator's word: it is read at creation and is stronger than the configuration. */
static void expect_environment(const char *name, const char *value, bool legal)
{
    setenv(name, value, 1);
    if (legal)
        expect_success(NULL);
    else
        expect_refusal(NULL, name);
    unsetenv(name);
}

static void test_environment_values_that_cannot_be_read_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
    } cases[] = {
        {"ROVE_WORKERS", "many"},
        {"ROVE_WORKERS", "0"},
        {"ROVE_WORKERS", "-3"},
        {"ROVE_WORKERS", "4x"},
        {"ROVE_WORKERS", "2.5"},
        {"ROVE_WORKERS", "99999999999999999999"},
        {"ROVE_WORKERS", "100000"},
        {"ROVE_PLAN", "diagonal"},
        {"ROVE_PLAN", "0-"},
        {"ROVE_PLAN", "3-1"},
        {"ROVE_PLAN", ","},
        {"ROVE_PLAN", "0-99999999999999999999"},
        {"ROVE_PIN", "yes please"},
        {"ROVE_PIN", "2"},
        {"ROVE_SPIN_US", "soon"},
        {"ROVE_SPIN_US", "-1"},
        {"ROVE_SPIN_US", "99999999999999999999"},
        {"ROVE_STACK_KB", "big"},
        {"ROVE_STACK_KB", "-8"},
        {"ROVE_STACK_KB", "0"},
        {"ROVE_STACK_KB", "99999999999999999999"},
        {"ROVE_VERBOSE", "maybe"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_environment(cases[i].name, cases[i].value, false);
    setenv("ROVE_PLAN", "0,100000", 1); /* can be read, but there is no such processor */
    expect_refusal(NULL, "100000");
    unsetenv("ROVE_PLAN");
}

static void test_environment_values_that_make_sense_are_taken(void **state)
{
    (void)state;
    expect_environment("ROVE_WORKERS", "1", true);
    expect_environment("ROVE_WORKERS", "1000", true);
    expect_environment("ROVE_PLAN", "compact", true);
    expect_environment("ROVE_PLAN", "spread", true);
    expect_environment("ROVE_PLAN", "cores", true);
    expect_environment("ROVE_PIN", "0", true);
    expect_environment("ROVE_PIN", "1", true);
    expect_environment("ROVE_PIN", "auto", true);
    expect_environment("ROVE_SPIN_US", "0", true);
    expect_environment("ROVE_SPIN_US", "50", true);
    expect_environment("ROVE_STACK_KB", "512", true);
    expect_environment("ROVE_VERBOSE", "0", true);
}

static void test_the_environment_is_stronger_than_the_configuration(void **state)
{
    (void)state;
    rove_runtime *runtime = NULL;
    rove_config config = config_make();
    config.workers = 6;
    config.oversubscribe = true;
    setenv("ROVE_WORKERS", "1", 1);
    assert_int_equal(rove_runtime_create(&runtime, &config, NULL), ROVE_OK);
    unsetenv("ROVE_WORKERS");
    assert_int_equal(rove_worker_count(runtime), 1);
    assert_int_equal(rove_runtime_destroy(runtime), ROVE_OK);
}

/* The default runtime cannot be made, says so, and can be made when the reason is gone. In a child, because it is made
 * once for each process. */
static int default_runtime_recovers(void *arg)
{
    (void)arg;
    atomic_int runs = 0;
    rove_report report = {""};
    setenv("ROVE_WORKERS", "none", 1);
    if (rove_default_runtime(&report) || !strstr(report.text, "ROVE_WORKERS"))
        return 1;
    if (rove_run(NULL, add_one, &runs) != ROVE_INVALID || atomic_load(&runs) != 0)
        return 2;
    setenv("ROVE_WORKERS", "2", 1);
    if (!rove_default_runtime(&report))
        return 3;
    if (rove_run(NULL, add_one, &runs) != ROVE_OK || atomic_load(&runs) != 1)
        return 4;
    return 0;
}

static void test_the_default_runtime_is_tried_again(void **state)
{
    (void)state;
    struct test_outcome outcome = test_in_child(default_runtime_recovers, NULL, 30, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
    test_watchdog(WATCH_SECONDS); /* for the tests that follow: a thread before the fork would upset ThreadSanitizer */
}

static atomic_int lines;

static void count_line(const char *line, void *arg)
{
    TEST_CHECK(arg == &lines && line && !strchr(line, '\n'), "a line of the log ends in a newline");
    atomic_fetch_add(&lines, 1);
}

static void test_the_log_hook_gets_what_verbose_prints(void **state)
{
    (void)state;
    rove_config config = config_make();
    config.hooks.log = count_line;
    config.hooks.arg = &lines;
    expect_success(&config);
    assert_true(lines > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_default_runtime_is_tried_again),
        cmocka_unit_test(test_counts_that_make_no_sense_are_refused),
        cmocka_unit_test(test_fields_that_make_no_sense_are_refused),
        cmocka_unit_test(test_half_an_allocator_is_refused),
        cmocka_unit_test(test_a_list_of_absent_processors_is_refused),
        cmocka_unit_test(test_a_list_of_processors_that_are_there_is_taken),
        cmocka_unit_test(test_a_topology_file_that_is_not_there_is_refused_or_reported),
        cmocka_unit_test(test_every_legal_setting_is_taken),
        cmocka_unit_test(test_environment_values_that_cannot_be_read_are_refused),
        cmocka_unit_test(test_environment_values_that_make_sense_are_taken),
        cmocka_unit_test(test_the_environment_is_stronger_than_the_configuration),
        cmocka_unit_test(test_the_log_hook_gets_what_verbose_prints),
        cmocka_unit_test(test_an_absurd_stack_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
