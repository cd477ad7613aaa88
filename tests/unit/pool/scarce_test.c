/*
 * Figures where there is no memory for them: what has run is counted all the same.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <support/heap.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, JOBS = 50, EVER = 1000000, ROOM = 20000 };

static struct test_heap heap;

static rove_runtime *runtime_on_heap(void)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.oversubscribe = true;
    config.allocator = test_heap_allocator(&heap);
    return test_runtime_with(&config);
}

static void *state_make(void *arg)
{
    (void)arg;
    TEST_CHECK(false, "a state for a worker without a record");
    return NULL;
}

static int have_no_state(void *arg, void **value)
{
    (void)arg;
    (void)value;
    TEST_CHECK(!rove_current_job()->state, "a state that was never made");
    return 0;
}

static void test_workers_without_records_are_counted_together(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_on_heap();
    rove_pool_config config = test_pool_config(runtime);
    config.worker_start = state_make;
    rove_pool *pool = test_pool(&config);
    rove_pool_config plain = test_pool_config(runtime);
    rove_pool *other = test_pool(&plain); /* keeps the worker until the jobs are queued */
    struct test_gate gate;
    test_gate_init(&gate);
    assert_int_equal(rove_pool_submit(other, test_gate_job, &gate), ROVE_OK);
    test_gate_await(&gate);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_pool_submit(pool, have_no_state, NULL), ROVE_OK);
    test_heap_refuse(&heap, 0, EVER);
    test_gate_open(&gate, 1);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    rove_pool_worker workers[2];
    assert_int_equal(rove_pool_get_workers(pool, workers, 2), 1);
    assert_int_equal(workers[0].worker, -1);
    assert_int_equal(workers[0].runs, JOBS);
    assert_int_equal(workers[0].age, -1);
    assert_true(rove_pool_imbalance(pool) > 0.99 && rove_pool_imbalance(pool) < 1.01);
    static char text[ROOM];
    assert_in_range(rove_pool_write_prometheus(pool, text, sizeof text), 1, sizeof text - 1);
    assert_non_null(strstr(text, "rove_pool_worker_runs_total{pool=\"pool\",worker=\"-1\"} 50\n"));
    assert_in_range(rove_pool_write_json(pool, text, sizeof text), 1, sizeof text - 1);
    assert_non_null(strstr(text, "{\"worker\":-1,\"runs\":50,"));
    test_heap_refuse(&heap, 0, 0);
    test_pool_end(pool);
    test_pool_end(other);
    test_gate_fini(&gate);
    test_runtime_end(runtime);
    test_heap_check(&heap, "no records", 0);
}

static void test_what_there_is_no_memory_for_is_not_saved(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_on_heap();
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    rove_report report = {""};
    test_heap_refuse(&heap, 0, EVER);
    assert_int_equal(rove_pool_save_prometheus(pool, "/nowhere/rove.prom", &report), ROVE_NO_MEMORY);
    assert_non_null(strstr(report.text, "/nowhere/rove.prom"));
    assert_int_equal(rove_pool_save_prometheus(pool, "/nowhere/rove.prom", NULL), ROVE_NO_MEMORY);
    test_heap_refuse(&heap, 0, 0);
    assert_int_equal(rove_pool_save_prometheus(pool, "/nowhere/rove.prom", &report), ROVE_FAILED);
    test_pool_end(pool);
    test_runtime_end(runtime);
    test_heap_check(&heap, "not saved", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_without_records_are_counted_together),
        cmocka_unit_test(test_what_there_is_no_memory_for_is_not_saved),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
