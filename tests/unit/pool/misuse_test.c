/*
 * Calls and configurations that make no sense: a status and a word about it, and no damage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static atomic_int runs;

/* Each of them breaks one thing of a good configuration. */
static void no_size(rove_pool_config *c)
{
    c->size = 0;
}
static void wrong_size(rove_pool_config *c)
{
    c->size = 3;
}
static void negative_width(rove_pool_config *c)
{
    c->width = -1;
}
static void no_levels(rove_pool_config *c)
{
    c->levels = 0;
}
static void negative_levels(rove_pool_config *c)
{
    c->levels = -3;
}
static void many_levels(rove_pool_config *c)
{
    c->levels = ROVE_LEVELS_MAX + 1;
}
static void negative_aging(rove_pool_config *c)
{
    c->aging = -1;
}
static void odd_placement(rove_pool_config *c)
{
    memset(&c->placement, 0x11, sizeof c->placement);
}
static void negative_lanes(rove_pool_config *c)
{
    c->placement = ROVE_PLACE_RANDOM;
    c->lanes = -1;
}
static void many_lanes(rove_pool_config *c)
{
    c->placement = ROVE_PLACE_KEYED;
    c->lanes = ROVE_LANES_MAX + 1;
}
static void odd_overflow(rove_pool_config *c)
{
    c->has_results = true;
    c->results_capacity = 5;
    memset(&c->overflow, 0x11, sizeof c->overflow);
}
static void no_one_to_hand_to(rove_pool_config *c)
{
    c->has_results = true;
    c->results_capacity = 5;
    c->overflow = ROVE_OVERFLOW_CALLER_RUNS;
}
static void no_room_for_results(rove_pool_config *c)
{
    c->has_results = true;
    c->results_capacity = 0;
}
static void negative_stuck(rove_pool_config *c)
{
    c->stuck_after = -1;
}
static void negative_interval(rove_pool_config *c)
{
    c->progress_interval = -1;
}

static void test_a_configuration_that_makes_no_sense_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*break_it)(rove_pool_config *config);
    } wrong[] = {
        {"no size", no_size},
        {"wrong size", wrong_size},
        {"negative width", negative_width},
        {"no levels", no_levels},
        {"negative levels", negative_levels},
        {"many levels", many_levels},
        {"negative aging", negative_aging},
        {"odd placement", odd_placement},
        {"negative lanes", negative_lanes},
        {"many lanes", many_lanes},
        {"odd overflow", odd_overflow},
        {"no one to hand to", no_one_to_hand_to},
        {"no room for results", no_room_for_results},
        {"negative stuck_after", negative_stuck},
        {"negative interval", negative_interval},
    };
    int wrongly_taken = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int mark;
        rove_pool *pool = (rove_pool *)&mark;
        rove_report report = {""};
        rove_pool_config config = test_pool_config(NULL);
        wrong[i].break_it(&config);
        rove_status status = rove_pool_create(&pool, &config, &report);
        if (status != ROVE_INVALID || pool || !report.text[0]) {
            print_error("%s: %s, report: %s\n", wrong[i].name, rove_status_text(status), report.text);
            wrongly_taken++;
        }
        if (status == ROVE_OK)
            rove_pool_destroy(pool);
        assert_true(rove_pool_create(&pool, &config, NULL) == status);
        if (status == ROVE_OK)
            rove_pool_destroy(pool);
    }
    assert_int_equal(wrongly_taken, 0);
    rove_pool *pool;
    rove_report report = {""};
    rove_pool_config zeros = {0};
    assert_int_equal(rove_pool_create(NULL, NULL, &report), ROVE_INVALID);
    assert_true(report.text[0]);
    assert_int_equal(rove_pool_create(NULL, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_pool_create(&pool, &zeros, NULL), ROVE_INVALID);
}

