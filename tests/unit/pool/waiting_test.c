/*
 * Waiting for batches and results where it could go wrong: beyond the end of the pool, across pools and runtimes, on
 * top of what is waited for, and when a stop is requested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static atomic_int runs, discards;

static void reset(void)
{
    atomic_store(&runs, 0);
    atomic_store(&discards, 0);
}

static rove_status submit_to(rove_pool *pool, rove_batch *batch, rove_job_fn *fn, void *arg)
{
    rove_job job = {.fn = fn, .arg = arg, .batch = batch};
    return rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
}

static void test_a_batch_may_be_waited_for_when_its_pool_is_gone(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    for (int is_canceled = 0; is_canceled < 2; is_canceled++) {
        struct test_gate gate;
        rove_batch batch = {.count = 0};
        rove_pool_config config = test_pool_config(runtime);
        rove_pool *pool = test_pool(&config);
        reset();
        test_gate_init(&gate);
        assert_int_equal(rove_pool_submit(pool, test_gate_job, &gate), ROVE_OK);
        test_gate_await(&gate);
        assert_int_equal(submit_to(pool, &batch, test_count_job, &runs), ROVE_OK);
        if (is_canceled)
            assert_int_equal(rove_pool_cancel(pool), ROVE_OK);
        test_gate_open(&gate, 1);
        assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
        assert_int_equal(rove_pool_destroy(pool), ROVE_OK);
        assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), is_canceled ? ROVE_CANCELED : ROVE_OK);
        assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), is_canceled ? ROVE_CANCELED : ROVE_OK);
        assert_int_equal(atomic_load(&runs), !is_canceled);
        test_gate_fini(&gate);
    }
    test_runtime_end(runtime);
}

static void test_a_batch_belongs_to_one_pool_between_two_waits(void **state)
{
    (void)state;
    rove_pool *first = test_pool(NULL);
    rove_pool *second = test_pool(NULL);
    rove_batch batch = {.count = 0};
    reset();
    assert_int_equal(submit_to(first, &batch, test_count_job, &runs), ROVE_OK);
    assert_int_equal(submit_to(second, &batch, test_count_job, &runs), ROVE_INVALID);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_OK);
    assert_int_equal(submit_to(second, &batch, test_count_job, &runs), ROVE_OK);
    assert_int_equal(submit_to(first, &batch, test_count_job, &runs), ROVE_INVALID);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 2);
    test_pool_end(first);
    test_pool_end(second);
}

static void test_a_canceled_batch_may_be_used_again(void **state)
{
    (void)state;
    rove_pool *pool = test_pool(NULL);
    rove_batch batch = {.count = 0};
    reset();
    rove_batch_cancel(&batch);
    assert_int_equal(submit_to(pool, &batch, test_count_job, &runs), ROVE_CANCELED);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_CANCELED);
    assert_int_equal(submit_to(pool, &batch, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_batch_successes(&batch), 1);
    batch.deadline = 1;
    assert_int_equal(submit_to(pool, &batch, test_count_job, &runs), ROVE_TIMED_OUT);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_TIMED_OUT);
    batch.deadline = 0;
    assert_int_equal(submit_to(pool, &batch, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 2);
    test_pool_end(pool);
}

static void wait_for_success(void *batch)
{
    TEST_CHECK(rove_batch_wait(batch, ROVE_NEVER) == ROVE_OK, "a batch whose last job has ended");
}

static void test_a_batch_ends_while_other_jobs_go_on(void **state)
{
    (void)state;
    struct test_thread thread;
    struct test_gate own, other;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    rove_batch batch = {.count = 0};
    test_gate_init(&own);
    test_gate_init(&other);
    assert_int_equal(rove_pool_submit(pool, test_gate_job, &other), ROVE_OK);
    assert_int_equal(submit_to(pool, &batch, test_gate_job, &own), ROVE_OK);
    test_gate_await(&other);
    test_gate_await(&own);
    test_thread_start(&thread, wait_for_success, &batch);
    test_thread_await_asleep(&thread);
    test_gate_open(&own, 1);
    test_thread_join(&thread);
    test_gate_open(&other, 1);
    test_pool_end(pool);
    test_gate_fini(&own);
    test_gate_fini(&other);
    test_runtime_end(runtime);
}

static void test_a_batch_was_stopped_if_that_has_stopped_a_job(void **state)
{
    (void)state;
    for (int is_late = 0; is_late < 2; is_late++) {
        struct test_held held;
        rove_batch batch = {.count = 0};
        reset();
        test_held_begin(&held, NULL);
        for (int i = 0; i < 2; i++)
            assert_int_equal(submit_to(held.pool, &batch, test_count_job, &runs), ROVE_OK);
        test_held_release(&held);
        assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
        assert_int_equal(rove_pool_submit(held.pool, test_gate_job, &held.gate), ROVE_OK);
        test_gate_await(&held.gate);
        if (!is_late)
            assert_int_equal(submit_to(held.pool, &batch, test_count_job, &runs), ROVE_OK);
        rove_batch_cancel(&batch);
        test_gate_open(&held.gate, 1);
        assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), is_late ? ROVE_OK : ROVE_CANCELED);
        assert_int_equal(rove_batch_successes(&batch), 2);
        test_held_end(&held);
    }
}

/* A batch, and a group that is part of nothing. */
struct nest {
    rove_batch batch;
    rove_group group;
    atomic_bool has_run;
};

