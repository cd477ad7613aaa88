/*
 * Where the rules of a serial pool meet others: lanes, jobs that wait, helpers, futures, retries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/idle.h>
#include <support/pool.h>

#include <cmocka.h>

#include "alone.h"

static void test_all_lanes_of_a_serial_pool_are_served(void **state)
{
    (void)state;
    for (rove_placement placement = ROVE_PLACE_SHARED; placement <= ROVE_PLACE_KEYED; placement++) {
        rove_pool_config config = test_pool_config(NULL);
        config.is_serial = true;
        config.placement = placement;
        config.lanes = 7;
        rove_pool *pool = test_pool(&config);
        reset();
        for (int i = 1; i <= 50; i++) {
            rove_job job = {.fn = alone, .key = (uint64_t)i};
            assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
            assert_int_equal(atomic_load(&runs), i);
        }
        test_pool_end(pool);
    }
}

struct serial_nest {
    rove_pool *outer;
    rove_pool *serial;
};

static int wait_for_an_outer_job(void *arg, void **value)
{
    struct serial_nest *nest = arg;
    rove_future future = {.fn = NULL};
    rove_job job = {.fn = test_count_job, .arg = &runs, .future = &future};
    (void)value;
    TEST_CHECK(rove_pool_submit_job(nest->outer, &job, ROVE_NEVER, NULL) == ROVE_OK, "submit");
    TEST_CHECK(rove_future_wait(&future, NULL) == ROVE_OK, "wait");
    return 0;
}

static int submit_to_serial(void *arg, void **value)
{
    struct serial_nest *nest = arg;
    (void)value;
    TEST_CHECK(rove_pool_submit(nest->serial, wait_for_an_outer_job, nest) == ROVE_OK, "submit");
    return 0;
}

static void test_a_job_that_drives_a_serial_pool_is_lent_out(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    struct serial_nest nest;
    config.width = 1;
    nest.outer = test_pool(&config);
    config.is_serial = true;
    nest.serial = test_pool(&config);
    reset();
    assert_int_equal(rove_pool_submit(nest.outer, submit_to_serial, &nest), ROVE_OK);
    assert_int_equal(rove_pool_wait(nest.outer, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    test_pool_end(nest.serial);
    test_pool_end(nest.outer);
    test_runtime_end(runtime);
}

static void submit_two_alone(void *pool)
{
    for (int i = 0; i < 2; i++)
        TEST_CHECK(rove_pool_submit(pool, alone, NULL) == ROVE_OK, "submit");
}

struct gated {
    rove_pool *pool;
    struct test_gate gate;
};

static void submit_gated(void *arg)
{
    struct gated *gated = arg;
    TEST_CHECK(rove_pool_submit(gated->pool, alone, &gated->gate) == ROVE_OK, "submit");
}

static void test_who_finds_a_serial_pool_full_runs_no_second_job(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    config.is_serial = true;
    config.capacity = 1;
    struct gated gated = {.pool = test_pool(&config)};
    struct test_thread thread;
    reset();
    test_gate_init(&gated.gate);
    test_thread_start(&thread, submit_gated, &gated);
    test_gate_await(&gated.gate);
    assert_int_equal(rove_run(runtime, submit_two_alone, gated.pool), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    test_gate_open(&gated.gate, 1);
    test_thread_join(&thread);
    test_pool_end(gated.pool);
    assert_int_equal(atomic_load(&runs), 3);
    test_gate_fini(&gated.gate);
    test_runtime_end(runtime);
}

static void test_a_job_after_futures_that_have_ended_runs_at_once_in_a_serial_pool(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.is_serial = true;
    rove_pool *pool = test_pool(&config);
    rove_future first = {.fn = NULL}, second = {.fn = NULL}, *const after[] = {&first};
    rove_job job = {.fn = test_count_job, .arg = &runs, .future = &first};
    reset();
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    job = (rove_job){.fn = test_count_job, .arg = &runs, .future = &second, .after = after, .after_count = 1};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 2);
    assert_int_equal(rove_future_wait(&first, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&second, NULL), ROVE_OK);
    test_pool_end(pool);
}

static int fail_once(void *arg, void **value)
{
    (void)arg;
    (void)value;
    atomic_fetch_add(&runs, 1);
    return rove_current_job()->attempt == 1;
}

/* The pool's thread lets the job go while the caller is on its way to sleep, or sleeps already. */
static void test_a_serial_job_that_is_let_go_when_somebody_is_about_to_sleep_runs(void **state)
{
    enum { ROUNDS = 400 };
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.is_serial = true;
    config.has_results = true;
    rove_pool *pool = test_pool(&config);
    rove_result result;
    reset();
    for (int i = 0; i < ROUNDS; i++) {
        rove_batch batch = {.count = 0};
        rove_job job = {.fn = fail_once, .retry = {.attempts = 2, .backoff = 1 + i % 100 * 300}, .batch = &batch};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
        if (i % 3 == 1)
            assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
        if (i % 3 == 2)
            assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_OK);
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
        assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_OK);
    }
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), 2 * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EDGE(test_all_lanes_of_a_serial_pool_are_served),
        EDGE(test_a_job_that_drives_a_serial_pool_is_lent_out),
        EDGE(test_who_finds_a_serial_pool_full_runs_no_second_job),
        EDGE(test_a_job_after_futures_that_have_ended_runs_at_once_in_a_serial_pool),
        EDGE(test_a_serial_job_that_is_let_go_when_somebody_is_about_to_sleep_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
