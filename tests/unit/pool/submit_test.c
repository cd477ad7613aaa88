/*
 * Submitting: every job runs once, in the runtime that was asked for, and knows who it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 5000 };

static void test_the_defaults_are_those_of_the_header(void **state)
{
    (void)state;
    rove_pool_config config;
    memset(&config, 0xff, sizeof config);
    rove_pool_config_default(&config);
    assert_int_equal(config.size, sizeof config);
    assert_string_equal(config.name, "pool");
    assert_null(config.runtime);
    assert_int_equal(config.capacity, 1024);
    assert_int_equal(config.width, 0);
    assert_int_equal(config.levels, 1);
    assert_int_equal(config.aging, 64);
    assert_int_equal(config.placement, ROVE_PLACE_SHARED);
    assert_int_equal(config.progress_interval, 100 * ROVE_MILLISECOND);
    assert_int_equal(config.stuck_after, 0);
    assert_false(config.is_serial || config.is_untimed || config.catches_aborts || config.has_results);
    assert_true(!config.on_result && !config.worker_start && !config.worker_stop && !config.on_start &&
                !config.on_end && !config.on_stuck && !config.on_progress && !config.log && !config.arg);
}

struct marked {
    struct test_once *once;
    int64_t number;
    char gap[8]; /* so that a stride is more than a size */
};

static int mark(void *arg, void **value)
{
    struct marked *marked = arg;
    (void)value;
    test_once_mark(marked->once, marked->number);
    return 0;
}

static struct marked marks[JOBS];

static void marks_make(struct test_once *once)
{
    test_once_init(once, JOBS);
    for (int i = 0; i < JOBS; i++)
        marks[i] = (struct marked){.once = once, .number = i};
}

static void test_every_job_runs_once(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        rove_pool_config config = test_pool_config(runtime);
        config.capacity = 16;
        rove_pool *pool = test_pool(&config);
        struct test_once once;
        marks_make(&once);
        for (int i = 0; i < JOBS; i++)
            assert_int_equal(rove_pool_submit(pool, mark, &marks[i]), ROVE_OK);
        assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
        test_once_check(&once);
        assert_int_equal(test_pool_stats(pool).completed, JOBS);
        test_once_fini(&once);
        test_pool_end(pool);
        test_runtime_end(runtime);
    }
}

static void test_the_first_example_of_the_header_works(void **state)
{
    (void)state;
    atomic_int runs = 0;
    rove_pool *pool;
    assert_int_equal(rove_pool_create(&pool, NULL, NULL), ROVE_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 100);
    assert_int_equal(rove_pool_destroy(pool), ROVE_OK);
}

static void test_try_submit_runs_a_job_without_waiting_for_it(void **state)
{
    (void)state;
    struct test_held held;
    atomic_int runs = 0;
    test_held_begin(&held, NULL);
    assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 1);
    test_held_end(&held);
}

/* Its id is the number of its argument. */
static int mark_by_id(void *arg, void **value)
{
    struct marked *marked = arg;
    TEST_CHECK(rove_current_job()->id == (uint64_t)marked->number, "job %llu has argument %lld",
               (unsigned long long)rove_current_job()->id, (long long)marked->number);
    return mark(arg, value);
}

static void test_submit_many_gives_each_argument_a_job(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    for (size_t capacity = 1; capacity <= 10000; capacity *= 100) {
        rove_pool_config config = test_pool_config(runtime);
        config.capacity = capacity;
        rove_pool *pool = test_pool(&config);
        struct test_once once;
        size_t submitted = 99;
        marks_make(&once);
        assert_int_equal(rove_pool_submit_many(pool, mark_by_id, marks, sizeof marks[0], JOBS, &submitted), ROVE_OK);
        assert_int_equal(submitted, JOBS);
        assert_int_equal(rove_pool_submit_many(pool, mark_by_id, marks, sizeof marks[0], 0, &submitted), ROVE_OK);
        assert_int_equal(submitted, 0);
        assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
        test_once_check(&once);
        test_once_fini(&once);
        atomic_int runs = 0; /* a stride of zero gives every job the same argument */
        assert_int_equal(rove_pool_submit_many(pool, test_count_job, &runs, 0, 200, NULL), ROVE_OK);
        test_pool_end(pool);
        assert_int_equal(atomic_load(&runs), 200);
    }
    test_runtime_end(runtime);
}

static void test_submit_many_keeps_the_order_of_the_arguments(void **state)
{
    (void)state;
    static struct test_log log;
    struct test_held held;
    uint64_t expected[100];
    for (uint64_t i = 0; i < 100; i++)
        expected[i] = i;
    atomic_store(&log.count, 0);
    test_held_begin(&held, NULL);
    assert_int_equal(rove_pool_submit_many(held.pool, test_log_job, &log, 0, 100, NULL), ROVE_OK);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    test_log_expect(&log, expected, 100);
    test_held_end(&held);
}

static rove_job_info seen;

static int look(void *arg, void **value)
{
    const rove_job_info *info = rove_current_job();
    (void)value;
    TEST_CHECK(info, "a job that is none");
    seen = *info;
    *(rove_runtime **)arg = rove_current_runtime();
    return 0;
}

