/*
 * Deadlines and time limits: what is late before it starts does not run, what runs is asked to stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static atomic_int runs, discards;

static void begin(struct test_held *held)
{
    rove_pool_config config = test_pool_config(NULL);
    config.has_results = true;
    config.results_capacity = 100;
    atomic_store(&runs, 0);
    atomic_store(&discards, 0);
    test_held_begin(held, &config);
}

/* The next record of the stream that is not of the job at the gate. */
static rove_result next(const struct test_held *held)
{
    rove_result result;
    do
        assert_int_equal(rove_pool_next(held->pool, &result, ROVE_NEVER), ROVE_OK);
    while (result.id == TEST_HELD_ID);
    return result;
}

static void discard(void *arg)
{
    TEST_CHECK(arg == &runs, "on_discard gets the argument of the job");
    TEST_CHECK(rove_worker_id() >= 0, "a job is discarded by a thread that is no worker");
    atomic_fetch_add(&discards, 1);
}

static void expect_discarded(const struct test_held *held, rove_status status)
{
    rove_result result = next(held);
    assert_int_equal(result.status, status);
    assert_int_equal(result.attempts, 0);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(atomic_load(&discards), 1);
    assert_int_equal(test_pool_stats(held->pool).discarded, 1);
}

static void test_a_job_whose_deadline_is_over_is_accepted_and_not_run(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    rove_job job = {.fn = test_count_job, .arg = &runs, .deadline = 1, .on_discard = discard};
    assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_OK);
    test_held_release(&held);
    expect_discarded(&held, ROVE_TIMED_OUT);
    assert_int_equal(test_pool_stats(held.pool).timed_out, 1);
    test_held_end(&held);
}

static void test_a_job_that_is_late_before_it_starts_is_not_run(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    int64_t deadline = rove_clock() + ROVE_MILLISECOND;
    rove_job job = {.fn = test_count_job, .arg = &runs, .deadline = deadline, .on_discard = discard};
    assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_OK);
    while (rove_clock() <= deadline)
        continue;
    test_held_release(&held);
    expect_discarded(&held, ROVE_TIMED_OUT);
    test_held_end(&held);
}

static void test_a_job_in_time_runs(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    rove_job job = {.fn = test_count_job, .arg = &runs, .on_discard = discard};
    job.deadline = rove_clock() + 1000 * ROVE_SECOND;
    job.timeout = 1000 * ROVE_SECOND;
    assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_OK);
    test_held_release(&held);
    rove_result result = next(&held);
    assert_int_equal(result.status, ROVE_OK);
    assert_int_equal(result.attempts, 1);
    assert_int_equal(atomic_load(&runs), 1);
    test_held_end(&held);
    assert_int_equal(atomic_load(&discards), 0);
}

/* Works until it is asked to stop. */
static int endless(void *arg, void **value)
{
    test_count_job(arg, value);
    while (!rove_is_canceled())
        continue;
    return 0;
}

static int endless_with_error(void *arg, void **value)
{
    endless(arg, value);
    return 5;
}

/* The job has run, and was stopped. */
static void expect_stopped(struct test_held *held, const rove_job *job, rove_status status)
{
    assert_int_equal(rove_pool_submit_job(held->pool, job, 0, NULL), ROVE_OK);
    test_held_release(held);
    rove_result result = next(held);
    assert_int_equal(result.status, status);
    assert_int_equal(result.attempts, 1);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), 0);
    rove_pool_stats stats = test_pool_stats(held->pool);
    assert_int_equal(stats.timed_out, status == ROVE_TIMED_OUT ? 1 : 0);
    assert_int_equal(stats.discarded, 0);
    test_held_end(held);
}

