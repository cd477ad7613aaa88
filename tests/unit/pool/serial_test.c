/*
 * Serial pools: the jobs run on the thread that calls, one at a time, before the call returns.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static pthread_t caller;
static int runs; /* no atomics: everything is on one thread */
static int inside;

static int here(void *arg, void **value)
{
    *value = arg;
    TEST_CHECK(pthread_equal(pthread_self(), caller), "it runs on another thread");
    TEST_CHECK(inside == 0, "two run at once");
    TEST_CHECK(rove_current_job() && rove_current_job()->attempt >= 1, "a job that is none");
    inside++;
    runs++;
    inside--;
    return 0;
}

static rove_pool *begin(void)
{
    rove_pool_config config = test_pool_config(NULL);
    config.is_serial = true;
    config.has_results = true;
    config.results_capacity = 100;
    config.catches_aborts = true;
    config.levels = 3;
    caller = pthread_self();
    runs = 0;
    return test_pool(&config);
}

static void test_a_job_has_run_when_its_submission_returns(void **state)
{
    (void)state;
    rove_pool *pool = begin();
    for (int i = 1; i <= 10; i++) {
        assert_int_equal(rove_pool_submit(pool, here, NULL), ROVE_OK);
        assert_int_equal(runs, i);
    }
    assert_int_equal(rove_pool_try_submit(pool, here, NULL), ROVE_OK);
    assert_int_equal(runs, 11);
    assert_int_equal(rove_pool_submit_many(pool, here, NULL, 0, 9, NULL), ROVE_OK);
    assert_int_equal(runs, 20);
    rove_job job = {.fn = here};
    assert_int_equal(rove_pool_submit_job(pool, &job, 0, NULL), ROVE_OK);
    assert_int_equal(runs, 21);
    assert_int_equal(test_pool_stats(pool).helped, 21);
    test_pool_end(pool);
}

static void test_the_results_come_in_the_order_of_submission(void **state)
{
    (void)state;
    rove_pool *pool = begin();
    rove_result result;
    for (uint64_t i = 0; i < 50; i++) {
        rove_job job = {.fn = here, .arg = &runs, .id = i, .priority = (int)(i % 3)};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    for (uint64_t i = 0; i < 50; i++) {
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
        assert_int_equal(result.id, i);
        assert_ptr_equal(result.value, &runs);
    }
    assert_int_equal(rove_pool_next(pool, &result, 0), ROVE_TIMED_OUT);
    assert_int_equal(rove_pool_close(pool), ROVE_OK);
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_CLOSED);
    test_pool_end(pool);
}

static int depth_left;

static int submit_two_more(void *arg, void **value)
{
    rove_pool *pool = rove_current_job()->pool;
    (void)value;
    TEST_CHECK(pthread_equal(pthread_self(), caller), "it runs on another thread");
    runs++;
    if (depth_left-- > 0)
        for (int i = 0; i < 2; i++)
            TEST_CHECK(rove_pool_submit(pool, submit_two_more, arg) == ROVE_OK, "submit");
    return 0;
}

static void test_jobs_of_jobs_have_run_when_the_outermost_call_returns(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.is_serial = true;
    config.capacity = 2;
    caller = pthread_self();
    runs = 0;
    depth_left = 20;
    rove_pool *pool = test_pool(&config);
    assert_int_equal(rove_pool_submit(pool, submit_two_more, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(runs, 41);
    test_pool_end(pool);
}

static int third_time(void *arg, void **value)
{
    here(arg, value);
    return runs < 3 ? 5 : 0;
}

static int crash(void *arg, void **value)
{
    here(arg, value);
    rove_job_abort(6);
    return 0;
}

static void test_jobs_fail_crash_and_are_late_as_elsewhere(void **state)
{
    (void)state;
    rove_pool *pool = begin();
    rove_job late = {.fn = here, .deadline = 1};
    rove_job flaky = {.fn = third_time, .retry = {.attempts = 5}};
    assert_int_equal(rove_pool_submit_job(pool, &late, 0, NULL), ROVE_OK);
    assert_int_equal(runs, 0);
    assert_int_equal(rove_pool_submit_job(pool, &flaky, 0, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(runs, 3);
    assert_int_equal(rove_pool_submit(pool, crash, NULL), ROVE_OK);
    rove_pool_stats stats = test_pool_stats(pool);
    assert_int_equal(stats.timed_out, 1);
    assert_int_equal(stats.completed, 1);
    assert_int_equal(stats.retried, 2);
    assert_int_equal(stats.crashed, 1);
    test_pool_end(pool);
}

static void test_a_batch_runs_here(void **state)
{
    (void)state;
    rove_pool *pool = begin();
    rove_result results[20];
    rove_batch batch = {.results = results, .count = 20};
    assert_int_equal(rove_batch_run(&batch, pool, here, NULL, 0, 20), ROVE_OK);
    assert_int_equal(runs, 20);
    for (uint64_t i = 0; i < 20; i++)
        assert_true(results[i].id == i && results[i].status == ROVE_OK);
    test_pool_end(pool);
}

static void test_jobs_that_wait_for_futures_run_when_somebody_waits(void **state)
{
    (void)state;
    rove_pool *pool = begin();
    rove_future gate = {.fn = NULL}, *const after[] = {&gate};
    assert_int_equal(rove_future_promise(&gate), ROVE_OK);
    rove_job job = {.fn = here, .after = after, .after_count = 1};
    assert_int_equal(rove_pool_submit_job(pool, &job, 0, NULL), ROVE_OK);
    assert_int_equal(runs, 0);
    assert_int_equal(rove_future_set(&gate, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(runs, 1);
    test_pool_end(pool);
}

static void test_a_pause_before_a_retry_ends_in_a_wait(void **state)
{
    (void)state;
    rove_pool *pool = begin();
    rove_job flaky = {.fn = third_time, .retry = {.attempts = 5, .backoff = ROVE_MILLISECOND}};
    assert_int_equal(rove_pool_submit_job(pool, &flaky, 0, NULL), ROVE_OK);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(runs, 3);
    test_pool_end(pool);
}

static rove_pool *shared;

static void submit_here(void *arg)
{
    for (int i = 0; i < 200; i++)
        TEST_CHECK(rove_pool_submit(shared, test_count_job, arg) == ROVE_OK, "submit");
}

static void test_several_threads_may_use_a_serial_pool(void **state)
{
    (void)state;
    atomic_int counted = 0;
    rove_pool_config config = test_pool_config(NULL);
    config.is_serial = true;
    config.capacity = 3;
    shared = test_pool(&config);
    test_on_threads(4, submit_here, &counted, 0);
    assert_int_equal(rove_pool_wait(shared, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&counted), 800);
    test_pool_end(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_has_run_when_its_submission_returns),
        cmocka_unit_test(test_the_results_come_in_the_order_of_submission),
        cmocka_unit_test(test_jobs_of_jobs_have_run_when_the_outermost_call_returns),
        cmocka_unit_test(test_jobs_fail_crash_and_are_late_as_elsewhere),
        cmocka_unit_test(test_a_batch_runs_here),
        cmocka_unit_test(test_jobs_that_wait_for_futures_run_when_somebody_waits),
        cmocka_unit_test(test_a_pause_before_a_retry_ends_in_a_wait),
        cmocka_unit_test(test_several_threads_may_use_a_serial_pool),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
