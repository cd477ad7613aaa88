/*
 * rove_job_abort: a job is broken off where it stands, and the pool goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 200 };

static rove_runtime *runtime;
static rove_pool *pool;
static atomic_int runs;

static void begin(bool catches)
{
    runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    config.catches_aborts = catches;
    config.has_results = true;
    config.results_capacity = 2 * JOBS;
    pool = test_pool(&config);
    atomic_store(&runs, 0);
}

static void end(void)
{
    test_pool_end(pool);
    test_runtime_end(runtime);
}

__attribute__((noinline)) static void deep(int depth, int code)
{
    volatile char room[200];
    room[0] = (char)depth;
    if (depth == 0)
        rove_job_abort(code);
    else
        deep(depth - 1, code);
    room[1] = room[0];
}

static int abort_deep_down(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add(&runs, 1);
    deep(50, *(int *)arg);
    TEST_CHECK(false, "rove_job_abort has returned");
    return 0;
}

static rove_result run(rove_job_fn *fn, void *arg)
{
    rove_result result;
    assert_int_equal(rove_pool_submit(pool, fn, arg), ROVE_OK);
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    return result;
}

static void test_a_job_that_is_broken_off_has_crashed(void **state)
{
    (void)state;
    int code = 17, none = 0;
    begin(true);
    rove_result result = run(abort_deep_down, &code);
    assert_int_equal(result.status, ROVE_CRASHED);
    assert_int_equal(result.error, 17);
    assert_int_equal(result.attempts, 1);
    assert_int_equal(run(abort_deep_down, &none).error, -1);
    assert_int_equal(test_pool_stats(pool).crashed, 2);
    assert_int_equal(test_pool_stats(pool).discarded, 0);
    end();
}

static void test_the_workers_go_on(void **state)
{
    (void)state;
    int code = 17;
    begin(true);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(rove_pool_submit(pool, abort_deep_down, &code), ROVE_OK);
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    }
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 2 * JOBS);
    rove_pool_stats stats = test_pool_stats(pool);
    assert_int_equal(stats.crashed, JOBS);
    assert_int_equal(stats.completed, JOBS);
    end();
}

static void test_futures_and_batches_hear_of_it(void **state)
{
    (void)state;
    int code = 17;
    begin(true);
    rove_future future = {.fn = NULL};
    rove_result results[1];
    rove_batch batch = {.results = results, .count = 1};
    rove_job job = {.fn = abort_deep_down, .arg = &code, .future = &future, .batch = &batch};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    rove_status status = rove_future_wait(&future, NULL);
    assert_true(status == ROVE_FAILED || status == ROVE_CRASHED);
    assert_int_equal(rove_future_error(&future), 17);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_FAILED);
    assert_int_equal(rove_batch_error(&batch), 17);
    assert_int_equal(results[0].status, ROVE_CRASHED);
    end();
}

static void leaf(rove_task *task)
{
    (void)task;
}

/* What was joined and waited for before does not matter. */
static int join_first(void *arg, void **value)
{
    rove_task task;
    rove_group group = {0};
    rove_fork(&task, leaf);
    TEST_CHECK(rove_join(&task, leaf) == ROVE_OK, "join");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    return abort_deep_down(arg, value);
}

static void test_a_job_may_be_broken_off_after_its_joins(void **state)
{
    (void)state;
    int code = 3;
    begin(true);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(run(join_first, &code).status, ROVE_CRASHED);
    end();
}

/* A job that waits, and on top of whose wait another one runs and is broken off. */
static int wait_for_a_crash(void *arg, void **value)
{
    (void)value;
    rove_future future = {.fn = NULL};
    rove_job job = {.fn = abort_deep_down, .arg = arg, .future = &future};
    TEST_CHECK(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL) == ROVE_OK, "submit");
    TEST_CHECK(rove_future_wait(&future, NULL) != ROVE_OK, "wait");
    TEST_CHECK(rove_current_job() && rove_current_job()->pool == pool, "the job has lost itself");
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void test_the_innermost_job_is_broken_off_and_no_other(void **state)
{
    (void)state;
    int code = 3;
    begin(true);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_pool_submit(pool, wait_for_a_crash, &code), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 2 * JOBS);
    assert_int_equal(test_pool_stats(pool).crashed, JOBS);
    end();
}

static int refused_here(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_job_abort(1) == ROVE_INVALID, "a task of a group is no job");
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void refused_in_loop(int64_t begin_at, int64_t end_at, void *arg)
{
    (void)begin_at;
    (void)end_at;
    refused_here(arg);
}

static int job_with_parts(void *arg, void **value)
{
    rove_group group = {0};
    (void)arg;
    (void)value;
    TEST_CHECK(rove_for(0, 1000, refused_in_loop, NULL) == ROVE_OK, "loop");
    for (int i = 0; i < 10; i++)
        TEST_CHECK(rove_group_spawn(&group, refused_here, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    return 0;
}

static void run_here(void *arg)
{
    refused_here(arg);
}

static void test_elsewhere_nothing_is_broken_off(void **state)
{
    (void)state;
    begin(true);
    assert_int_equal(rove_job_abort(1), ROVE_INVALID);
    assert_int_equal(rove_run(runtime, run_here, NULL), ROVE_OK);
    assert_int_equal(run(job_with_parts, NULL).status, ROVE_OK);
    assert_true(atomic_load(&runs) > 10);
    end();
}

static int refused_job(void *arg, void **value)
{
    (void)value;
    return refused_here(arg);
}

static void test_a_pool_that_does_not_catch_refuses(void **state)
{
    (void)state;
    begin(false);
    assert_int_equal(run(refused_job, NULL).status, ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_that_is_broken_off_has_crashed),
        cmocka_unit_test(test_the_workers_go_on),
        cmocka_unit_test(test_futures_and_batches_hear_of_it),
        cmocka_unit_test(test_a_job_may_be_broken_off_after_its_joins),
        cmocka_unit_test(test_the_innermost_job_is_broken_off_and_no_other),
        cmocka_unit_test(test_elsewhere_nothing_is_broken_off),
        cmocka_unit_test(test_a_pool_that_does_not_catch_refuses),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
