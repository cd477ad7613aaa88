/*
 * Canceling: one job by its ticket, or all. A job runs or is discarded, and never both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 50 };

static atomic_int runs, discards;

static void discard(void *arg)
{
    TEST_CHECK(arg == &runs && rove_worker_id() >= 0, "a discard out of place");
    atomic_fetch_add(&discards, 1);
}

static void begin(struct test_held *held)
{
    rove_pool_config config = test_pool_config(NULL);
    config.has_results = true;
    config.overflow = ROVE_OVERFLOW_GROW;
    atomic_store(&runs, 0);
    atomic_store(&discards, 0);
    test_held_begin(held, &config);
}

static rove_ticket submit(rove_pool *pool, rove_job_fn *fn)
{
    rove_ticket ticket = 0;
    rove_job job = {.fn = fn, .arg = &runs, .id = 7, .on_discard = discard};
    assert_int_equal(rove_pool_submit_job(pool, &job, 0, &ticket), ROVE_OK);
    return ticket;
}

static void test_a_job_that_is_canceled_before_its_start_never_runs(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    rove_ticket ticket = submit(held.pool, test_count_job);
    assert_int_equal(rove_job_cancel(held.pool, ticket), ROVE_OK);
    rove_status again = rove_job_cancel(held.pool, ticket);
    assert_true(again == ROVE_OK || again == ROVE_INVALID); /* it may have been discarded by now */
    submit(held.pool, test_count_job);
    test_held_release(&held);
    assert_int_equal(rove_pool_drain(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), 1);
    rove_result result;
    int canceled = 0;
    while (rove_pool_next(held.pool, &result, ROVE_NEVER) == ROVE_OK) {
        canceled += result.status == ROVE_CANCELED;
        assert_true(result.status == ROVE_OK || (result.id == 7 && result.attempts == 0));
    }
    assert_int_equal(canceled, 1);
    assert_int_equal(rove_job_cancel(held.pool, ticket), ROVE_INVALID);
    test_held_end(&held);
}

static struct test_gate begun;

static int until_canceled(void *arg, void **value)
{
    test_count_job(arg, value);
    sem_post(&begun.entered);
    while (!rove_is_canceled())
        test_yield();
    return 3;
}

static void test_a_job_that_runs_is_asked_to_stop(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    test_gate_init(&begun);
    rove_ticket ticket = submit(held.pool, until_canceled);
    test_held_release(&held);
    test_gate_await(&begun);
    assert_int_equal(rove_job_cancel(held.pool, ticket), ROVE_OK);
    rove_status again = rove_job_cancel(held.pool, ticket);
    assert_true(again == ROVE_OK || again == ROVE_INVALID);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_job_cancel(held.pool, ticket), ROVE_INVALID);
    assert_int_equal(test_pool_stats(held.pool).canceled, 1);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), 0);
    /* The others are not meant. */
    submit(held.pool, test_count_job);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 2);
    test_gate_fini(&begun);
}

static void test_tickets_differ_and_name_nothing_after_the_end(void **state)
{
    (void)state;
    struct test_held held;
    rove_ticket tickets[JOBS];
    begin(&held);
    for (int i = 0; i < JOBS; i++) {
        tickets[i] = submit(held.pool, test_count_job);
        for (int j = 0; j < i; j++)
            assert_true(tickets[i] != tickets[j]);
    }
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    for (int i = 0; i < JOBS; i++)
        submit(held.pool, test_count_job); /* wherever the first ones were kept */
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_job_cancel(held.pool, tickets[i]), ROVE_INVALID);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 2 * JOBS);
    assert_int_equal(atomic_load(&discards), 0);
}

static void test_what_is_no_ticket_cancels_nothing(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    rove_ticket ticket = submit(held.pool, test_count_job);
    assert_int_equal(rove_job_cancel(NULL, ticket), ROVE_INVALID);
    assert_int_equal(rove_job_cancel(held.pool, 0), ROVE_INVALID);
    assert_int_equal(rove_job_cancel(held.pool, UINT64_MAX), ROVE_INVALID);
    for (unsigned bit = 0; bit < 64; bit++)
        rove_job_cancel(held.pool, ticket ^ UINT64_C(1) << bit); /* one of them may be the job at the gate */
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 1);
}

static void test_canceling_a_pool_ends_all_its_jobs(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    test_gate_init(&begun);
    submit(held.pool, until_canceled);
    test_held_release(&held);
    test_gate_await(&begun);
    for (int i = 0; i < JOBS; i++)
        submit(held.pool, test_count_job);
    assert_int_equal(rove_pool_cancel(held.pool), ROVE_OK);
    assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs) == ROVE_OK, 0);
    assert_int_equal(rove_pool_cancel(held.pool), ROVE_OK);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_CLOSED);
    rove_pool_stats stats = test_pool_stats(held.pool);
    assert_int_equal(stats.canceled, JOBS + 1);
    assert_int_equal(stats.discarded, JOBS);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), JOBS);
    rove_result result;
    for (int i = 0; i < JOBS + 2; i++)
        assert_int_equal(rove_pool_next(held.pool, &result, 0), ROVE_OK);
    assert_int_equal(rove_pool_next(held.pool, &result, 0), ROVE_CLOSED);
    test_held_end(&held);
    test_gate_fini(&begun);
}

static void test_destroying_a_pool_cancels_what_is_left(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    test_gate_init(&begun);
    submit(held.pool, until_canceled);
    test_held_release(&held);
    test_gate_await(&begun);
    for (int i = 0; i < JOBS; i++)
        submit(held.pool, test_count_job);
    assert_int_equal(rove_pool_destroy(held.pool), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), JOBS);
    test_runtime_end(held.runtime);
    test_gate_fini(&held.gate);
    test_gate_fini(&begun);
}

static int cancel_own_pool(void *arg, void **value)
{
    test_count_job(arg, value);
    TEST_CHECK(rove_pool_cancel(rove_current_job()->pool) == ROVE_OK, "cancel");
    TEST_CHECK(rove_is_canceled(), "the job does not hear of it");
    return 0;
}

static void test_a_job_may_cancel_its_pool(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    submit(held.pool, cancel_own_pool);
    for (int i = 0; i < JOBS; i++)
        submit(held.pool, test_count_job);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), JOBS);
    test_held_end(&held);
}

static void test_canceling_the_runtime_cancels_the_jobs_of_its_pools(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held);
    for (int i = 0; i < JOBS; i++)
        submit(held.pool, test_count_job);
    assert_int_equal(rove_runtime_cancel(held.runtime), ROVE_OK);
    test_held_release(&held);
    assert_int_equal(rove_pool_drain(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(atomic_load(&discards), JOBS);
    test_held_end(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_that_is_canceled_before_its_start_never_runs),
        cmocka_unit_test(test_a_job_that_runs_is_asked_to_stop),
        cmocka_unit_test(test_tickets_differ_and_name_nothing_after_the_end),
        cmocka_unit_test(test_what_is_no_ticket_cancels_nothing),
        cmocka_unit_test(test_canceling_a_pool_ends_all_its_jobs),
        cmocka_unit_test(test_destroying_a_pool_cancels_what_is_left),
        cmocka_unit_test(test_a_job_may_cancel_its_pool),
        cmocka_unit_test(test_canceling_the_runtime_cancels_the_jobs_of_its_pools),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
