/*
 * Futures: those that end with a job, and those that a job waits for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static rove_runtime *runtime;
static rove_pool *pool;
static atomic_int runs, discards;

static int begin(void **state)
{
    (void)state;
    runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    config.has_results = true;
    config.results_capacity = 2000;
    config.capacity = 20;
    pool = test_pool(&config);
    atomic_store(&runs, 0);
    atomic_store(&discards, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_pool_end(pool);
    test_runtime_end(runtime);
    return 0;
}

static void discard(void *arg)
{
    (void)arg;
    atomic_fetch_add(&discards, 1);
}

static int give(void *arg, void **value)
{
    atomic_fetch_add(&runs, 1);
    *value = arg;
    return 0;
}

static int give_error(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add(&runs, 1);
    return *(int *)arg;
}

static void submit(rove_job_fn *fn, void *arg, rove_future *future, rove_future *const *after, size_t count)
{
    rove_job job = {.fn = fn, .arg = arg, .future = future, .after = after, .after_count = count};
    job.on_discard = discard;
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
}

static void test_a_future_has_the_value_of_its_job(void **state)
{
    (void)state;
    int thing;
    void *value = NULL;
    rove_future future = {.fn = NULL};
    submit(give, &thing, &future, NULL, 0);
    assert_int_equal(rove_future_wait(&future, &value), ROVE_OK);
    assert_ptr_equal(value, &thing);
    assert_true(rove_future_is_done(&future));
    assert_int_equal(rove_future_wait(&future, &value), ROVE_OK);
}

static void test_a_future_has_the_error_of_its_job(void **state)
{
    (void)state;
    int error = 33;
    rove_future future = {.fn = NULL};
    submit(give_error, &error, &future, NULL, 0);
    assert_int_equal(rove_future_wait(&future, NULL), ROVE_FAILED);
    assert_int_equal(rove_future_error(&future), 33);
}

static void test_a_future_of_a_retried_job_ends_with_the_last_run(void **state)
{
    (void)state;
    int error = 33;
    rove_future future = {.fn = NULL};
    rove_job job = {.fn = give_error, .arg = &error, .future = &future, .retry = {.attempts = 4, .backoff = 1000}};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&future, NULL), ROVE_FAILED);
    assert_int_equal(atomic_load(&runs), 4);
}

static void test_a_future_of_a_discarded_job_ends(void **state)
{
    (void)state;
    rove_future late = {.fn = NULL}, canceled = {.fn = NULL}, gate = {.fn = NULL};
    rove_job job = {.fn = give, .future = &late, .deadline = 1, .on_discard = discard};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&late, NULL), ROVE_TIMED_OUT);
    assert_int_equal(rove_future_promise(&gate), ROVE_OK);
    rove_ticket ticket;
    job = (rove_job){.fn = give, .future = &canceled, .after = (rove_future *[]){&gate}, .after_count = 1};
    job.on_discard = discard;
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, &ticket), ROVE_OK);
    assert_int_equal(rove_job_cancel(pool, ticket), ROVE_OK);
    assert_int_equal(rove_future_set(&gate, NULL), ROVE_OK); /* it ends no sooner */
    assert_int_equal(rove_future_wait(&canceled, NULL), ROVE_CANCELED);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(atomic_load(&discards), 2);
}

static int add_one(void *arg, void *before, void **value)
{
    (void)arg;
    *value = (char *)before + 1;
    return 0;
}

static void test_a_task_may_follow_the_future_of_a_job(void **state)
{
    (void)state;
    char thing[2];
    void *value = NULL;
    rove_future first = {.fn = NULL}, second = {.group = {.runtime = runtime}};
    submit(give, thing, &first, NULL, 0);
    assert_int_equal(rove_future_then(&first, &second, add_one, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&second, &value), ROVE_OK);
    assert_ptr_equal(value, thing + 1);
    assert_int_equal(rove_future_wait(&first, NULL), ROVE_OK);
}

