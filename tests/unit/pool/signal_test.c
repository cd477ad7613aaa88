/*
 * rove_pool_request_stop in a handler of a signal, while everybody is blocked in every way that there is: all come back.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, EACH = 2 };

static rove_pool *volatile target;
static atomic_int runs, discards;

static void stop_it(int number)
{
    (void)number;
    rove_pool_request_stop(target);
    rove_pool_request_stop(NULL);
}

static void install(void)
{
    struct sigaction action = {.sa_handler = stop_it};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
}

static void submit_and_wait(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_pool_submit(target, test_count_job, &runs) == ROVE_CANCELED, "a submission that waits");
}

static void drain_it(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_pool_drain(target, ROVE_NEVER) == ROVE_OK, "a drain");
}

static void wait_for_it(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_pool_wait(target, ROVE_NEVER) == ROVE_OK, "a wait");
}

static void read_it(void *arg)
{
    rove_result result;
    rove_status status;
    (void)arg;
    while ((status = rove_pool_next(target, &result, ROVE_NEVER)) == ROVE_OK)
        continue;
    TEST_CHECK(status == ROVE_CLOSED, "the end of the stream: %s", rove_status_text(status));
}

static void start_all(struct test_thread *threads, void (*fn)(void *arg))
{
    for (int i = 0; i < EACH; i++)
        test_thread_start(&threads[i], fn, NULL);
    for (int i = 0; i < EACH; i++)
        test_thread_await_asleep(&threads[i]);
}

static void join_all(struct test_thread *threads)
{
    for (int i = 0; i < EACH; i++)
        test_thread_join(&threads[i]);
}

static struct test_gate begun;

static int until_canceled(void *arg, void **value)
{
    (void)arg;
    (void)value;
    sem_post(&begun.entered);
    while (!rove_is_canceled())
        test_yield();
    return 0;
}

static int fail_now(void *arg, void **value)
{
    test_count_job(arg, value);
    return 1;
}

static rove_pool_config stop_config(rove_runtime *runtime)
{
    rove_pool_config config = test_pool_config(runtime);
    config.width = 1;
    config.capacity = 3;
    config.has_results = true;
    config.results_capacity = 1;
    atomic_store(&runs, 0);
    atomic_store(&discards, 0);
    return config;
}

/* One job pauses before its retry, the stream is full so that nothing starts, the queue is full, and threads are blocked
 * in submissions and drains. */
static void test_a_full_stream_lets_go(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = stop_config(runtime);
    struct test_thread submitters[EACH], waiters[EACH];
    rove_pool *pool = test_pool(&config);
    target = pool;
    install();
    rove_job paused = {.fn = fail_now, .arg = &runs, .retry = {.attempts = 2, .backoff = 3600 * ROVE_SECOND}};
    assert_int_equal(rove_pool_submit_job(pool, &paused, 0, NULL), ROVE_OK);
    while (test_pool_stats(pool).held == 0)
        test_yield();
    assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    while (test_pool_stats(pool).results_unread == 0)
        test_yield();
    rove_job waits = {.fn = test_count_job, .arg = &runs, .on_discard = test_count_discard};
    waits.arg = &discards;
    while (rove_pool_submit_job(pool, &waits, 0, NULL) == ROVE_OK)
        continue;
    start_all(submitters, submit_and_wait);
    test_pool_await_submitters(pool, EACH);
    start_all(waiters, wait_for_it);
    raise(SIGUSR2);
    join_all(submitters);
    join_all(waiters);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 2);
    assert_true(atomic_load(&discards) >= 2);
    read_it(NULL);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

/* A job runs and asks whether it is canceled; readers, submitters and waiters are blocked. */
static void test_everybody_comes_back(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = stop_config(runtime);
    struct test_thread submitters[EACH], waiters[EACH], readers[EACH];
    rove_pool *pool = test_pool(&config);
    target = pool;
    install();
    test_gate_init(&begun);
    assert_int_equal(rove_pool_submit(pool, until_canceled, NULL), ROVE_OK);
    test_gate_await(&begun);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    start_all(submitters, submit_and_wait);
    test_pool_await_submitters(pool, EACH);
    start_all(waiters, wait_for_it);
    start_all(readers, read_it);
    pthread_kill(readers[0].thread, SIGUSR2); /* the handler runs on a thread that is blocked in the pool itself */
    join_all(submitters);
    join_all(waiters);
    join_all(readers);
    assert_int_equal(rove_pool_get_state(pool), ROVE_POOL_CLOSED);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(test_pool_stats(pool).canceled, 4);
    test_pool_end(pool);
    test_gate_fini(&begun);
    test_runtime_end(runtime);
}

/* The pool is closed already, and a drain waits. */
static void test_a_drain_ends(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = stop_config(runtime);
    struct test_thread waiters[EACH];
    rove_pool *pool = test_pool(&config);
    target = pool;
    install();
    test_gate_init(&begun);
    assert_int_equal(rove_pool_submit(pool, until_canceled, NULL), ROVE_OK);
    test_gate_await(&begun);
    start_all(waiters, drain_it);
    assert_int_equal(rove_pool_get_state(pool), ROVE_POOL_DRAINING);
    raise(SIGUSR2);
    join_all(waiters);
    test_pool_end(pool);
    test_gate_fini(&begun);
    test_runtime_end(runtime);
}

/* Workers have blocked all signals: this one is let in for the moment. */
static int raise_inside(void *arg, void **value)
{
    sigset_t only, before;
    test_count_job(arg, value);
    sigemptyset(&only);
    sigaddset(&only, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &only, &before);
    raise(SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    while (!rove_is_canceled())
        test_yield();
    return 0;
}

static void test_the_handler_may_run_on_a_worker(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        rove_runtime *runtime = test_runtime(2);
        rove_pool_config config = stop_config(runtime);
        config.has_results = false;
        rove_pool *pool = test_pool(&config);
        target = pool;
        install();
        assert_int_equal(rove_pool_submit(pool, raise_inside, &runs), ROVE_OK);
        assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
        while (rove_pool_get_state(pool) != ROVE_POOL_CLOSED)
            test_yield();
        assert_int_equal(atomic_load(&runs), 1);
        test_pool_end(pool);
        test_runtime_end(runtime);
    }
}

static void test_an_idle_pool_is_stopped_too(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = stop_config(runtime);
    rove_pool *pool = test_pool(&config);
    rove_result result;
    target = pool;
    install();
    raise(SIGUSR2);
    rove_status status = rove_pool_submit(pool, test_count_job, &runs);
    assert_true(status == ROVE_CLOSED || status == ROVE_DRAINING);
    assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_CLOSED);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_stream_lets_go),
        cmocka_unit_test(test_everybody_comes_back),
        cmocka_unit_test(test_a_drain_ends),
        cmocka_unit_test(test_the_handler_may_run_on_a_worker),
        cmocka_unit_test(test_an_idle_pool_is_stopped_too),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
