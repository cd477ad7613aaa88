/*
 * The end of a runtime: what was accepted runs, what comes later is refused, and a worker cannot end its own.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static void nothing(void *arg)
{
    (void)arg;
}

static int nothing_task(void *arg)
{
    (void)arg;
    return 0;
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static int add_one_task(void *arg)
{
    add_one(arg);
    return 0;
}

static void test_shutdown_refuses_what_comes_after(void **state)
{
    (void)state;
    int threads = test_thread_count();
    rove_runtime *runtime = test_runtime(3);
    rove_group group = {.runtime = runtime};
    atomic_int runs = 0;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rove_group_spawn(&group, add_one_task, &runs), ROVE_OK);
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    assert_int_equal(runs, 1000);
    test_wait_for_threads(threads);
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    assert_int_equal(rove_run(runtime, add_one, &runs), ROVE_CLOSED);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(rove_group_spawn(&group, add_one_task, &runs), ROVE_CLOSED);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(rove_set_workers(runtime, 2), ROVE_CLOSED);
    assert_int_equal(runs, 1000);
    size_t spawned = 5;
    assert_int_equal(rove_group_spawn_many(&group, nothing_task, &runs, 0, 3, &spawned), ROVE_CLOSED);
    assert_int_equal(spawned, 0);
    test_runtime_end(runtime);
}

static void shutdown_from_thread(void *arg)
{
    TEST_CHECK(rove_runtime_shutdown(arg) == ROVE_OK, "one of several calls");
}

static void test_several_threads_may_shut_down(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        rove_runtime *runtime = test_runtime(3);
        rove_group group = {.runtime = runtime};
        for (int j = 0; j < 50; j++)
            assert_int_equal(rove_group_spawn(&group, nothing_task, NULL), ROVE_OK);
        test_on_threads(4, shutdown_from_thread, runtime, 0);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void end_from_inside(void *arg)
{
    TEST_CHECK(rove_runtime_shutdown(arg) == ROVE_BUSY, "shutdown from inside");
    TEST_CHECK(rove_runtime_destroy(arg) == ROVE_BUSY, "destroy from inside");
}

static int end_from_task(void *arg)
{
    end_from_inside(arg);
    return 0;
}

static void test_a_worker_cannot_end_its_own_runtime(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_group group = {.runtime = runtime};
    assert_int_equal(rove_run(runtime, end_from_inside, runtime), ROVE_OK);
    assert_int_equal(rove_group_spawn(&group, end_from_task, runtime), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(rove_run(runtime, nothing, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shutdown_refuses_what_comes_after),
        cmocka_unit_test(test_several_threads_may_shut_down),
        cmocka_unit_test(test_a_worker_cannot_end_its_own_runtime),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