static void test_a_job_waits_for_all_its_futures(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    rove_future futures[COUNT] = {{.fn = NULL}}, *after[COUNT], done = {.fn = NULL};
    for (int i = 0; i < COUNT; i++) {
        after[i] = &futures[i];
        assert_int_equal(rove_future_promise(after[i]), ROVE_OK);
    }
    submit(give, NULL, &done, after, COUNT);
    for (int i = COUNT - 1; i >= 0; i--) {
        assert_int_equal(test_pool_stats(pool).held, 1);
        assert_int_equal(test_pool_stats(pool).queued, 0);
        assert_false(rove_future_is_done(&done));
        assert_int_equal(rove_pool_wait(pool, 1), ROVE_TIMED_OUT);
        assert_int_equal(rove_future_set(after[i], NULL), ROVE_OK);
    }
    assert_int_equal(rove_future_wait(&done, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(test_pool_stats(pool).held, 0);
    assert_int_equal(atomic_load(&runs), 1);
}

static void test_futures_that_have_ended_are_not_waited_for(void **state)
{
    (void)state;
    rove_future ended = {.fn = NULL}, done = {.fn = NULL}, *const after[] = {&ended, &ended};
    assert_int_equal(rove_future_promise(&ended), ROVE_OK);
    assert_int_equal(rove_future_set(&ended, NULL), ROVE_OK);
    submit(give, NULL, &done, after, 2);
    assert_int_equal(rove_future_wait(&done, NULL), ROVE_OK);
}

static void test_a_job_that_waits_for_futures_takes_up_room(void **state)
{
    (void)state;
    rove_future gate = {.fn = NULL}, *const after[] = {&gate};
    assert_int_equal(rove_future_promise(&gate), ROVE_OK);
    for (int i = 0; i < 20; i++)
        submit(give, NULL, NULL, after, 1);
    assert_int_equal(test_pool_stats(pool).held, 20);
    assert_int_equal(rove_pool_try_submit(pool, give, NULL), ROVE_FULL);
    assert_int_equal(rove_future_set(&gate, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_try_submit(pool, give, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 21);
}

static void test_a_job_ends_as_the_future_that_has_no_value(void **state)
{
    (void)state;
    int error = 12;
    rove_future failed = {.fn = NULL}, good = {.fn = NULL}, done = {.fn = NULL};
    rove_future *const after[] = {&good, &failed};
    assert_int_equal(rove_future_promise(&good), ROVE_OK);
    submit(give_error, &error, &failed, NULL, 0);
    submit(give, NULL, &done, after, 2);
    assert_int_equal(rove_future_set(&good, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&done, NULL), ROVE_FAILED);
    assert_int_equal(rove_future_error(&done), 12);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&discards), 1);
    assert_int_equal(rove_future_wait(&failed, NULL), ROVE_FAILED);
    rove_pool_stats stats = test_pool_stats(pool);
    assert_int_equal(stats.failed, 2);
    assert_int_equal(stats.discarded, 1);
}

/* A retry is for runs that fail; this one never runs. */
static void test_a_job_whose_future_has_failed_is_not_retried(void **state)
{
    (void)state;
    rove_future failed = {.fn = NULL}, done = {.fn = NULL}, *const after[] = {&failed};
    assert_int_equal(rove_future_promise(&failed), ROVE_OK);
    for (int64_t backoff = 0; backoff <= 1000; backoff += 1000) {
        done = (rove_future){.fn = NULL};
        rove_job job = {.fn = give, .future = &done, .after = after, .after_count = 1, .on_discard = discard};
        job.retry = (rove_retry){.attempts = 3, .backoff = backoff};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
        if (backoff == 0)
            assert_int_equal(rove_future_fail(&failed, 12), ROVE_OK);
        assert_int_equal(rove_future_wait(&done, NULL), ROVE_FAILED);
        assert_int_equal(rove_future_error(&done), 12);
    }
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(atomic_load(&discards), 2);
    assert_int_equal(test_pool_stats(pool).retried, 0);
}

static void test_a_chain_of_jobs_runs_in_its_order(void **state)
{
    (void)state;
    enum { LENGTH = 1000 };
    static rove_future futures[LENGTH], *after[LENGTH];
    static struct test_log starts;
    uint64_t expected[LENGTH];
    atomic_store(&starts.count, 0);
    for (uint64_t i = 0; i < LENGTH; i++) {
        expected[i] = i;
        futures[i] = (rove_future){.fn = NULL};
        after[i] = &futures[i];
        rove_job job = {.fn = test_log_job, .arg = &starts, .id = i, .future = &futures[i]};
        job.after = i ? &after[i - 1] : NULL;
        job.after_count = i ? 1 : 0;
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    assert_int_equal(rove_future_wait(&futures[LENGTH - 1], NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    test_log_expect(&starts, expected, LENGTH);
}

static void test_a_canceled_pool_discards_jobs_when_their_futures_end(void **state)
{
    (void)state;
    rove_future gate = {.fn = NULL}, *const after[] = {&gate};
    assert_int_equal(rove_future_promise(&gate), ROVE_OK);
    for (int i = 0; i < 10; i++)
        submit(give, NULL, NULL, after, 1);
    assert_int_equal(rove_pool_cancel(pool), ROVE_OK);
    assert_int_equal(rove_future_set(&gate, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&discards), 10);
    assert_int_equal(test_pool_stats(pool).canceled, 10);
    assert_int_equal(atomic_load(&runs), 0);
}

static void test_futures_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    rove_future made = {.fn = NULL}, unmade = {.fn = NULL};
    rove_future *const wrong[] = {&made, &unmade}, *const missing[] = {NULL};
    assert_int_equal(rove_future_promise(&made), ROVE_OK);
    const rove_job jobs[] = {{.fn = give, .future = &made},
                             {.fn = give, .after = wrong, .after_count = 2},
                             {.fn = give, .after = missing, .after_count = 1},
                             {.fn = give, .after = NULL, .after_count = 1}};
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        assert_int_equal(rove_pool_submit_job(pool, &jobs[i], ROVE_NEVER, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_set(&made, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&unmade, NULL), ROVE_INVALID);
}

static void test_a_submission_that_is_refused_does_not_make_the_future(void **state)
{
    (void)state;
    rove_future gate = {.fn = NULL}, future = {.fn = NULL}, *const after[] = {&gate};
    assert_int_equal(rove_future_promise(&gate), ROVE_OK);
    for (int i = 0; i < 20; i++)
        submit(give, NULL, NULL, after, 1);
    rove_job job = {.fn = give, .future = &future};
    assert_int_equal(rove_pool_submit_job(pool, &job, 0, NULL), ROVE_FULL);
    assert_int_equal(rove_future_wait(&future, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_set(&gate, NULL), ROVE_OK);
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&future, NULL), ROVE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_future_has_the_value_of_its_job, begin, end),
        cmocka_unit_test_setup_teardown(test_a_future_has_the_error_of_its_job, begin, end),
        cmocka_unit_test_setup_teardown(test_a_future_of_a_retried_job_ends_with_the_last_run, begin, end),
        cmocka_unit_test_setup_teardown(test_a_future_of_a_discarded_job_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_a_task_may_follow_the_future_of_a_job, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_waits_for_all_its_futures, begin, end),
        cmocka_unit_test_setup_teardown(test_futures_that_have_ended_are_not_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_that_waits_for_futures_takes_up_room, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_ends_as_the_future_that_has_no_value, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_whose_future_has_failed_is_not_retried, begin, end),
        cmocka_unit_test_setup_teardown(test_a_chain_of_jobs_runs_in_its_order, begin, end),
        cmocka_unit_test_setup_teardown(test_a_canceled_pool_discards_jobs_when_their_futures_end, begin, end),
        cmocka_unit_test_setup_teardown(test_futures_that_make_no_sense_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_a_submission_that_is_refused_does_not_make_the_future, begin, end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