static void test_a_job_knows_who_it_is(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2), *ran_in = NULL;
    rove_pool_config config = test_pool_config(runtime);
    config.levels = 3;
    rove_pool *pool = test_pool(&config);
    int user;
    rove_job job = {.fn = look, .arg = &ran_in, .id = UINT64_MAX, .name = "look", .user = &user, .priority = 2};
    job.deadline = rove_clock() + 1000 * ROVE_SECOND;
    rove_ticket ticket = 0;
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, &ticket), ROVE_OK);
    assert_true(ticket != 0);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_ptr_equal(seen.pool, pool);
    assert_true(seen.id == UINT64_MAX);
    assert_string_equal(seen.name, "look");
    assert_ptr_equal(seen.user, &user);
    assert_null(seen.state);
    assert_int_equal(seen.priority, 2);
    assert_int_equal(seen.attempt, 1);
    assert_int_equal(seen.deadline, job.deadline);
    assert_ptr_equal(ran_in, runtime);
    assert_null(rove_current_job());
    test_pool_end(pool);
    test_runtime_end(runtime);
}

/* On a worker, a pool that names no runtime belongs to the worker's. */
static void pool_of_a_task(void *arg)
{
    rove_runtime *ran_in = NULL;
    rove_pool *pool = test_pool(NULL);
    TEST_CHECK(rove_pool_submit(pool, look, &ran_in) == ROVE_OK, "submit");
    TEST_CHECK(!rove_current_job() || !arg, "a task that is no job");
    test_pool_end(pool);
    TEST_CHECK(ran_in == rove_current_runtime(), "it ran in another runtime");
}

static void test_a_pool_belongs_to_the_runtime_that_its_creator_works_for(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2), *ran_in = NULL;
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_run(runtime, pool_of_a_task, NULL), ROVE_OK);
    rove_pool *pool = test_pool(NULL);
    assert_int_equal(rove_pool_submit(pool, look, &ran_in), ROVE_OK);
    test_pool_end(pool);
    assert_ptr_equal(ran_in, rove_default_runtime(NULL));
    test_runtime_end(runtime);
}

static void test_several_pools_share_a_runtime(void **state)
{
    (void)state;
    enum { POOLS = 8 };
    rove_runtime *runtime = test_runtime(2);
    rove_pool *pools[POOLS];
    atomic_int runs[POOLS] = {0};
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = 4;
    for (int i = 0; i < POOLS; i++)
        pools[i] = test_pool(&config);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_pool_submit(pools[i % POOLS], test_count_job, &runs[i % POOLS]), ROVE_OK);
    for (int i = 0; i < POOLS; i++) {
        test_pool_end(pools[i]);
        assert_int_equal(atomic_load(&runs[i]), JOBS / POOLS);
    }
    test_runtime_end(runtime);
}

static void test_the_width_says_how_many_run_at_once(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    for (int width = 0; width <= 3; width++) {
        rove_pool_config config = test_pool_config(runtime);
        config.width = width;
        rove_pool *pool = test_pool(&config);
        struct test_gate gate;
        int at_once = width ? width : 4;
        test_gate_init(&gate);
        for (int i = 0; i < 6; i++)
            assert_int_equal(rove_pool_submit(pool, test_gate_job, &gate), ROVE_OK);
        for (int i = 0; i < at_once; i++)
            test_gate_await(&gate);
        rove_pool_stats stats = test_pool_stats(pool);
        assert_int_equal(stats.running, at_once);
        assert_int_equal(stats.queued, 6 - at_once);
        test_gate_open(&gate, 6);
        test_pool_end(pool);
        test_gate_fini(&gate);
    }
    test_runtime_end(runtime);
}

static void test_explain_writes_a_line_for_a_log(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.name = "thumbnails";
    rove_pool *pool = test_pool(&config);
    rove_report report = {""};
    rove_pool_explain(pool, "upload", ROVE_FULL, &report);
    assert_non_null(strstr(report.text, "upload"));
    assert_non_null(strstr(report.text, "thumbnails"));
    assert_non_null(strstr(report.text, rove_status_text(ROVE_FULL)));
    assert_null(strchr(report.text, '\n'));
    rove_pool_explain(pool, "upload", ROVE_FULL, NULL);
    rove_pool_explain(pool, NULL, ROVE_FULL, &report);
    rove_pool_explain(NULL, "upload", ROVE_INVALID, &report);
    test_pool_end(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_defaults_are_those_of_the_header),
        cmocka_unit_test(test_every_job_runs_once),
        cmocka_unit_test(test_the_first_example_of_the_header_works),
        cmocka_unit_test(test_try_submit_runs_a_job_without_waiting_for_it),
        cmocka_unit_test(test_submit_many_gives_each_argument_a_job),
        cmocka_unit_test(test_submit_many_keeps_the_order_of_the_arguments),
        cmocka_unit_test(test_a_job_knows_who_it_is),
        cmocka_unit_test(test_a_pool_belongs_to_the_runtime_that_its_creator_works_for),
        cmocka_unit_test(test_several_pools_share_a_runtime),
        cmocka_unit_test(test_the_width_says_how_many_run_at_once),
        cmocka_unit_test(test_explain_writes_a_line_for_a_log),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