/* A job that does not start before its deadline never runs, so the next one has more time. */
static void test_a_job_is_asked_to_stop_at_its_deadline(void **state)
{
    (void)state;
    rove_job_fn *const fns[] = {endless, endless_with_error};
    for (int i = 0; i < 2; i++) {
        struct test_held held;
        int64_t time = 100 * ROVE_MILLISECOND;
        begin(&held);
        test_held_release(&held);
        assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
        for (rove_result result = {.attempts = 0}; result.attempts == 0; time *= 2) {
            rove_job job = {.fn = fns[i], .arg = &runs, .deadline = rove_clock() + time};
            assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_OK);
            result = next(&held);
            assert_int_equal(result.status, ROVE_TIMED_OUT);
            assert_int_equal(atomic_load(&runs), result.attempts);
        }
        test_held_end(&held);
    }
}

static void test_a_job_is_asked_to_stop_when_its_time_is_used_up(void **state)
{
    (void)state;
    rove_job_fn *const fns[] = {endless, endless_with_error};
    for (int i = 0; i < 2; i++) {
        struct test_held held;
        begin(&held);
        rove_job job = {.fn = fns[i], .arg = &runs, .timeout = ROVE_MILLISECOND, .on_discard = discard};
        expect_stopped(&held, &job, ROVE_TIMED_OUT);
    }
}

/* The time counts from the start of the run and not from the submission. */
static void test_the_time_limit_does_not_count_waiting(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    int64_t start = rove_clock();
    rove_job job = {.fn = test_count_job, .arg = &runs, .timeout = ROVE_MILLISECOND, .on_discard = discard};
    assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_OK);
    while (rove_clock() < start + 2 * ROVE_MILLISECOND)
        continue;
    test_held_release(&held);
    assert_int_equal(next(&held).attempts, 1);
    assert_int_equal(atomic_load(&runs), 1);
    test_held_end(&held);
}

static void loop_body(int64_t begin_at, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t i = begin_at; i < end; i++)
        test_spin_ns(1000);
}

static int loop_job(void *arg, void **value)
{
    test_count_job(arg, value);
    rove_status status = rove_for(0, INT64_MAX / 2, loop_body, NULL);
    TEST_CHECK(status == ROVE_TIMED_OUT, "the loop: %s", rove_status_text(status));
    return 0;
}

static void test_what_a_job_runs_in_parallel_stops_with_it(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    rove_job job = {.fn = loop_job, .arg = &runs, .timeout = ROVE_MILLISECOND};
    expect_stopped(&held, &job, ROVE_TIMED_OUT);
}

static void test_a_time_that_is_negative_is_refused(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    const int64_t wrong[] = {-1, INT64_MIN};
    for (int i = 0; i < 2; i++) {
        rove_job late = {.fn = test_count_job, .arg = &runs, .deadline = wrong[i], .on_discard = discard};
        rove_job slow = {.fn = test_count_job, .arg = &runs, .timeout = wrong[i], .on_discard = discard};
        assert_int_equal(rove_pool_submit_job(held.pool, &late, 0, NULL), ROVE_INVALID);
        assert_int_equal(rove_pool_submit_job(held.pool, &slow, 0, NULL), ROVE_INVALID);
    }
    rove_job far = {.fn = test_count_job, .arg = &runs, .deadline = INT64_MAX, .timeout = INT64_MAX};
    assert_int_equal(rove_pool_submit_job(held.pool, &far, 0, NULL), ROVE_OK);
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_whose_deadline_is_over_is_accepted_and_not_run),
        cmocka_unit_test(test_a_job_that_is_late_before_it_starts_is_not_run),
        cmocka_unit_test(test_a_job_in_time_runs),
        cmocka_unit_test(test_a_job_is_asked_to_stop_at_its_deadline),
        cmocka_unit_test(test_a_job_is_asked_to_stop_when_its_time_is_used_up),
        cmocka_unit_test(test_the_time_limit_does_not_count_waiting),
        cmocka_unit_test(test_what_a_job_runs_in_parallel_stops_with_it),
        cmocka_unit_test(test_a_time_that_is_negative_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
