/*
 * The watchdog: a job that runs for too long is named, once, and goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

enum { JOBS_MOST = 6, FIRST_ID = 900 };

static struct {
    struct test_gate gates[JOBS_MOST]; /* a job waits at its own until it is named */
    atomic_int count;
    rove_stuck last;
    char name[32];
    atomic_int on_worker;
} named;

static void name_it(const rove_stuck *stuck, void *arg)
{
    TEST_CHECK(arg == &named, "the argument of the pool");
    named.last = *stuck;
    strncpy(named.name, stuck->name ? stuck->name : "", sizeof named.name - 1);
    atomic_fetch_add(&named.on_worker, rove_worker_id() >= 0);
    atomic_fetch_add(&named.count, 1);
    TEST_CHECK(stuck->id >= FIRST_ID && stuck->id < FIRST_ID + JOBS_MOST, "a job that is none");
    test_gate_open(&named.gates[stuck->id - FIRST_ID], 1);
}

static void log_it(const char *line, void *arg)
{
    (void)arg;
    if (!strstr(line, "slowpoke"))
        return;
    TEST_CHECK(!strchr(line, '\n'), "a line with two lines: %s", line);
    if (atomic_fetch_add(&named.count, 1) == 0)
        test_gate_open(&named.gates[0], 1);
}

static void run_until_named(bool logs, int jobs)
{
    rove_runtime *runtime = test_runtime(2);
    for (int i = 0; i < jobs; i++)
        test_gate_init(&named.gates[i]);
    atomic_store(&named.count, 0);
    atomic_store(&named.on_worker, 0);
    rove_pool_config config = test_pool_config(runtime);
    config.stuck_after = ROVE_MILLISECOND;
    config.on_stuck = logs ? NULL : name_it;
    config.log = logs ? log_it : NULL;
    config.arg = &named;
    rove_pool *pool = test_pool(&config);
    for (int i = 0; i < jobs; i++) {
        rove_job job = {.fn = test_gate_job, .arg = &named.gates[i], .name = "slowpoke"};
        job.id = FIRST_ID + (uint64_t)i;
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(test_pool_stats(pool).stuck, jobs);
    assert_int_equal(test_pool_stats(pool).completed, jobs);
    if (!logs) {
        assert_ptr_equal(named.last.pool, pool);
        assert_true(named.last.age >= ROVE_MILLISECOND);
        assert_true(named.last.worker >= 0);
        assert_string_equal(named.name, "slowpoke");
        assert_int_equal(atomic_load(&named.on_worker), 0);
        assert_int_equal(atomic_load(&named.count), jobs);
    } else {
        assert_true(atomic_load(&named.count) >= 1);
    }
    test_pool_end(pool);
    test_runtime_end(runtime);
    for (int i = 0; i < jobs; i++)
        test_gate_fini(&named.gates[i]);
}

static void test_a_job_that_runs_for_too_long_is_named_once(void **state)
{
    (void)state;
    run_until_named(false, 1);
}

static void test_every_such_job_is_named(void **state)
{
    (void)state;
    run_until_named(false, JOBS_MOST);
}

static void test_without_a_callback_it_is_named_in_the_log(void **state)
{
    (void)state;
    run_until_named(true, 1);
}

static void test_the_thread_of_the_watchdog_ends_with_the_pool(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    int threads = test_thread_count();
    for (int i = 0; i < 20; i++) {
        rove_pool_config config = test_pool_config(runtime);
        config.stuck_after = 1000 * ROVE_SECOND;
        atomic_int runs = 0;
        rove_pool *pool = test_pool(&config);
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
        test_pool_end(pool);
        assert_int_equal(atomic_load(&runs), 1);
    }
    test_wait_for_threads(threads);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_that_runs_for_too_long_is_named_once),
        cmocka_unit_test(test_every_such_job_is_named),
        cmocka_unit_test(test_without_a_callback_it_is_named_in_the_log),
        cmocka_unit_test(test_the_thread_of_the_watchdog_ends_with_the_pool),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
