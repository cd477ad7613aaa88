/*
 * Groups: the errors of tasks, and of those who call.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, TASKS = 1000 };

static atomic_int count;

static int count_one(void *arg)
{
    (void)arg;
    atomic_fetch_add(&count, 1);
    return 0;
}

static int fail_with(void *arg)
{
    return *(int *)arg;
}

static void spawn_failures(void *arg)
{
    static int codes[] = {7, 8, 9};
    (void)arg;
    rove_group group = {0};
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(&group, count_one, NULL) == ROVE_OK, "spawn %d", i);
    for (int i = 0; i < 3; i++)
        TEST_CHECK(rove_group_spawn(&group, fail_with, &codes[i]) == ROVE_OK, "spawn %d", i);
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED, "a failure is not reported");
    int error = rove_group_error(&group);
    TEST_CHECK(error >= 7 && error <= 9, "first error %d", error);
    TEST_CHECK(rove_group_failures(&group) == 3, "%lld failures", (long long)rove_group_failures(&group));
    TEST_CHECK(rove_group_error(&group) == error, "the error changed after the wait");

    TEST_CHECK(rove_group_spawn(&group, count_one, NULL) == ROVE_OK, "spawn after a failure");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "the error outlived the next spawn");
    TEST_CHECK(rove_group_error(&group) == 0, "error %d outlived the next spawn", rove_group_error(&group));
}

static void test_a_wait_reports_the_first_error_and_counts_them_all(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 20; i++)
            assert_int_equal(rove_run(runtime, spawn_failures, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void spawn_one_negative(void *arg)
{
    static int code = -5;
    (void)arg;
    rove_group group = {0};
    TEST_CHECK(rove_group_spawn(&group, fail_with, &code) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED, "a negative error is not reported");
    TEST_CHECK(rove_group_error(&group) == -5, "error %d", rove_group_error(&group));
}

static void test_a_negative_error_is_an_error(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, spawn_one_negative, NULL), ROVE_OK);
    test_runtime_end(runtime);
    spawn_one_negative(NULL);
}

static void test_many_errors_at_once_keep_exactly_one(void **state)
{
    (void)state;
    static int codes[TASKS];
    rove_runtime *runtime = test_runtime(4);
    rove_group group = {.runtime = runtime};
    for (int i = 0; i < TASKS; i++)
        codes[i] = i + 1;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(rove_group_spawn(&group, fail_with, &codes[i]), ROVE_OK);
        assert_int_equal(rove_group_wait(&group), ROVE_FAILED);
        assert_in_range(rove_group_error(&group), 1, TASKS);
        assert_int_equal(rove_group_failures(&group), TASKS);
    }
    test_runtime_end(runtime);
}

/* The group runs empty between the spawns, and still the error is that of the whole use, up to the wait. */
static void test_an_error_outlives_good_tasks_that_follow(void **state)
{
    (void)state;
    static int code = 6;
    rove_runtime *runtime = test_runtime(2);
    rove_group group = {.runtime = runtime};
    for (int round = 0; round < 200; round++) {
        atomic_store(&count, 0);
        assert_int_equal(rove_group_spawn(&group, fail_with, &code), ROVE_OK);
        for (int i = 1; i <= 3; i++) {
            assert_int_equal(rove_group_spawn(&group, count_one, NULL), ROVE_OK);
            while (atomic_load(&count) < i)
                test_yield();
        }
        assert_int_equal(rove_group_wait(&group), ROVE_FAILED);
        assert_int_equal(rove_group_error(&group), 6);
        assert_int_equal(rove_group_failures(&group), 1);
    }
    test_runtime_end(runtime);
}

static void test_null_arguments_are_refused(void **state)
{
    (void)state;
    rove_group group = {0};
    int argument = 0;
    size_t spawned = 9;
    assert_int_equal(rove_group_spawn(NULL, count_one, NULL), ROVE_INVALID);
    assert_int_equal(rove_group_spawn(&group, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_group_wait(NULL), ROVE_INVALID);
    assert_int_equal(rove_group_spawn_many(NULL, count_one, &argument, 4, 1, &spawned), ROVE_INVALID);
    assert_int_equal(spawned, 0);
    assert_int_equal(rove_group_spawn_many(&group, NULL, &argument, 4, 1, NULL), ROVE_INVALID);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wait_reports_the_first_error_and_counts_them_all),
        cmocka_unit_test(test_a_negative_error_is_an_error),
        cmocka_unit_test(test_many_errors_at_once_keep_exactly_one),
        cmocka_unit_test(test_an_error_outlives_good_tasks_that_follow),
        cmocka_unit_test(test_null_arguments_are_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
