/*
 * Retries: how often, which errors, and that a pause holds no worker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* Fails until its run number `succeeds_at`, with the number of the run as the error. */
struct flaky {
    int succeeds_at;
    atomic_int runs;
    atomic_int asked;
    int retryable_below; /* errors from this one on are not */
    atomic_int discards;
};

static int flaky_run(void *arg, void **value)
{
    struct flaky *flaky = arg;
    int run = atomic_fetch_add(&flaky->runs, 1) + 1;
    TEST_CHECK(rove_current_job()->attempt == run, "attempt %d is run %d", rove_current_job()->attempt, run);
    TEST_CHECK(*value == NULL, "a value out of the last run");
    *value = flaky;
    return run == flaky->succeeds_at ? 0 : run;
}

static void flaky_discard(void *arg)
{
    atomic_fetch_add(&((struct flaky *)arg)->discards, 1);
}

static rove_runtime *runtime;
static rove_pool *pool;

static int begin(void **state)
{
    (void)state;
    runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.has_results = true;
    config.results_capacity = 100;
    config.catches_aborts = true;
    pool = test_pool(&config);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_pool_end(pool);
    test_runtime_end(runtime);
    return 0;
}

static rove_result run(struct flaky *flaky, rove_retry retry)
{
    rove_job job = {.fn = flaky_run, .arg = flaky, .retry = retry, .on_discard = flaky_discard};
    rove_result result;
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&flaky->runs), result.attempts);
    assert_int_equal(atomic_load(&flaky->discards), 0);
    return result;
}

static void test_a_job_runs_until_it_succeeds(void **state)
{
    (void)state;
    struct flaky flaky = {.succeeds_at = 3};
    rove_result result = run(&flaky, (rove_retry){.attempts = 5});
    assert_int_equal(result.status, ROVE_OK);
    assert_int_equal(result.error, 0);
    assert_int_equal(result.attempts, 3);
    assert_ptr_equal(result.value, &flaky);
    assert_int_equal(test_pool_stats(pool).retried, 2);
    assert_int_equal(test_pool_stats(pool).submitted, 1);
}

static void test_a_job_that_never_succeeds_fails_with_its_last_error(void **state)
{
    (void)state;
    struct flaky flaky = {.succeeds_at = 0};
    rove_result result = run(&flaky, (rove_retry){.attempts = 4});
    assert_int_equal(result.status, ROVE_FAILED);
    assert_int_equal(result.error, 4);
    assert_int_equal(result.attempts, 4);
    assert_int_equal(test_pool_stats(pool).failed, 1);
}

static void test_without_attempts_there_is_one_run(void **state)
{
    (void)state;
    for (int attempts = 0; attempts <= 1; attempts++) {
        struct flaky flaky = {.succeeds_at = 2};
        rove_result result = run(&flaky, (rove_retry){.attempts = attempts, .backoff = ROVE_SECOND});
        assert_int_equal(result.status, ROVE_FAILED);
        assert_int_equal(result.attempts, 1);
    }
}

static bool is_retryable(int error, void *arg)
{
    struct flaky *flaky = arg;
    atomic_fetch_add(&flaky->asked, 1);
    TEST_CHECK(rove_worker_id() >= 0, "it is asked on a thread that is no worker");
    return error < flaky->retryable_below;
}

static void test_the_job_says_which_errors_are_worth_another_run(void **state)
{
    (void)state;
    struct flaky flaky = {.retryable_below = 3};
    rove_result result = run(&flaky, (rove_retry){.attempts = 10, .is_retryable = is_retryable});
    assert_int_equal(result.status, ROVE_FAILED);
    assert_int_equal(result.error, 3);
    assert_int_equal(result.attempts, 3);
    assert_int_equal(atomic_load(&flaky.asked), 3);
}

static void test_pauses_end(void **state)
{
    (void)state;
    for (int jitter = 0; jitter <= 100; jitter += 50) {
        struct flaky flaky = {.succeeds_at = 12};
        rove_retry retry = {.attempts = 12, .backoff = 1000, .backoff_max = 50000, .jitter = jitter};
        assert_int_equal(run(&flaky, retry).status, ROVE_OK);
    }
}

/* Doubled often enough, a pause does not fit into 64 bits: it must not become negative or none. */
static void test_a_pause_that_is_doubled_has_an_upper_bound(void **state)
{
    (void)state;
    struct flaky flaky = {.succeeds_at = 100};
    assert_int_equal(run(&flaky, (rove_retry){.attempts = 100, .backoff = 1, .backoff_max = 1000}).attempts, 100);
}

/* Two jobs that wait for an hour, and others that run meanwhile. */
static const rove_retry in_an_hour = {.attempts = 2, .backoff = 3600 * ROVE_SECOND};

static rove_ticket submit_paused(struct flaky *flaky, const rove_retry *retry, int64_t deadline)
{
    rove_ticket ticket;
    rove_job job = {.fn = flaky_run, .arg = flaky, .retry = *retry, .on_discard = flaky_discard};
    job.deadline = deadline;
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, &ticket), ROVE_OK);
    while (test_pool_stats(pool).held == 0 && atomic_load(&flaky->runs) < 2 && !deadline)
        test_yield();
    return ticket;
}

