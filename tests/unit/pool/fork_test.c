/*
 * fork(2): in the child every call on a pool of the parent is refused and returns, whatever state it was in; in the
 * parent everything goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/pool.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, CHILD_SECONDS = 30 };

static atomic_int runs;
static rove_future pending; /* in the parent */

/* The first step that is not refused, or 0. */
static int use_inherited(rove_pool *pool)
{
    rove_job job = {.fn = test_count_job, .arg = &runs};
    rove_batch batch = {.count = 0};
    rove_result result;
    rove_pool_stats stats;
    rove_progress progress;
    rove_pool_config config;
    rove_pool *own = NULL;
    char text[10];
    size_t count = 0;
    rove_pool_request_stop(pool);
    const rove_status refused[] = {
        rove_pool_submit(pool, test_count_job, &runs),
        rove_pool_try_submit(pool, test_count_job, &runs),
        rove_pool_submit_many(pool, test_count_job, &runs, 0, 3, &count),
        rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL),
        rove_pool_close(pool),
        rove_pool_cancel(pool),
        rove_pool_wait(pool, ROVE_NEVER),
        rove_pool_drain(pool, ROVE_NEVER),
        rove_pool_next(pool, &result, ROVE_NEVER),
        rove_pool_next_batch(pool, &result, 1, ROVE_NEVER, &count),
        rove_batch_run(&batch, pool, test_count_job, &runs, 0, 3),
        rove_job_cancel(pool, 1),
        rove_job_set_priority(pool, 1, 0),
        rove_pool_get_stats(pool, &stats),
        rove_pool_get_progress(pool, &progress),
        rove_pool_save_prometheus(pool, "/dev/null", NULL),
        rove_pool_destroy(pool),
        rove_pool_submit(pool, test_count_job, &runs),
    };
    for (int i = 0; i < (int)(sizeof refused / sizeof *refused); i++)
        if (refused[i] != ROVE_FORKED) {
            fprintf(stderr, "step %d in the child: %s\n", i + 1, rove_status_text(refused[i]));
            return i + 1;
        }
    if (rove_pool_get_workers(pool, NULL, 0) || rove_pool_write_json(pool, text, sizeof text) ||
        rove_pool_write_prometheus(pool, text, sizeof text))
        return 50;
    rove_pool_explain(pool, "child", ROVE_FORKED, NULL);
    rove_pool_get_state(pool);
    rove_pool_imbalance(pool);
    rove_pool_config_default(&config);
    if (test_is_sanitized()) /* whose own locks may be held by a thread that the child does not have */
        return 0;
    if (rove_pool_create(&own, &config, NULL) != ROVE_OK) /* on a default runtime of the child's */
        return 51;
    rove_future *const after[] = {&pending}; /* which will not end here */
    job = (rove_job){.fn = test_count_job, .arg = &runs, .after = after, .after_count = 1};
    if (rove_pool_submit_job(own, &job, ROVE_NEVER, NULL) != ROVE_FORKED)
        return 54;
    for (int i = 0; i < 100; i++)
        if (rove_pool_submit(own, test_count_job, &runs) != ROVE_OK)
            return 52;
    return rove_pool_drain(own, ROVE_NEVER) == ROVE_OK && rove_pool_destroy(own) == ROVE_OK ? 0 : 53;
}

/* ThreadSanitizer does not follow threads that are started after a fork. */
static void fork_and_check(rove_pool *pool)
{
    if (test_is_thread_sanitized())
        return;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(CHILD_SECONDS);
        _exit(use_inherited(pool));
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    TEST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child: status %x", (unsigned)status);
}

static rove_pool_config fork_config(rove_runtime *runtime)
{
    rove_pool_config config = test_pool_config(runtime);
    config.has_results = true;
    config.results_capacity = 5000;
    config.capacity = 4;
    config.stuck_after = 1000 * ROVE_SECOND;
    return config;
}

static void test_in_the_child_every_call_is_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = fork_config(runtime);
    rove_pool *pool = test_pool(&config);
    fork_and_check(pool);
    assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    fork_and_check(pool);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    fork_and_check(pool);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    fork_and_check(pool);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_it_is_refused_where_a_job_runs_and_others_wait(void **state)
{
    (void)state;
    struct test_held held;
    rove_pool_config config = fork_config(NULL);
    atomic_store(&runs, 0);
    test_held_begin(&held, &config);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rove_pool_submit(held.pool, test_count_job, &runs), ROVE_OK);
    fork_and_check(held.pool);
    assert_int_equal(rove_pool_close(held.pool), ROVE_OK);
    fork_and_check(held.pool);
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 4);
}

static struct {
    rove_pool *pool;
    atomic_bool over;
} load;

static void keep_submitting(void *arg)
{
    (void)arg;
    rove_result result;
    while (!atomic_load(&load.over)) {
        TEST_CHECK(rove_pool_submit(load.pool, test_count_job, &runs) == ROVE_OK, "submit");
        TEST_CHECK(rove_pool_next(load.pool, &result, ROVE_NEVER) == ROVE_OK, "next");
    }
}

/* At the moment of the fork other threads are inside of the pool, and hold its locks. */
static void test_it_is_refused_in_the_middle_of_everything(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip();
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = fork_config(runtime);
    struct test_thread threads[3];
    load.pool = test_pool(&config);
    atomic_store(&load.over, false);
    for (int i = 0; i < 3; i++)
        test_thread_start(&threads[i], keep_submitting, NULL);
    for (int i = 0; i < 100; i++)
        fork_and_check(load.pool);
    atomic_store(&load.over, true);
    for (int i = 0; i < 3; i++)
        test_thread_join(&threads[i]);
    test_pool_end(load.pool);
    test_runtime_end(runtime);
}

/* A job forks: in the child it is still inside of itself. */
static int fork_inside(void *arg, void **value)
{
    test_count_job(arg, value);
    fork_and_check(rove_current_job()->pool);
    return 0;
}

static void test_a_job_may_fork_the_process(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip();
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = fork_config(runtime);
    rove_pool *pool = test_pool(&config);
    atomic_store(&runs, 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_pool_submit(pool, fork_inside, &runs), ROVE_OK);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), 20);
    test_runtime_end(runtime);
}

static int promise_begin(void **state)
{
    pending = (rove_future){.group.runtime = *state = test_runtime(1)};
    assert_int_equal(rove_future_promise(&pending), ROVE_OK);
    return 0;
}

static int promise_end(void **state)
{
    assert_int_equal(rove_future_set(&pending, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&pending, NULL), ROVE_OK);
    test_runtime_end(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_the_child_every_call_is_refused),
        cmocka_unit_test(test_it_is_refused_where_a_job_runs_and_others_wait),
        cmocka_unit_test(test_it_is_refused_in_the_middle_of_everything),
        cmocka_unit_test(test_a_job_may_fork_the_process),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, promise_begin, promise_end);
}
