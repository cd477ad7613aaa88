/*
 * Batches: results in the order of their indices, the first error, and an end before the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, COUNT = 500 };

static int numbers[COUNT];
static rove_result results[COUNT];
static atomic_int runs;

static int square(void *arg, void **value)
{
    (void)value;
    *(int *)arg = *(int *)arg * *(int *)arg % 10000;
    atomic_fetch_add(&runs, 1);
    return 0;
}

/* Fails with the number, if that is above 0. */
static int fail_by_number(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add(&runs, 1);
    return *(int *)arg;
}

static void numbers_set(int value)
{
    for (int i = 0; i < COUNT; i++)
        numbers[i] = value;
    memset(results, 0xff, sizeof results);
    atomic_store(&runs, 0);
}

static void test_results_lie_in_the_order_of_the_arguments(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        rove_pool_config config = test_pool_config(runtime);
        config.capacity = 8;
        rove_pool *pool = test_pool(&config);
        rove_batch batch = {.results = results, .count = COUNT};
        numbers_set(0);
        for (int i = 0; i < COUNT; i++)
            numbers[i] = i;
        assert_int_equal(rove_batch_run(&batch, pool, square, numbers, sizeof numbers[0], COUNT), ROVE_OK);
        for (uint64_t i = 0; i < COUNT; i++) {
            assert_int_equal(numbers[i], i * i % 10000);
            assert_int_equal(results[i].id, i);
            assert_int_equal(results[i].status, ROVE_OK);
            assert_int_equal(results[i].attempts, 1);
        }
        assert_int_equal(rove_batch_error(&batch), 0);
        assert_int_equal(rove_batch_successes(&batch), COUNT);
        /* It may be used again, and without results. */
        rove_batch plain = {.count = 0};
        assert_int_equal(rove_batch_run(&plain, pool, square, numbers, sizeof numbers[0], COUNT), ROVE_OK);
        assert_int_equal(rove_batch_run(&batch, pool, square, numbers, sizeof numbers[0], COUNT), ROVE_OK);
        assert_int_equal(rove_batch_successes(&batch), COUNT);
        test_pool_end(pool);
        test_runtime_end(runtime);
    }
}

/* Many different errors: exactly one is kept, and all are in the results. */
static void test_one_of_many_errors_is_kept(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    for (int round = 0; round < 50; round++) {
        rove_batch batch = {.results = results, .count = COUNT};
        numbers_set(0);
        for (int i = 0; i < COUNT; i++)
            numbers[i] = i % 2 ? i : 0;
        assert_int_equal(rove_batch_run(&batch, pool, fail_by_number, numbers, sizeof numbers[0], COUNT), ROVE_FAILED);
        int error = rove_batch_error(&batch);
        assert_true(error > 0 && error < COUNT && error % 2 == 1);
        assert_int_equal(rove_batch_error(&batch), error);
        assert_int_equal(rove_batch_successes(&batch), COUNT / 2);
        assert_int_equal(atomic_load(&runs), COUNT);
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal(results[i].error, i % 2 ? i : 0);
            assert_int_equal(results[i].status, i % 2 ? ROVE_FAILED : ROVE_OK);
        }
    }
    test_pool_end(pool);
    test_runtime_end(runtime);
}

/* Jobs of a batch behind the gate, each with its index. */
static void submit_held(struct test_held *held, rove_batch *batch, rove_job_fn *fn, int count)
{
    for (int i = 0; i < count; i++) {
        rove_job job = {.fn = fn, .arg = &numbers[i], .batch = batch, .index = (size_t)i, .id = (uint64_t)i};
        assert_int_equal(rove_pool_submit_job(held->pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
}

static int count_status(rove_status status)
{
    int found = 0;
    for (int i = 0; i < COUNT; i++)
        found += results[i].status == status;
    return found;
}

static void test_an_error_stops_a_batch_that_is_to_fail_fast(void **state)
{
    (void)state;
    struct test_held held;
    rove_batch batch = {.results = results, .count = COUNT, .policy = ROVE_FAIL_FAST};
    numbers_set(0);
    numbers[10] = 99;
    test_held_begin(&held, NULL);
    submit_held(&held, &batch, fail_by_number, COUNT);
    test_held_release(&held);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_FAILED);
    assert_int_equal(rove_batch_error(&batch), 99);
    assert_int_equal(rove_batch_successes(&batch), 10);
    assert_int_equal(count_status(ROVE_OK), 10);
    assert_int_equal(count_status(ROVE_FAILED), 1);
    assert_int_equal(count_status(ROVE_CANCELED), COUNT - 11);
    assert_int_equal(atomic_load(&runs), 11);
    test_held_end(&held);
}

static void test_a_batch_stops_when_enough_have_succeeded(void **state)
{
    (void)state;
    struct test_held held;
    rove_batch batch = {.results = results, .count = COUNT, .stop_after = 7};
    numbers_set(0);
    numbers[2] = 99;
    test_held_begin(&held, NULL);
    submit_held(&held, &batch, fail_by_number, COUNT);
    test_held_release(&held);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_batch_successes(&batch), 7);
    assert_int_equal(atomic_load(&runs), 8);
    assert_int_equal(count_status(ROVE_CANCELED), COUNT - 8);
    test_held_end(&held);
}

/* A submission that comes too late is refused; most come in time. */
static void test_a_batch_has_a_deadline(void **state)
{
    (void)state;
    struct test_held held;
    int accepted = 0;
    numbers_set(0);
    test_held_begin(&held, NULL);
    int64_t deadline = rove_clock() + 100 * ROVE_MILLISECOND;
    rove_batch batch = {.results = results, .count = COUNT, .deadline = deadline};
    for (int i = 0; i < COUNT / 2; i++) {
        rove_job job = {.fn = square, .arg = &numbers[i], .batch = &batch, .index = (size_t)i};
        rove_status status = rove_pool_submit_job(held.pool, &job, ROVE_NEVER, NULL);
        accepted += status == ROVE_OK;
        assert_true(status == ROVE_OK || rove_clock() >= deadline);
    }
    while (rove_clock() <= deadline)
        continue;
    test_held_release(&held);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_TIMED_OUT);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(count_status(ROVE_TIMED_OUT), accepted);
    test_held_end(&held);
}

