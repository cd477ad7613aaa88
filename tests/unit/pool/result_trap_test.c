/*
 * The traps: many more jobs than the stream holds, one worker, and every way to read. Each record comes once, and nobody
 * hangs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, ITEMS = 10000 };

static struct test_once items, records;

static int run(void *arg, void **value)
{
    (void)arg;
    (void)value;
    test_once_mark(&items, (int64_t)rove_current_job()->id);
    return 0;
}

static rove_runtime *runtime;
static rove_pool *pool;

static void begin(size_t capacity)
{
    runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = capacity;
    config.has_results = true;
    config.results_capacity = 1;
    config.overflow = ROVE_OVERFLOW_BLOCK;
    pool = test_pool(&config);
    test_once_init(&items, ITEMS);
    test_once_init(&records, ITEMS);
}

static void read_all(void *arg)
{
    rove_result result;
    rove_status status;
    (void)arg;
    while ((status = rove_pool_next(pool, &result, ROVE_NEVER)) == ROVE_OK)
        test_once_mark(&records, (int64_t)result.id);
    TEST_CHECK(status == ROVE_CLOSED, "the end of the stream: %s", rove_status_text(status));
}

static void end(void)
{
    test_once_check(&items);
    test_once_check(&records);
    test_once_fini(&items);
    test_once_fini(&records);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_another_thread_reads(void **state)
{
    (void)state;
    struct test_thread readers[3];
    for (int count = 1; count <= 3; count++) {
        begin(16);
        for (int i = 0; i < count; i++)
            test_thread_start(&readers[i], read_all, NULL);
        assert_int_equal(rove_pool_submit_many(pool, run, NULL, 0, ITEMS, NULL), ROVE_OK);
        assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
        for (int i = 0; i < count; i++)
            test_thread_join(&readers[i]);
        end();
    }
}

static void read_as_a_task(void *arg)
{
    TEST_CHECK(rove_run(runtime, read_all, arg) == ROVE_OK, "run");
}

static void test_a_worker_reads(void **state)
{
    (void)state;
    struct test_thread reader;
    begin(16);
    test_thread_start(&reader, read_as_a_task, NULL);
    assert_int_equal(rove_pool_submit_many(pool, run, NULL, 0, ITEMS, NULL), ROVE_OK);
    assert_int_equal(rove_pool_close(pool), ROVE_OK);
    test_thread_join(&reader);
    end();
}

static void test_everything_is_read_after_the_drain(void **state)
{
    (void)state;
    begin(ROVE_UNBOUNDED);
    for (uint64_t i = 0; i < ITEMS; i++) {
        rove_job job = {.fn = run, .id = i};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    test_once_check(&items);
    assert_int_equal(test_pool_stats(pool).results_unread, ITEMS);
    read_all(NULL);
    end();
}

static void test_one_thread_submits_and_reads_when_it_is_full(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 100; capacity *= 10) {
        begin(capacity);
        rove_result result;
        for (uint64_t i = 0; i < ITEMS; i++) {
            rove_job job = {.fn = run, .id = i};
            rove_status status;
            while ((status = rove_pool_submit_job(pool, &job, 0, NULL)) == ROVE_FULL) {
                assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
                test_once_mark(&records, (int64_t)result.id);
            }
            assert_int_equal(status, ROVE_OK);
        }
        assert_int_equal(rove_pool_close(pool), ROVE_OK);
        read_all(NULL);
        end();
    }
}

/* The reader gives up after some; what is left is canceled with the pool. */
static void test_a_reader_that_leaves_does_not_stop_the_end(void **state)
{
    (void)state;
    begin(ROVE_UNBOUNDED);
    rove_result result;
    assert_int_equal(rove_pool_submit_many(pool, run, NULL, 0, ITEMS, NULL), ROVE_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_cancel(pool), ROVE_OK);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(test_pool_stats(pool).results_unread, ITEMS - 10);
    test_once_fini(&items);
    test_once_fini(&records);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_thread_reads),
        cmocka_unit_test(test_a_worker_reads),
        cmocka_unit_test(test_everything_is_read_after_the_drain),
        cmocka_unit_test(test_one_thread_submits_and_reads_when_it_is_full),
        cmocka_unit_test(test_a_reader_that_leaves_does_not_stop_the_end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
