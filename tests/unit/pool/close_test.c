/*
 * The end of a pool: close, wait, drain, destroy, in every order and by everybody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 100 };

static atomic_int runs;

static void begin(struct test_held *held, int jobs)
{
    atomic_store(&runs, 0);
    test_held_begin(held, NULL);
    for (int i = 0; i < jobs; i++)
        assert_int_equal(rove_pool_submit(held->pool, test_count_job, &runs), ROVE_OK);
}

static void test_a_closed_pool_refuses_and_runs_what_it_has(void **state)
{
    (void)state;
    struct test_held held;
    rove_job job = {.fn = test_count_job, .arg = &runs};
    size_t submitted = 99;
    begin(&held, JOBS);
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_OPEN);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rove_pool_close(held.pool), ROVE_OK);
        assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_DRAINING);
    }
    assert_int_equal(rove_pool_submit(held.pool, test_count_job, &runs), ROVE_DRAINING);
    assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_DRAINING);
    assert_int_equal(rove_pool_submit_job(held.pool, &job, ROVE_NEVER, NULL), ROVE_DRAINING);
    assert_int_equal(rove_pool_submit_many(held.pool, test_count_job, &runs, 0, 5, &submitted), ROVE_DRAINING);
    assert_int_equal(submitted, 0);
    assert_true(test_pool_stats(held.pool).refused_closed >= 4);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_CLOSED);
    assert_int_equal(rove_pool_submit(held.pool, test_count_job, &runs), ROVE_CLOSED);
    assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_CLOSED);
    assert_int_equal(rove_pool_close(held.pool), ROVE_OK);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), JOBS);
}

static void test_an_idle_pool_is_closed_at_once(void **state)
{
    (void)state;
    for (int cancels = 0; cancels <= 1; cancels++) {
        rove_pool *pool = test_pool(NULL);
        assert_int_equal(cancels ? rove_pool_cancel(pool) : rove_pool_close(pool), ROVE_OK);
        assert_int_equal(rove_pool_get_state(pool), ROVE_POOL_CLOSED);
        rove_status status = rove_pool_submit(pool, test_count_job, &runs);
        assert_true(status == ROVE_CLOSED);
        assert_int_equal(rove_pool_drain(pool, 0), ROVE_OK);
        assert_int_equal(rove_pool_wait(pool, 0), ROVE_OK);
        assert_int_equal(rove_pool_destroy(pool), ROVE_OK);
    }
}

static void test_a_pool_is_stopping_until_its_jobs_have_ended(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held, JOBS);
    assert_int_equal(rove_pool_close(held.pool), ROVE_OK);
    assert_int_equal(rove_pool_cancel(held.pool), ROVE_OK);
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_STOPPING);
    assert_int_equal(rove_pool_close(held.pool), ROVE_OK); /* it only ever moves on */
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_STOPPING);
    assert_int_equal(rove_pool_drain(held.pool, 0), ROVE_TIMED_OUT);
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_STOPPING);
    test_held_release(&held);
    assert_int_equal(rove_pool_drain(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_cancel(held.pool), ROVE_OK);
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_CLOSED);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 0);
}

static void test_a_wait_leaves_the_pool_open(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held, JOBS);
    assert_int_equal(rove_pool_wait(held.pool, 0), ROVE_TIMED_OUT);
    test_held_release(&held);
    for (int i = 1; i <= 20; i++) {
        assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
        assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_OPEN);
        assert_int_equal(atomic_load(&runs), JOBS + i - 1);
        assert_int_equal(rove_pool_submit(held.pool, test_count_job, &runs), ROVE_OK);
    }
    test_held_end(&held);
}

