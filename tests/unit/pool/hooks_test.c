/*
 * Hooks: the state of a worker, and what is called before and after a job.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 500, WORKERS_MOST = 64 };

struct state {
    int worker;
    int jobs; /* no atomic: only its worker writes it */
    bool is_stopped;
};

static struct hooks {
    struct state states[WORKERS_MOST];
    atomic_int states_made, states_stopped;
    atomic_int starts, ends, lines;
    atomic_int attempts; /* as on_end was told */
    _Atomic(rove_status) last;
} hooks;

static void *state_make(void *arg)
{
    TEST_CHECK(arg == &hooks && rove_worker_id() >= 0, "worker_start out of place");
    int place = atomic_fetch_add(&hooks.states_made, 1);
    TEST_CHECK(place < WORKERS_MOST, "too many states");
    hooks.states[place] = (struct state){.worker = rove_worker_id()};
    return &hooks.states[place];
}

static void state_stop(void *state, void *arg)
{
    TEST_CHECK(arg == &hooks && !((struct state *)state)->is_stopped, "a state is stopped twice");
    ((struct state *)state)->is_stopped = true;
    atomic_fetch_add(&hooks.states_stopped, 1);
}

static void job_starts(const rove_job_info *job, void *arg)
{
    TEST_CHECK(arg == &hooks && job->pool && rove_worker_id() >= 0 && job->attempt >= 1, "on_start out of place");
    atomic_fetch_add(&hooks.starts, 1);
}

static void job_ends(const rove_result *result, void *arg)
{
    TEST_CHECK(arg == &hooks && rove_worker_id() >= 0, "on_end out of place");
    atomic_fetch_add(&hooks.ends, 1);
    atomic_fetch_add(&hooks.attempts, result->attempts);
    atomic_store(&hooks.last, result->status);
}

static void log_line(const char *line, void *arg)
{
    TEST_CHECK(arg == &hooks && line && line[0] && !strchr(line, '\n'), "a line of the log: %s", line);
    atomic_fetch_add(&hooks.lines, 1);
}

static rove_pool *begin(rove_runtime *runtime)
{
    memset(&hooks, 0, sizeof hooks);
    rove_pool_config config = test_pool_config(runtime);
    config.worker_start = state_make;
    config.worker_stop = state_stop;
    config.on_start = job_starts;
    config.on_end = job_ends;
    config.log = log_line;
    config.arg = &hooks;
    return test_pool(&config);
}

static int use_state(void *arg, void **value)
{
    struct state *state = rove_current_job()->state;
    (void)arg;
    (void)value;
    TEST_CHECK(state >= hooks.states && state < hooks.states + WORKERS_MOST, "a job without a state");
    TEST_CHECK(state->worker == rove_worker_id(), "the state of worker %d on worker %d", state->worker,
               rove_worker_id());
    state->jobs++;
    return 0;
}

static void test_a_worker_has_one_state_for_all_its_jobs(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        rove_pool *pool = begin(runtime);
        assert_int_equal(rove_pool_submit_many(pool, use_state, NULL, 0, JOBS, NULL), ROVE_OK);
        assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
        assert_int_equal(atomic_load(&hooks.states_stopped), 0);
        test_pool_end(pool);
        int made = atomic_load(&hooks.states_made), jobs = 0;
        assert_int_equal(atomic_load(&hooks.states_stopped), made);
        for (int i = 0; i < made; i++) {
            assert_true(hooks.states[i].is_stopped);
            jobs += hooks.states[i].jobs;
            for (int j = 0; j < i; j++)
                assert_true(hooks.states[i].worker != hooks.states[j].worker);
        }
        assert_int_equal(jobs, JOBS);
        test_runtime_end(runtime);
    }
}

static void test_a_pool_without_jobs_makes_no_state(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    test_pool_end(begin(runtime));
    assert_int_equal(atomic_load(&hooks.states_made) + atomic_load(&hooks.states_stopped), 0);
    test_runtime_end(runtime);
}

static int fail_twice(void *arg, void **value)
{
    (void)value;
    return atomic_fetch_add((atomic_int *)arg, 1) < 2;
}

static void test_a_start_is_told_for_each_run_and_the_end_once(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = begin(runtime);
    atomic_int runs = 0;
    rove_job job = {.fn = fail_twice, .arg = &runs, .retry = {.attempts = 5}};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&hooks.starts), 3);
    assert_int_equal(atomic_load(&hooks.ends), 1);
    assert_int_equal(atomic_load(&hooks.attempts), 3);
    assert_int_equal(atomic_load(&hooks.last), ROVE_OK);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_the_end_of_a_discarded_job_is_told(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = begin(runtime);
    rove_job job = {.fn = use_state, .deadline = 1};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&hooks.starts), 0);
    assert_int_equal(atomic_load(&hooks.ends), 1);
    assert_int_equal(atomic_load(&hooks.attempts), 0);
    assert_int_equal(atomic_load(&hooks.last), ROVE_TIMED_OUT);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_the_log_hears_of_the_end(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pool = begin(runtime);
    assert_int_equal(rove_pool_submit(pool, use_state, NULL), ROVE_OK);
    test_pool_end(pool);
    assert_true(atomic_load(&hooks.lines) >= 1);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_worker_has_one_state_for_all_its_jobs),
        cmocka_unit_test(test_a_pool_without_jobs_makes_no_state),
        cmocka_unit_test(test_a_start_is_told_for_each_run_and_the_end_once),
        cmocka_unit_test(test_the_end_of_a_discarded_job_is_told),
        cmocka_unit_test(test_the_log_hears_of_the_end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
