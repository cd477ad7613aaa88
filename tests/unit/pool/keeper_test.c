/*
 * The keeper: many pauses at once, their end by a cancellation, and when there is a thread at all.
 */
#include "runtime/pool/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static rove_runtime *runtime;
static rove_pool *pool;
static atomic_int runs, ends;

static void count_end(const rove_result *result, void *arg)
{
    (void)result;
    (void)arg;
    atomic_fetch_add(&ends, 1);
}

static int begin(void **state)
{
    (void)state;
    runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = ROVE_UNBOUNDED;
    config.on_end = count_end;
    pool = test_pool(&config);
    atomic_store(&runs, 0);
    atomic_store(&ends, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_pool_end(pool);
    test_runtime_end(runtime);
    return 0;
}

static int fail_always(void *arg, void **value)
{
    (void)arg;
    (void)value;
    atomic_fetch_add(&runs, 1);
    return 5;
}

static void submit_failing(int64_t count, rove_retry retry, rove_ticket *tickets)
{
    for (int64_t i = 0; i < count; i++) {
        rove_job job = {.fn = fail_always, .retry = retry};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, tickets ? &tickets[i] : NULL), ROVE_OK);
    }
}

static void await_held(uint64_t count)
{
    while (test_pool_stats(pool).held < count)
        test_yield();
}

static void test_many_pauses_end(void **state)
{
    (void)state;
    int64_t count = test_scaled(10000, 200);
    submit_failing(count, (rove_retry){.attempts = 4, .backoff = ROVE_MILLISECOND, .jitter = 100}, NULL);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 4 * count);
    rove_pool_stats stats = test_pool_stats(pool);
    assert_int_equal(stats.failed, count);
    assert_int_equal(stats.retried, 3 * count);
    assert_int_equal(stats.held, 0);
}

static void test_a_cancellation_ends_all_pauses(void **state)
{
    (void)state;
    int64_t count = test_scaled(10000, 200);
    submit_failing(count, (rove_retry){.attempts = 2, .backoff = 3600 * ROVE_SECOND, .jitter = 50}, NULL);
    await_held((uint64_t)count);
    assert_int_equal(rove_pool_cancel(pool), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), count);
    assert_int_equal(test_pool_stats(pool).canceled, count);
}

static void test_a_requested_stop_ends_all_pauses(void **state)
{
    (void)state;
    submit_failing(100, (rove_retry){.attempts = 2, .backoff = 3600 * ROVE_SECOND}, NULL);
    await_held(100);
    rove_pool_request_stop(pool);
    while (atomic_load(&ends) < 100) /* nobody but the keeper is there to notice it */
        test_yield();
    assert_int_equal(test_pool_stats(pool).canceled, 100);
}

static void test_canceling_some_jobs_leaves_the_pauses_of_the_others(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    rove_ticket tickets[COUNT];
    submit_failing(COUNT, (rove_retry){.attempts = 2, .backoff = 3600 * ROVE_SECOND, .jitter = 50}, tickets);
    await_held(COUNT);
    for (int i = 0; i < COUNT; i += 2)
        assert_int_equal(rove_job_cancel(pool, tickets[i]), ROVE_OK);
    while (test_pool_stats(pool).canceled < COUNT / 2)
        test_yield();
    assert_int_equal(test_pool_stats(pool).held, COUNT / 2);
    assert_int_equal(rove_pool_cancel(pool), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(test_pool_stats(pool).canceled, COUNT);
    assert_int_equal(atomic_load(&runs), COUNT);
}

static void test_there_is_no_thread_before_a_job_may_pause(void **state)
{
    (void)state;
    rove_job plain = {.fn = fail_always}, at_once = {.fn = fail_always, .retry = {.attempts = 3}};
    assert_int_equal(rove_pool_submit_job(pool, &plain, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_pool_submit_job(pool, &at_once, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 4);
    assert_null(pool->keeper);
    submit_failing(2, (rove_retry){.attempts = 2, .backoff = 1}, NULL);
    assert_non_null(pool->keeper);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_pauses_end, begin, end),
        cmocka_unit_test_setup_teardown(test_a_cancellation_ends_all_pauses, begin, end),
        cmocka_unit_test_setup_teardown(test_a_requested_stop_ends_all_pauses, begin, end),
        cmocka_unit_test_setup_teardown(test_canceling_some_jobs_leaves_the_pauses_of_the_others, begin, end),
        cmocka_unit_test_setup_teardown(test_there_is_no_thread_before_a_job_may_pause, begin, end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
