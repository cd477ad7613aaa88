/*
 * The hooks of a runtime, and the state that they hand out to its threads.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* Hooks that count, and hand out a state that names the worker. */
static atomic_int started, stopped, lines;
static int states[ROVE_WORKERS_MAX * 2];

static void *hook_start(int worker, void *arg)
{
    TEST_CHECK(arg == &started, "the hook got another argument");
    TEST_CHECK(worker >= 0 && worker < ROVE_WORKERS_MAX * 2, "worker %d started", worker);
    atomic_fetch_add(&started, 1);
    return &states[worker];
}

static void hook_stop(int worker, void *state, void *arg)
{
    TEST_CHECK(arg == &started && state == &states[worker], "worker %d stops with another state", worker);
    atomic_fetch_add(&stopped, 1);
}

static void hook_log(const char *line, void *arg)
{
    TEST_CHECK(arg == &started && !strchr(line, '\n'), "a log line ends in a newline");
    atomic_fetch_add(&lines, 1);
}

static int check_state(void *arg)
{
    (void)arg;
    void *state = rove_worker_state();
    TEST_CHECK(state == NULL || (int *)state >= states, "worker %d has a foreign state", rove_worker_id());
    return 0;
}

/* On the thread that calls rove_run, which is no thread of the runtime's. */
static void check_no_state(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_worker_state() == NULL, "the caller of rove_run has a state");
}

static void test_hooks_see_each_pool_thread_start_and_stop(void **state)
{
    (void)state;
    rove_config config;
    rove_config_default(&config);
    config.workers = 3;
    config.oversubscribe = true;
    config.hooks = (rove_hooks){hook_start, hook_stop, hook_log, &started};
    atomic_store(&started, 0);
    atomic_store(&stopped, 0);
    rove_runtime *runtime = test_runtime_with(&config);
    rove_group group = {.runtime = runtime};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rove_group_spawn(&group, check_state, NULL), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(rove_run(runtime, check_no_state, NULL), ROVE_OK);
    assert_int_equal(rove_set_workers(runtime, 6), ROVE_OK);
    assert_int_equal(rove_set_workers(runtime, 1), ROVE_OK);
    test_runtime_end(runtime);
    assert_true(started >= 1);
    assert_int_equal(started, stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hooks_see_each_pool_thread_start_and_stop),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