static void test_a_pause_holds_no_worker(void **state)
{
    (void)state;
    struct flaky paused = {.succeeds_at = 2};
    submit_paused(&paused, &in_an_hour, 0);
    for (int i = 0; i < 50; i++) {
        struct flaky flaky = {.succeeds_at = 2};
        assert_int_equal(run(&flaky, (rove_retry){.attempts = 2, .backoff = 1000}).status, ROVE_OK);
    }
    assert_int_equal(test_pool_stats(pool).held, 1);
    assert_int_equal(rove_pool_wait(pool, rove_clock() + ROVE_MILLISECOND), ROVE_TIMED_OUT);
    assert_int_equal(rove_pool_drain(pool, 0), ROVE_TIMED_OUT);
    assert_int_equal(rove_pool_get_state(pool), ROVE_POOL_DRAINING);
    assert_int_equal(rove_pool_cancel(pool), ROVE_OK);
    rove_result result;
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    assert_int_equal(result.status, ROVE_CANCELED);
    assert_int_equal(result.attempts, 1);
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_CLOSED);
    assert_int_equal(atomic_load(&paused.runs), 1);
    assert_int_equal(atomic_load(&paused.discards), 0); /* it has run */
}

static void test_a_job_is_canceled_in_its_pause(void **state)
{
    (void)state;
    struct flaky paused = {.succeeds_at = 2};
    rove_ticket ticket = submit_paused(&paused, &in_an_hour, 0);
    assert_int_equal(rove_job_cancel(pool, ticket), ROVE_OK);
    rove_result result;
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    assert_int_equal(result.status, ROVE_CANCELED);
    assert_int_equal(atomic_load(&paused.runs), 1);
}

static void test_a_job_does_not_pause_beyond_its_deadline(void **state)
{
    (void)state;
    struct flaky paused = {.succeeds_at = 2};
    submit_paused(&paused, &in_an_hour, rove_clock() + 300 * ROVE_MILLISECOND);
    rove_result result;
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    assert_true(result.status == ROVE_TIMED_OUT || result.status == ROVE_FAILED);
    assert_true(result.attempts <= 1);
}

static void test_a_drain_waits_for_the_next_run(void **state)
{
    (void)state;
    struct flaky flaky = {.succeeds_at = 3};
    rove_retry retry = {.attempts = 3, .backoff = 5 * ROVE_MILLISECOND};
    submit_paused(&flaky, &retry, 0);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&flaky.runs), 3);
    assert_int_equal(test_pool_stats(pool).completed, 1);
}

static int fail_itself(void *arg, void **value)
{
    test_count_job(arg, value);
    rove_fail(77);
    return 0;
}

static void test_a_job_that_fails_itself_is_retried_too(void **state)
{
    (void)state;
    atomic_int runs = 0;
    rove_result result;
    rove_job job = {.fn = fail_itself, .arg = &runs, .retry = {.attempts = 3}};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    assert_int_equal(result.status, ROVE_FAILED);
    assert_int_equal(result.error, 77);
    assert_int_equal(atomic_load(&runs), 3);
}

static int crash(void *arg, void **value)
{
    test_count_job(arg, value);
    rove_job_abort(9);
    return 0;
}

static int cancel_itself(void *arg, void **value)
{
    test_count_job(arg, value);
    rove_pool_cancel(pool);
    return 1;
}

static void test_a_job_that_crashed_or_was_canceled_does_not_run_again(void **state)
{
    (void)state;
    rove_job_fn *const fns[] = {crash, cancel_itself};
    const rove_status expected[] = {ROVE_CRASHED, ROVE_CANCELED};
    for (int i = 0; i < 2; i++) {
        atomic_int runs = 0;
        rove_result result;
        rove_job job = {.fn = fns[i], .arg = &runs, .retry = {.attempts = 5}};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
        assert_int_equal(result.status, expected[i]);
        assert_int_equal(atomic_load(&runs), 1);
    }
}

static void test_a_retry_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    const rove_retry wrong[] = {{.attempts = -1},
                                {.attempts = 2, .backoff = -1},
                                {.attempts = 2, .backoff = 1, .backoff_max = -1},
                                {.attempts = 2, .jitter = -1},
                                {.attempts = 2, .jitter = 101}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        atomic_int runs = 0;
        rove_job job = {.fn = test_count_job, .arg = &runs, .retry = wrong[i]};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_job_runs_until_it_succeeds, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_that_never_succeeds_fails_with_its_last_error, begin, end),
        cmocka_unit_test_setup_teardown(test_without_attempts_there_is_one_run, begin, end),
        cmocka_unit_test_setup_teardown(test_the_job_says_which_errors_are_worth_another_run, begin, end),
        cmocka_unit_test_setup_teardown(test_pauses_end, begin, end),
        cmocka_unit_test_setup_teardown(test_a_pause_that_is_doubled_has_an_upper_bound, begin, end),
        cmocka_unit_test_setup_teardown(test_a_pause_holds_no_worker, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_is_canceled_in_its_pause, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_does_not_pause_beyond_its_deadline, begin, end),
        cmocka_unit_test_setup_teardown(test_a_drain_waits_for_the_next_run, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_that_fails_itself_is_retried_too, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_that_crashed_or_was_canceled_does_not_run_again, begin, end),
        cmocka_unit_test_setup_teardown(test_a_retry_that_makes_no_sense_is_refused, begin, end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