/* A time in the past, now, and to come: none gives up early, none is refused later. */
static void test_a_drain_gives_up_at_its_time_and_can_be_called_again(void **state)
{
    (void)state;
    struct test_held held;
    const int64_t past[] = {0, 1, -1, INT64_MIN};
    begin(&held, JOBS);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rove_pool_drain(held.pool, past[i]), ROVE_TIMED_OUT);
    assert_int_equal(rove_pool_get_state(held.pool), ROVE_POOL_DRAINING);
    for (int i = 0; i < 5; i++) {
        int64_t until = rove_clock() + i * ROVE_MILLISECOND;
        assert_int_equal(rove_pool_drain(held.pool, until), ROVE_TIMED_OUT);
        assert_true(rove_clock() >= until);
        assert_int_equal(rove_pool_wait(held.pool, until), ROVE_TIMED_OUT);
    }
    assert_int_equal(atomic_load(&runs), 0);
    test_held_release(&held);
    assert_int_equal(rove_pool_drain(held.pool, rove_clock() + 1000 * ROVE_SECOND), ROVE_OK);
    assert_int_equal(rove_pool_drain(held.pool, 0), ROVE_OK);
    assert_int_equal(rove_pool_wait(held.pool, 0), ROVE_OK);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), JOBS);
}

static void drain_it(void *pool)
{
    TEST_CHECK(rove_pool_drain(pool, ROVE_NEVER) == ROVE_OK, "drain");
    TEST_CHECK(atomic_load(&runs) == JOBS, "%d jobs after a drain", atomic_load(&runs));
}

static void wait_for_it(void *pool)
{
    TEST_CHECK(rove_pool_wait(pool, ROVE_NEVER) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&runs) == JOBS, "%d jobs after a wait", atomic_load(&runs));
}

static void wait_as_a_task(void *pool)
{
    TEST_CHECK(rove_run(NULL, wait_for_it, pool) == ROVE_OK, "run");
}

static void test_several_threads_may_wait(void **state)
{
    (void)state;
    void (*const ways[])(void *pool) = {drain_it, wait_for_it, wait_as_a_task};
    struct test_thread threads[6];
    struct test_held held;
    begin(&held, JOBS);
    for (int i = 0; i < 6; i++)
        test_thread_start(&threads[i], ways[i % 3], held.pool);
    for (int i = 0; i < 6; i++)
        test_thread_await_asleep(&threads[i]);
    test_held_release(&held);
    for (int i = 0; i < 6; i++)
        test_thread_join(&threads[i]);
    test_held_end(&held);
}

static int try_to_end(void *arg, void **value)
{
    rove_pool *pool = rove_current_job()->pool;
    test_count_job(arg, value);
    TEST_CHECK(rove_pool_wait(pool, ROVE_NEVER) == ROVE_BUSY, "a job waits for itself");
    TEST_CHECK(rove_pool_drain(pool, ROVE_NEVER) == ROVE_BUSY, "a job drains its pool");
    TEST_CHECK(rove_pool_destroy(pool) == ROVE_BUSY, "a job destroys its pool");
    TEST_CHECK(rove_pool_close(pool) == ROVE_OK, "close");
    TEST_CHECK(rove_pool_get_state(pool) == ROVE_POOL_DRAINING, "state %d", (int)rove_pool_get_state(pool));
    TEST_CHECK(rove_pool_submit(pool, test_count_job, arg) == ROVE_DRAINING, "submit");
    return 0;
}

static void test_a_job_may_close_its_pool_and_not_wait_for_it(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held, JOBS - 1);
    assert_int_equal(rove_pool_submit(held.pool, try_to_end, &runs), ROVE_OK);
    test_held_release(&held);
    while (rove_pool_get_state(held.pool) == ROVE_POOL_OPEN)
        test_yield();
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), JOBS);
}

static int end_another(void *pool, void **value)
{
    (void)value;
    TEST_CHECK(rove_pool_wait(pool, ROVE_NEVER) == ROVE_OK, "wait");
    TEST_CHECK(rove_pool_drain(pool, ROVE_NEVER) == ROVE_OK, "drain");
    TEST_CHECK(rove_pool_destroy(pool) == ROVE_OK, "destroy");
    return 0;
}