static void test_a_batch_is_canceled_as_a_whole_and_nothing_beside_it(void **state)
{
    (void)state;
    struct test_held held;
    rove_batch batch = {.results = results, .count = COUNT}, other = {.count = 0};
    numbers_set(0);
    test_held_begin(&held, NULL);
    submit_held(&held, &batch, square, COUNT);
    submit_held(&held, &other, square, 5);
    rove_batch_cancel(&batch);
    rove_batch_cancel(&batch);
    rove_job late = {.fn = square, .arg = numbers, .batch = &batch, .index = 3};
    assert_int_equal(rove_pool_submit_job(held.pool, &late, ROVE_NEVER, NULL), ROVE_CANCELED);
    assert_int_equal(rove_batch_wait(&batch, 1), ROVE_PENDING);
    test_held_release(&held);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_CANCELED);
    assert_int_equal(rove_batch_wait(&other, ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 5);
    assert_int_equal(count_status(ROVE_CANCELED), COUNT);
    test_held_end(&held);
}

static void cancel_soon(void *batch)
{
    rove_batch_cancel(batch);
}

static void test_a_submission_that_waits_gives_up_with_its_batch(void **state)
{
    (void)state;
    struct test_held held;
    struct test_thread thread;
    rove_pool_config config = test_pool_config(NULL);
    config.capacity = 4;
    rove_batch batch = {.results = results, .count = COUNT};
    numbers_set(0);
    test_held_begin(&held, &config);
    submit_held(&held, &batch, square, 4);
    test_thread_start(&thread, cancel_soon, &batch);
    rove_job job = {.fn = square, .arg = numbers, .batch = &batch, .index = 4};
    rove_status status = rove_pool_submit_job(held.pool, &job, ROVE_NEVER, NULL);
    assert_int_equal(status, ROVE_CANCELED);
    test_thread_join(&thread);
    test_held_release(&held);
    assert_int_equal(rove_batch_wait(&batch, ROVE_NEVER), ROVE_CANCELED);
    assert_int_equal(atomic_load(&runs), 0);
    test_held_end(&held);
}

static void test_what_a_closed_pool_does_not_take_is_rejected(void **state)
{
    (void)state;
    rove_pool *pool = test_pool(NULL);
    rove_batch batch = {.results = results, .count = COUNT};
    numbers_set(0);
    assert_int_equal(rove_pool_close(pool), ROVE_OK);
    assert_int_equal(rove_batch_run(&batch, pool, square, numbers, sizeof numbers[0], COUNT), ROVE_CLOSED);
    assert_int_equal(count_status(ROVE_REJECTED), COUNT);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_true(results[i].id == i && results[i].attempts == 0 && results[i].worker == -1);
    assert_int_equal(atomic_load(&runs), 0);
    test_pool_end(pool);
}

static int wait_for_own_batch(void *arg, void **value)
{
    (void)value;
    TEST_CHECK(rove_batch_wait(arg, ROVE_NEVER) == ROVE_INVALID, "a job waits for its own batch");
    return 0;
}

static void test_a_batch_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    rove_batch batch = {.results = results, .count = 3}, own = {.count = 0};
    numbers_set(0);
    rove_job beyond = {.fn = square, .arg = numbers, .batch = &batch, .index = 3};
    assert_int_equal(rove_pool_submit_job(pool, &beyond, ROVE_NEVER, NULL), ROVE_INVALID);
    assert_int_equal(rove_batch_run(&batch, pool, NULL, numbers, 0, 1), ROVE_INVALID);
    assert_int_equal(rove_batch_run(&batch, NULL, square, numbers, 0, 1), ROVE_INVALID);
    assert_int_equal(rove_batch_run(NULL, pool, square, numbers, 0, 1), ROVE_INVALID);
    assert_int_equal(rove_batch_run(&batch, pool, square, numbers, 0, 4), ROVE_INVALID);
    assert_int_equal(rove_batch_wait(NULL, 0), ROVE_INVALID);
    rove_batch_cancel(NULL);
    assert_int_equal(rove_batch_error(NULL), 0);
    assert_int_equal(rove_batch_successes(NULL), 0);
    assert_int_equal(rove_batch_wait(&own, ROVE_NEVER), ROVE_OK);
    rove_job job = {.fn = wait_for_own_batch, .arg = &own, .batch = &own};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    assert_int_equal(rove_batch_wait(&own, ROVE_NEVER), ROVE_OK);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_lie_in_the_order_of_the_arguments),
        cmocka_unit_test(test_one_of_many_errors_is_kept),
        cmocka_unit_test(test_an_error_stops_a_batch_that_is_to_fail_fast),
        cmocka_unit_test(test_a_batch_stops_when_enough_have_succeeded),
        cmocka_unit_test(test_a_batch_has_a_deadline),
        cmocka_unit_test(test_a_batch_is_canceled_as_a_whole_and_nothing_beside_it),
        cmocka_unit_test(test_a_submission_that_waits_gives_up_with_its_batch),
        cmocka_unit_test(test_what_a_closed_pool_does_not_take_is_rejected),
        cmocka_unit_test(test_a_batch_that_makes_no_sense_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
