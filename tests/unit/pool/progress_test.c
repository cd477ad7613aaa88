/*
 * Progress: how far a pool has come, asked for and told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 500 };

static struct {
    atomic_int inside;
    atomic_int calls;
    rove_progress last;
} told;

static void tell(const rove_progress *progress, void *arg)
{
    TEST_CHECK(arg == &told, "the argument of the pool");
    TEST_CHECK(atomic_fetch_add(&told.inside, 1) == 0, "two calls at once");
    TEST_CHECK(progress->done >= told.last.done, "it goes back from %llu to %llu", (unsigned long long)told.last.done,
               (unsigned long long)progress->done);
    TEST_CHECK(progress->done <= progress->total && progress->failed <= progress->done, "%llu of %llu, %llu failed",
               (unsigned long long)progress->done, (unsigned long long)progress->total,
               (unsigned long long)progress->failed);
    told.last = *progress;
    atomic_fetch_add(&told.calls, 1);
    atomic_fetch_sub(&told.inside, 1);
}

static int fail_odd(void *arg, void **value)
{
    (void)arg;
    (void)value;
    return rove_current_job()->id % 2 ? 1 : 0;
}

static rove_pool *begin(rove_runtime *runtime, int64_t interval)
{
    rove_pool_config config = test_pool_config(runtime);
    config.on_progress = tell;
    config.progress_interval = interval;
    config.arg = &told;
    told.last = (rove_progress){.done = 0};
    atomic_store(&told.calls, 0);
    return test_pool(&config);
}

static void test_the_last_call_comes_when_all_have_ended(void **state)
{
    (void)state;
    const int64_t intervals[] = {1, ROVE_MILLISECOND, 3600 * ROVE_SECOND};
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 3; i++) {
            rove_pool *pool = begin(runtime, intervals[i]);
            assert_int_equal(rove_pool_submit_many(pool, fail_odd, NULL, 0, JOBS, NULL), ROVE_OK);
            assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
            assert_true(atomic_load(&told.calls) >= 1 && atomic_load(&told.calls) <= JOBS + 1);
            assert_int_equal(told.last.done, JOBS);
            assert_int_equal(told.last.total, JOBS);
            assert_int_equal(told.last.failed, JOBS / 2);
            test_pool_end(pool);
        }
        test_runtime_end(runtime);
    }
}

static void test_progress_can_be_asked_for(void **state)
{
    (void)state;
    struct test_held held;
    rove_progress progress;
    test_held_begin(&held, NULL);
    for (uint64_t i = 0; i < 10; i++) {
        rove_job job = {.fn = fail_odd, .id = i};
        assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_OK);
    }
    assert_int_equal(rove_pool_get_progress(held.pool, &progress), ROVE_OK);
    assert_int_equal(progress.done, 0);
    assert_int_equal(progress.total, 11);
    assert_int_equal(progress.left, -1);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_get_progress(held.pool, &progress), ROVE_OK);
    assert_int_equal(progress.done, 11);
    assert_int_equal(progress.failed, 5);
    assert_int_equal(progress.left, 0);
    assert_true(progress.rate > 0);
    test_held_end(&held);
}

static void test_an_unused_pool_has_made_no_progress(void **state)
{
    (void)state;
    rove_pool *pool = begin(NULL, 1);
    rove_progress progress;
    assert_int_equal(rove_pool_get_progress(pool, &progress), ROVE_OK);
    assert_true(progress.done == 0 && progress.failed == 0 && progress.total == 0);
    assert_true(progress.rate <= 0 && progress.rate >= 0);
    test_pool_end(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_call_comes_when_all_have_ended),
        cmocka_unit_test(test_progress_can_be_asked_for),
        cmocka_unit_test(test_an_unused_pool_has_made_no_progress),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