static int wait_for_batch_on_top(void *arg)
{
    struct nest *nest = arg;
    TEST_CHECK(rove_batch_wait(&nest->batch, ROVE_NEVER) == ROVE_BUSY, "a wait on top of a job of the batch");
    atomic_store(&nest->has_run, true);
    return 0;
}

static int wait_in_batch(void *arg, void **value)
{
    struct nest *nest = arg;
    (void)value;
    TEST_CHECK(rove_batch_wait(&nest->batch, 0) == ROVE_INVALID, "a wait in a job of the batch");
    TEST_CHECK(rove_group_spawn(&nest->group, wait_for_batch_on_top, nest) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&nest->group) == ROVE_OK, "wait");
    return 0;
}

static void test_a_job_of_the_batch_below_on_the_stack_is_not_waited_for(void **state)
{
    (void)state;
    static struct nest nest;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    assert_int_equal(submit_to(pool, &nest.batch, wait_in_batch, &nest), ROVE_OK);
    while (!atomic_load(&nest.has_run))
        test_yield();
    assert_int_equal(rove_batch_wait(&nest.batch, ROVE_NEVER), ROVE_OK);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

/* What a thread waits for that sleeps until there is a stop. */
struct sleeper {
    rove_pool *pool;
    rove_batch *batch;
};

static void wait_for_batch(void *arg)
{
    struct sleeper *sleeper = arg;
    TEST_CHECK(rove_batch_wait(sleeper->batch, ROVE_NEVER) == ROVE_CANCELED, "a batch in a pool that is stopped");
}

/* The stream is full, so no job runs, and nobody but the waiter could notice the stop. */
static void test_a_stop_ends_the_wait_for_a_batch(void **state)
{
    (void)state;
    struct test_thread thread;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.has_results = true;
    config.results_capacity = 1;
    rove_pool *pool = test_pool(&config);
    rove_batch batch = {.count = 0};
    struct sleeper sleeper = {pool, &batch};
    reset();
    assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    while (atomic_load(&runs) == 0)
        test_yield();
    assert_int_equal(submit_to(pool, &batch, test_count_job, &runs), ROVE_OK);
    test_thread_start(&thread, wait_for_batch, &sleeper);
    test_thread_await_asleep(&thread);
    rove_pool_request_stop(pool);
    test_thread_join(&thread);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(rove_pool_destroy(pool), ROVE_OK);
    test_runtime_end(runtime);
}

/* The only worker of one runtime works for another one, and waits there for jobs of the first. */
struct crossing {
    rove_runtime *there;
    rove_pool *inner;
};

static void wait_for_home(void *arg)
{
    struct crossing *crossing = arg;
    rove_result result;
    rove_batch batch = {.count = 0};
    for (int i = 0; i < 10; i++)
        TEST_CHECK(submit_to(crossing->inner, &batch, test_count_job, &runs) == ROVE_OK, "submit");
    TEST_CHECK(rove_pool_next(crossing->inner, &result, ROVE_NEVER) == ROVE_OK, "next");
    TEST_CHECK(rove_batch_wait(&batch, ROVE_NEVER) == ROVE_OK, "wait");
}

static int go_there(void *arg, void **value)
{
    struct crossing *crossing = arg;
    (void)value;
    TEST_CHECK(rove_run(crossing->there, wait_for_home, crossing) == ROVE_OK, "run");
    return 0;
}

static void test_who_works_elsewhere_comes_home_to_wait(void **state)
{
    (void)state;
    rove_runtime *home = test_runtime(1);
    rove_runtime *there = test_runtime(1);
    rove_pool_config config = test_pool_config(home);
    rove_pool *outer = test_pool(&config);
    config.has_results = true;
    config.overflow = ROVE_OVERFLOW_GROW;
    config.capacity = 2;
    rove_pool *inner = test_pool(&config);
    struct crossing crossing = {there, inner};
    reset();
    assert_int_equal(rove_pool_submit(outer, go_there, &crossing), ROVE_OK);
    assert_int_equal(rove_pool_wait(outer, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 10);
    test_pool_end(outer);
    test_pool_end(inner);
    test_runtime_end(there);
    test_runtime_end(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_may_be_waited_for_when_its_pool_is_gone),
        cmocka_unit_test(test_a_batch_belongs_to_one_pool_between_two_waits),
        cmocka_unit_test(test_a_canceled_batch_may_be_used_again),
        cmocka_unit_test(test_a_batch_ends_while_other_jobs_go_on),
        cmocka_unit_test(test_a_batch_was_stopped_if_that_has_stopped_a_job),
        cmocka_unit_test(test_a_job_of_the_batch_below_on_the_stack_is_not_waited_for),
        cmocka_unit_test(test_a_stop_ends_the_wait_for_a_batch),
        cmocka_unit_test(test_who_works_elsewhere_comes_home_to_wait),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