static void test_a_job_may_drain_and_destroy_another_pool(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.width = 1;
    rove_pool *outer = test_pool(&config), *inner = test_pool(&config);
    atomic_store(&runs, 0);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_pool_submit(inner, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_pool_submit(outer, end_another, inner), ROVE_OK);
    test_pool_end(outer);
    assert_int_equal(atomic_load(&runs), JOBS);
    test_runtime_end(runtime);
}

static void test_the_shutdown_of_the_runtime_runs_what_was_accepted(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config), *late = NULL;
    atomic_store(&runs, 0);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_CLOSED);
    assert_int_equal(rove_pool_try_submit(pool, test_count_job, &runs), ROVE_CLOSED);
    assert_int_equal(rove_pool_create(&late, &config, NULL), ROVE_CLOSED);
    assert_null(late);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), JOBS);
    test_runtime_end(runtime);
}

struct submitter {
    struct test_thread thread;
    rove_pool *pool;
    int accepted;
    rove_status status;
};

static void submit_until_refused(void *arg)
{
    struct submitter *self = arg;
    while ((self->status = rove_pool_submit(self->pool, test_count_job, &runs)) == ROVE_OK)
        self->accepted++;
}

static void shut_down(void *runtime)
{
    TEST_CHECK(rove_runtime_shutdown(runtime) == ROVE_OK, "shutdown");
}

static void test_who_waits_for_room_comes_back_when_the_runtime_is_shut_down(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct test_held held;
        struct test_thread ender;
        struct submitter submitters[3];
        rove_pool_config config = test_pool_config(NULL);
        config.capacity = 1 + (size_t)round % 3;
        atomic_store(&runs, 0);
        test_held_begin(&held, &config);
        for (int i = 0; i < 3; i++) {
            submitters[i] = (struct submitter){.pool = held.pool};
            test_thread_start(&submitters[i].thread, submit_until_refused, &submitters[i]);
        }
        for (int i = 0; i < 3; i++)
            test_thread_await_asleep(&submitters[i].thread);
        test_thread_start(&ender, shut_down, held.runtime);
        test_thread_await_asleep(&ender);
        test_held_release(&held);
        int accepted = 0;
        for (int i = 0; i < 3; i++) {
            test_thread_join(&submitters[i].thread);
            assert_int_equal(submitters[i].status, ROVE_CLOSED);
            accepted += submitters[i].accepted;
        }
        test_thread_join(&ender);
        test_held_end(&held);
        assert_int_equal(atomic_load(&runs), accepted);
    }
}

static void test_nothing_is_a_closed_pool(void **state)
{
    (void)state;
    assert_int_equal(rove_pool_get_state(NULL), ROVE_POOL_CLOSED);
    assert_int_equal(rove_pool_close(NULL), ROVE_INVALID);
    assert_int_equal(rove_pool_cancel(NULL), ROVE_INVALID);
    assert_int_equal(rove_pool_wait(NULL, 0), ROVE_INVALID);
    assert_int_equal(rove_pool_drain(NULL, 0), ROVE_INVALID);
    assert_int_equal(rove_pool_destroy(NULL), ROVE_OK);
    rove_pool_request_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_closed_pool_refuses_and_runs_what_it_has),
        cmocka_unit_test(test_an_idle_pool_is_closed_at_once),
        cmocka_unit_test(test_a_pool_is_stopping_until_its_jobs_have_ended),
        cmocka_unit_test(test_a_wait_leaves_the_pool_open),
        cmocka_unit_test(test_a_drain_gives_up_at_its_time_and_can_be_called_again),
        cmocka_unit_test(test_several_threads_may_wait),
        cmocka_unit_test(test_a_job_may_close_its_pool_and_not_wait_for_it),
        cmocka_unit_test(test_a_job_may_drain_and_destroy_another_pool),
        cmocka_unit_test(test_the_shutdown_of_the_runtime_runs_what_was_accepted),
        cmocka_unit_test(test_who_waits_for_room_comes_back_when_the_runtime_is_shut_down),
        cmocka_unit_test(test_nothing_is_a_closed_pool),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
