/*
 * The stream of results: one record for each job, what it says, and what a full stream does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 50 };

static rove_pool_config results_config(rove_runtime *runtime, rove_overflow overflow, size_t capacity)
{
    rove_pool_config config = test_pool_config(runtime);
    config.has_results = true;
    config.results_capacity = capacity;
    config.overflow = overflow;
    return config;
}

static int tell(void *arg, void **value)
{
    *value = arg;
    return (int)rove_current_job()->id % 2 ? (int)rove_current_job()->id : 0;
}

static void submit(rove_pool *pool, uint64_t id)
{
    rove_job job = {.fn = tell, .arg = pool, .id = id, .user = &pool};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
}

static void test_a_record_says_what_came_of_the_job(void **state)
{
    (void)state;
    for (int untimed = 0; untimed <= 1; untimed++) {
        rove_runtime *runtime = test_runtime(1);
        rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_BLOCK, JOBS);
        config.is_untimed = untimed;
        rove_pool *pool = test_pool(&config);
        int64_t before = rove_clock();
        int user;
        for (uint64_t i = 0; i < JOBS; i++) {
            rove_job job = {.fn = tell, .arg = pool, .id = i, .user = &user};
            assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
        }
        for (uint64_t i = 0; i < JOBS; i++) { /* one worker: in the order of submission */
            rove_result result;
            assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
            assert_int_equal(result.id, i);
            assert_int_equal(result.status, i % 2 ? ROVE_FAILED : ROVE_OK);
            assert_int_equal(result.error, i % 2 ? i : 0);
            assert_ptr_equal(result.value, pool);
            assert_ptr_equal(result.user, &user);
            assert_true(result.worker >= 0 && result.worker < rove_worker_limit(runtime));
            assert_int_equal(result.attempts, 1);
            int64_t elapsed = rove_clock() - before;
            int64_t slack = elapsed / 20 + 20 * ROVE_MICROSECOND; /* what a tick is, is measured, and not quite right */
            assert_true(untimed ? result.submitted == 0 && result.wait_ns == 0 && result.run_ns == 0
                                : result.submitted >= before - slack && result.wait_ns >= 0 && result.run_ns >= 0);
            assert_true(untimed || result.submitted - before + result.wait_ns + result.run_ns <= elapsed + slack);
        }
        test_pool_end(pool);
        test_runtime_end(runtime);
    }
}

/* Leaves in its argument how long it has taken. */
static int take_time(void *arg, void **value)
{
    (void)value;
    int64_t begin = rove_clock();
    while (rove_clock() < begin + 10 * ROVE_MILLISECOND)
        ;
    *(int64_t *)arg = rove_clock() - begin;
    return 0;
}

static void test_the_first_job_of_a_pool_is_timed_by_the_clock_too(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_BLOCK, JOBS);
    rove_pool *pool = test_pool(&config);
    int64_t inside = 0;
    int64_t before = rove_clock();
    assert_int_equal(rove_pool_submit(pool, take_time, &inside), ROVE_OK);
    rove_result result;
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    int64_t outside = rove_clock() - before;
    assert_true(result.run_ns >= inside - inside / 50);
    assert_true(result.run_ns <= outside + outside / 50);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_a_stream_ends_after_its_last_record(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_BLOCK, JOBS);
    rove_pool *pool = test_pool(&config);
    rove_result result;
    assert_int_equal(rove_pool_next(pool, &result, 0), ROVE_TIMED_OUT);
    assert_int_equal(rove_pool_next(pool, &result, 1), ROVE_TIMED_OUT);
    int64_t until = rove_clock() + ROVE_MILLISECOND;
    assert_int_equal(rove_pool_next(pool, &result, until), ROVE_TIMED_OUT);
    assert_true(rove_clock() >= until);
    for (uint64_t i = 0; i < 3; i++)
        submit(pool, i);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(test_pool_stats(pool).results_unread, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rove_pool_next(pool, &result, 0), ROVE_OK);
    assert_int_equal(test_pool_stats(pool).results_unread, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_CLOSED);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_several_records_are_taken_at_once(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_BLOCK, JOBS);
    rove_pool *pool = test_pool(&config);
    rove_result results[JOBS];
    size_t count = 99;
    assert_int_equal(rove_pool_next_batch(pool, results, JOBS, 0, &count), ROVE_TIMED_OUT);
    assert_int_equal(count, 0);
    for (uint64_t i = 0; i < JOBS; i++)
        submit(pool, i);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_next_batch(pool, results, 20, ROVE_NEVER, &count), ROVE_OK);
    assert_int_equal(count, 20);
    assert_int_equal(rove_pool_next_batch(pool, results + 20, 100 * JOBS, 0, &count), ROVE_OK);
    assert_int_equal(count, JOBS - 20);
    for (uint64_t i = 0; i < JOBS; i++)
        assert_int_equal(results[i].id, i);
    assert_int_equal(rove_pool_next_batch(pool, results, 20, ROVE_NEVER, &count), ROVE_CLOSED);
    assert_int_equal(count, 0);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_no_job_starts_without_room_for_its_record(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_BLOCK, 2);
    rove_pool *pool = test_pool(&config);
    for (uint64_t i = 0; i < 10; i++)
        submit(pool, 2 * i);
    for (int unread = 10; unread > 0; unread--) {
        rove_result result;
        while (test_pool_stats(pool).results_unread < (unsigned)(unread < 2 ? unread : 2))
            test_yield();
        for (int i = 0; i < 100; i++)
            test_yield();
        rove_pool_stats stats = test_pool_stats(pool);
        assert_int_equal(stats.results_unread, unread < 2 ? unread : 2);
        assert_int_equal(stats.running, 0);
        assert_int_equal(stats.queued, unread < 2 ? 0 : unread - 2);
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    }
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_the_oldest_record_is_dropped(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_DROP_OLDEST, 3);
    rove_pool *pool = test_pool(&config);
    rove_result result;
    for (uint64_t i = 0; i < 10; i++)
        submit(pool, i);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    for (uint64_t i = 7; i < 10; i++) {
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
        assert_int_equal(result.id, i);
    }
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_CLOSED);
    assert_int_equal(test_pool_stats(pool).results_dropped, 7);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_a_stream_grows(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_GROW, 1);
    rove_pool *pool = test_pool(&config);
    rove_result result;
    for (uint64_t i = 0; i < 20000; i++)
        submit(pool, i);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    for (uint64_t i = 0; i < 20000; i++) {
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
        assert_int_equal(result.id, i);
    }
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_CLOSED);
    assert_int_equal(test_pool_stats(pool).results_dropped, 0);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static struct test_once handed;