static void test_a_name_may_be_long_or_missing(void **state)
{
    (void)state;
    char longest[1000];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const names[] = {NULL, "", longest, "%s%n\n\"\\{}"};
    for (int i = 0; i < 4; i++) {
        rove_pool_config config = test_pool_config(NULL);
        rove_report report;
        config.name = names[i];
        rove_pool *pool = test_pool(&config);
        config.name = NULL; /* it was copied */
        rove_pool_explain(pool, "submit", ROVE_FULL, &report);
        assert_null(strstr(report.text, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn")); /* 32 of them */
        assert_true(i != 2 || strstr(report.text, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"));
        test_pool_end(pool);
    }
}

static void test_nothing_is_submitted_by_a_null(void **state)
{
    (void)state;
    rove_pool *pool = test_pool(NULL);
    rove_job job = {.fn = test_count_job, .arg = &runs}, empty = {.fn = NULL};
    size_t submitted = 99;
    rove_ticket ticket = 99;
    atomic_store(&runs, 0);
    assert_int_equal(rove_pool_submit(NULL, test_count_job, &runs), ROVE_INVALID);
    assert_int_equal(rove_pool_submit(pool, NULL, &runs), ROVE_INVALID);
    assert_int_equal(rove_pool_try_submit(NULL, test_count_job, &runs), ROVE_INVALID);
    assert_int_equal(rove_pool_try_submit(pool, NULL, &runs), ROVE_INVALID);
    assert_int_equal(rove_pool_submit_job(NULL, &job, 0, &ticket), ROVE_INVALID);
    assert_int_equal(rove_pool_submit_job(pool, NULL, 0, &ticket), ROVE_INVALID);
    assert_int_equal(rove_pool_submit_job(pool, &empty, 0, &ticket), ROVE_INVALID);
    assert_int_equal(rove_pool_submit_many(NULL, test_count_job, &runs, 0, 3, &submitted), ROVE_INVALID);
    assert_int_equal(submitted, 0);
    submitted = 99;
    assert_int_equal(rove_pool_submit_many(pool, NULL, &runs, 0, 3, &submitted), ROVE_INVALID);
    assert_int_equal(submitted, 0);
    assert_int_equal(test_pool_stats(pool).submitted, 0);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), 0);
}

static void test_everything_may_be_said_twice(void **state)
{
    (void)state;
    rove_status (*const ends[])(rove_pool * pool) = {rove_pool_close, rove_pool_cancel};
    for (int order = 0; order < 4; order++) {
        rove_pool *pool = test_pool(NULL);
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(ends[order & 1](pool), ROVE_OK);
            assert_int_equal(ends[order >> 1](pool), ROVE_OK);
            rove_pool_request_stop(pool);
            assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
            assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
        }
        test_pool_end(pool);
    }
}

/* As on a worker that is no job: whoever waits for a pool there works for it. */
static void use_on_a_worker(void *arg)
{
    rove_pool *pool = arg;
    rove_result result;
    for (int i = 0; i < 20; i++)
        TEST_CHECK(rove_pool_submit(pool, test_count_job, &runs) == ROVE_OK, "submit");
    for (int i = 0; i < 20; i++)
        TEST_CHECK(rove_pool_next(pool, &result, ROVE_NEVER) == ROVE_OK, "next");
    TEST_CHECK(rove_pool_next(pool, &result, 0) == ROVE_TIMED_OUT, "next at once");
    TEST_CHECK(rove_pool_next(pool, &result, rove_clock() + 1000) == ROVE_TIMED_OUT, "next soon");
    TEST_CHECK(rove_pool_wait(pool, ROVE_NEVER) == ROVE_OK, "wait"); /* who has run the last one may not be back yet */
    TEST_CHECK(rove_pool_wait(pool, 0) == ROVE_OK, "wait at once");
}

static void test_a_task_that_is_no_job_may_wait_and_read(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = 2;
    config.has_results = true;
    config.results_capacity = 30;
    rove_pool *pool = test_pool(&config);
    atomic_store(&runs, 0);
    for (int i = 1; i <= 20; i++) {
        assert_int_equal(rove_run(runtime, use_on_a_worker, pool), ROVE_OK);
        assert_int_equal(atomic_load(&runs), 20 * i);
    }
    test_pool_end(pool);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_configuration_that_makes_no_sense_is_named),
        cmocka_unit_test(test_a_name_may_be_long_or_missing),
        cmocka_unit_test(test_nothing_is_submitted_by_a_null),
        cmocka_unit_test(test_everything_may_be_said_twice),
        cmocka_unit_test(test_a_task_that_is_no_job_may_wait_and_read),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