static void take(const rove_result *result, void *arg)
{
    TEST_CHECK(arg == &handed && rove_worker_id() >= 0, "on_result out of place");
    test_once_mark(&handed, (int64_t)result->id);
}

static void test_the_worker_hands_over_what_the_stream_cannot_take(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_CALLER_RUNS, 5);
    config.on_result = take;
    config.arg = &handed;
    rove_pool *pool = test_pool(&config);
    rove_result result;
    int read = 0;
    test_once_init(&handed, JOBS);
    for (uint64_t i = 0; i < JOBS; i++)
        submit(pool, i);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    for (; rove_pool_next(pool, &result, ROVE_NEVER) == ROVE_OK; read++)
        test_once_mark(&handed, (int64_t)result.id);
    assert_int_equal(read, 5);
    test_once_check(&handed);
    assert_int_equal(test_pool_stats(pool).results_dropped, 0);
    test_pool_end(pool);
    test_once_fini(&handed);
    test_runtime_end(runtime);
}

static int read_own_stream(void *arg, void **value)
{
    rove_result result;
    rove_status *status = arg;
    (void)value;
    status[0] = rove_pool_next(rove_current_job()->pool, &result, ROVE_NEVER);
    status[1] = rove_pool_next(rove_current_job()->pool, &result, ROVE_NEVER);
    return 0;
}

static void test_a_job_may_read_and_not_wait_for_a_record(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = results_config(runtime, ROVE_OVERFLOW_BLOCK, 5);
    rove_pool *pool = test_pool(&config);
    rove_status status[2] = {ROVE_PENDING, ROVE_PENDING};
    submit(pool, 0);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_submit(pool, read_own_stream, status), ROVE_OK);
    test_pool_end(pool);
    assert_int_equal(status[0], ROVE_OK);
    assert_int_equal(status[1], ROVE_BUSY);
    test_runtime_end(runtime);
}

static void test_who_cannot_read_is_told_so(void **state)
{
    (void)state;
    rove_pool *without = test_pool(NULL);
    rove_pool_config config = results_config(NULL, ROVE_OVERFLOW_BLOCK, 5);
    rove_pool *with = test_pool(&config);
    rove_result result;
    size_t count;
    assert_int_equal(rove_pool_next(without, &result, 0), ROVE_INVALID);
    assert_int_equal(rove_pool_next_batch(without, &result, 1, 0, &count), ROVE_INVALID);
    assert_int_equal(rove_pool_next(NULL, &result, 0), ROVE_INVALID);
    assert_int_equal(rove_pool_next(with, NULL, 0), ROVE_INVALID);
    assert_int_equal(rove_pool_next_batch(NULL, &result, 1, 0, &count), ROVE_INVALID);
    assert_int_equal(rove_pool_next_batch(with, NULL, 1, 0, &count), ROVE_INVALID);
    assert_int_equal(rove_pool_next_batch(with, &result, 1, 0, NULL), ROVE_INVALID);
    assert_int_equal(rove_pool_next_batch(with, &result, 0, 0, &count), ROVE_INVALID);
    test_pool_end(without);
    test_pool_end(with);
}

static void test_records_that_nobody_reads_end_with_the_pool(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    for (int overflow = ROVE_OVERFLOW_BLOCK; overflow <= ROVE_OVERFLOW_GROW; overflow++) {
        rove_pool_config config = results_config(runtime, (rove_overflow)overflow, 3);
        rove_pool *pool = test_pool(&config);
        for (uint64_t i = 0; i < JOBS; i++)
            submit(pool, i);
        assert_int_equal(rove_pool_destroy(pool), ROVE_OK);
    }
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_says_what_came_of_the_job),
        cmocka_unit_test(test_the_first_job_of_a_pool_is_timed_by_the_clock_too),
        cmocka_unit_test(test_a_stream_ends_after_its_last_record),
        cmocka_unit_test(test_several_records_are_taken_at_once),
        cmocka_unit_test(test_no_job_starts_without_room_for_its_record),
        cmocka_unit_test(test_the_oldest_record_is_dropped),
        cmocka_unit_test(test_a_stream_grows),
        cmocka_unit_test(test_the_worker_hands_over_what_the_stream_cannot_take),
        cmocka_unit_test(test_a_job_may_read_and_not_wait_for_a_record),
        cmocka_unit_test(test_who_cannot_read_is_told_so),
        cmocka_unit_test(test_records_that_nobody_reads_end_with_the_pool),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
