/*
 * Futures that end without a value: by errors, by cancellation, because their runtime is closed, for want of memory.
 */
#include "future_values.h"

#include <pthread.h>
#include <string.h>
#include <support/heap.h>

static void errors(void *arg)
{
    (void)arg;
    rove_future links[50];
    memset(links, 0, sizeof links);
    TEST_CHECK(rove_future_start(&links[0], add, number(1)) == ROVE_OK, "start");
    for (int i = 1; i < 50; i++)
        TEST_CHECK(rove_future_then(&links[i - 1], &links[i], i == 20 ? refuse : add, number(i)) == ROVE_OK, "then");
    for (int i = 49; i >= 20; i--)
        check_end(&links[i], ROVE_FAILED, 20);
    for (int i = 0; i < 20; i++)
        check_value(&links[i], 1 + i * (i + 1) / 2);
}

static void test_an_error_goes_down_the_chain_and_nothing_below_runs(void **state)
{
    (void)state;
    everywhere(errors);
    assert_int_equal(atomic_load(&runs), 3 * 21);
}

/* An error that the function reports and does not return, or reports before it returns another. */
static int report_error(void *arg, void *before, void **value)
{
    (void)before;
    *value = number(1);
    rove_fail(55);
    return (int)(intptr_t)arg;
}

static void errors_reported(void *arg)
{
    (void)arg;
    rove_future future = {0}, next = {0}, both = {0};
    TEST_CHECK(rove_future_start(&future, report_error, number(0)) == ROVE_OK, "start");
    TEST_CHECK(rove_future_then(&future, &next, add, number(1)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_start(&both, report_error, number(56)) == ROVE_OK, "start");
    check_end(&next, ROVE_FAILED, 55);
    check_end(&future, ROVE_FAILED, 55);
    check_end(&both, ROVE_FAILED, 55);
}

static void test_an_error_given_to_fail_counts_as_one_returned(void **state)
{
    (void)state;
    everywhere(errors_reported);
    assert_int_equal(atomic_load(&runs), 0);
}

static void *break_promise(void *promise)
{
    TEST_CHECK(rove_future_fail(promise, 3) == ROVE_OK, "fail");
    return NULL;
}

/* What ends without a value takes any number of followers with it, also on a thread with a small stack. */
static void test_an_error_goes_down_a_very_long_chain(void **state)
{
    (void)state;
    enum { MANY = 30000 };
    pthread_t thread;
    pthread_attr_t small;
    rove_future *links = calloc(MANY, sizeof *links);
    assert_non_null(links);
    for (int i = 0; i < MANY; i++)
        links[i].group.runtime = several;
    assert_int_equal(rove_future_promise(&links[0]), ROVE_OK);
    for (int i = 1; i < MANY; i++)
        assert_int_equal(rove_future_then(&links[i - 1], &links[i], add, number(1)), ROVE_OK);
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 256 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &small, break_promise, &links[0]), 0);
    for (int i = MANY; i-- > 0;)
        check_end(&links[i], ROVE_FAILED, 3);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&small), 0);
    assert_int_equal(atomic_load(&runs), 0);
    free(links);
}

static void cancel_before_it_begins(void *arg)
{
    (void)arg;
    rove_future future = {0}, next = {0}, last = {0}, timed = {.group.scope.deadline = 1}, after = {0};
    TEST_CHECK(rove_future_start(&future, add, number(1)) == ROVE_OK, "start"); /* nobody else is there to take it */
    TEST_CHECK(rove_future_then(&future, &next, add, number(1)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_then(&next, &last, add, number(1)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_start(&timed, add, number(1)) == ROVE_OK, "start");
    TEST_CHECK(rove_future_then(&timed, &after, add, number(1)) == ROVE_OK, "then");
    rove_scope_cancel(&future.group.scope);
    check_end(&last, ROVE_CANCELED, 0);
    check_end(&next, ROVE_CANCELED, 0);
    check_end(&future, ROVE_CANCELED, 0);
    check_end(&after, ROVE_TIMED_OUT, 0);
    check_end(&timed, ROVE_TIMED_OUT, 0);
    TEST_CHECK(!rove_is_canceled(), "what is around it is canceled");
}

static void test_a_future_canceled_before_it_begins_ends_with_its_followers(void **state)
{
    (void)state;
    assert_int_equal(rove_run(alone, cancel_before_it_begins, NULL), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
}

/* Only the follower is canceled; what it follows is not. */
static void cancel_a_follower(void *arg)
{
    (void)arg;
    rove_future source = {0}, canceled = {0}, below = {0}, beside = {0};
    TEST_CHECK(rove_future_promise(&source) == ROVE_OK, "promise");
    TEST_CHECK(rove_future_then(&source, &canceled, add, number(1)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_then(&source, &beside, add, number(2)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_then(&canceled, &below, add, number(1)) == ROVE_OK, "then");
    rove_scope_cancel(&canceled.group.scope);
    TEST_CHECK(rove_future_set(&source, number(10)) == ROVE_OK, "set");
    check_end(&below, ROVE_CANCELED, 0);
    check_end(&canceled, ROVE_CANCELED, 0);
    check_value(&beside, 12);
    check_value(&source, 10);
}

static void test_a_follower_may_be_canceled_alone(void **state)
{
    (void)state;
    everywhere(cancel_a_follower);
    assert_int_equal(atomic_load(&runs), 3);
}

static void test_a_promise_is_not_ended_by_canceling_it(void **state)
{
    (void)state;
    rove_future source = {.group.runtime = several};
    assert_int_equal(rove_future_promise(&source), ROVE_OK);
    rove_scope_cancel(&source.group.scope);
    assert_false(rove_future_is_done(&source));
    assert_int_equal(rove_future_wait_until(&source, rove_clock() + ROVE_MILLISECOND, NULL), ROVE_PENDING);
    assert_int_equal(rove_future_set(&source, number(9)), ROVE_OK);
    check_value(&source, 9);
}

static void test_a_closed_runtime_refuses_futures(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_future future = {.group.runtime = runtime}, source = {.group.runtime = several};
    rove_future next = {.group.runtime = runtime};
    assert_int_equal(rove_future_promise(&source), ROVE_OK);
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    assert_int_equal(rove_future_start(&future, add, NULL), ROVE_CLOSED);
    assert_int_equal(rove_future_wait(&future, NULL), ROVE_INVALID); /* it was not made */
    rove_status status = rove_future_then(&source, &next, add, NULL);
    assert_int_equal(rove_future_set(&source, NULL), ROVE_OK);
    assert_int_equal(rove_future_wait(&source, NULL), ROVE_OK);
    /* Refused at once, or made and ended without a value; never left open. */
    rove_status outcome = rove_future_wait(&next, NULL);
    assert_true(status == ROVE_CLOSED ? outcome == ROVE_INVALID : status == ROVE_OK && outcome != ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    test_watch_runtime(several);
    assert_int_equal(rove_runtime_destroy(runtime), ROVE_OK);
}

/* What follows a promise has been accepted, but cannot run when the promise is kept after the end. */
static void test_a_follower_does_not_wait_for_ever_for_a_closed_runtime(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_future source = {.group.runtime = several}, next = {.group.runtime = runtime}, last = next;
    assert_int_equal(rove_future_promise(&source), ROVE_OK);
    assert_int_equal(rove_future_then(&source, &next, add, NULL), ROVE_OK);
    assert_int_equal(rove_future_then(&next, &last, add, NULL), ROVE_OK);
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    assert_int_equal(rove_future_set(&source, NULL), ROVE_OK);
    rove_status status = rove_future_wait(&last, NULL);
    assert_int_equal(rove_future_wait(&next, NULL), status);
    assert_int_equal(atomic_load(&runs), status == ROVE_OK ? 2 : 0);
    assert_true(rove_future_is_done(&next) && rove_future_is_done(&last));
    test_watch_runtime(several);
    assert_int_equal(rove_runtime_destroy(runtime), ROVE_OK);
}

static void test_canceling_the_runtime_ends_what_has_not_begun(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_future held = {.group.runtime = runtime}, waiting = held, next = held, late = held, source = held;
    rove_future follower = held;
    assert_int_equal(rove_future_start(&held, pass_gate, number(1)), ROVE_OK);
    assert_int_equal(rove_future_promise(&source), ROVE_OK);
    assert_int_equal(rove_future_then(&source, &follower, add, NULL), ROVE_OK);
    assert_int_equal(rove_future_then(&held, &waiting, add, NULL), ROVE_OK);
    assert_int_equal(rove_future_then(&waiting, &next, add, NULL), ROVE_OK);
    assert_int_equal(rove_runtime_cancel(runtime), ROVE_OK);
    atomic_store(&gate_is_open, true);
    check_end(&next, ROVE_CANCELED, 0);
    check_end(&waiting, ROVE_CANCELED, 0);
    assert_int_equal(rove_future_start(&late, add, NULL), ROVE_OK);
    check_end(&late, ROVE_CANCELED, 0);
    assert_int_equal(rove_future_set(&source, number(4)), ROVE_OK);
    check_end(&follower, ROVE_CANCELED, 0);
    void *value = NULL; /* of the first it is open whether it had begun; of the promise it is not */
    rove_status status = rove_future_wait(&held, &value);
    assert_true(status == ROVE_OK ? value == number(1) : status == ROVE_CANCELED && value == NULL);
    check_value(&source, 4);
    assert_int_equal(atomic_load(&runs), 0);
    test_runtime_end(runtime);
}

/* What comes of a chain while allocations fail: what was made ends, with a value or without. */
static void chain_without_memory(rove_runtime *runtime)
{
    enum { COUNT = 300 };
    rove_future *links = calloc(COUNT, sizeof *links);
    TEST_CHECK(links, "no memory in earnest");
    int made = 0;
    for (int i = 0; i < COUNT; i++) {
        links[i].group.runtime = runtime;
        rove_status status = i % 50 ? rove_future_then(&links[i - 1], &links[i], add, number(1))
                                    : rove_future_start(&links[i], add, number(i));
        TEST_CHECK(status == ROVE_OK || status == ROVE_NO_MEMORY, "link %d: %s", i, rove_status_text(status));
        made += status == ROVE_OK;
        if (status != ROVE_OK) {
            TEST_CHECK(rove_future_wait(&links[i], NULL) == ROVE_INVALID, "an error, and it is made");
            i += 49 - i % 50; /* nothing can follow it */
        }
    }
    int values = 0;
    for (int i = 0; i < COUNT; i++) {
        void *value = NULL;
        rove_status status = rove_future_wait(&links[i], &value);
        TEST_CHECK(status != ROVE_PENDING && status != ROVE_BUSY, "link %d: %s", i, rove_status_text(status));
        TEST_CHECK(status != ROVE_OK || value == number(i), "link %d: %p", i, value);
        values += status == ROVE_OK;
    }
    TEST_CHECK(values == atomic_load(&runs) && values <= made, "%d values, %d runs, %d made", values,
               atomic_load(&runs), made);
    free(links);
}

static void chain_on_worker(void *arg)
{
    chain_without_memory(arg);
}

static void test_nothing_is_lost_when_memory_is_refused(void **state)
{
    static struct test_heap heap;
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    config.allocator = test_heap_allocator(&heap);
    for (int64_t failure = 0; failure < 12; failure++) {
        test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
        rove_runtime *runtime = test_runtime_with(&config);
        for (int as_worker = 0; as_worker < 2; as_worker++) {
            test_heap_refuse(&heap, failure / 2, failure % 2 ? failure / 2 + 1 : INT64_MAX);
            clean(state);
            rove_status status = ROVE_OK;
            if (as_worker)
                status = rove_run(runtime, chain_on_worker, runtime);
            else
                chain_without_memory(runtime);
            assert_true(status == ROVE_OK || status == ROVE_NO_MEMORY);
        }
        test_runtime_end(runtime);
        test_heap_check(&heap, "failure", failure);
    }
}

/* Canceled is canceled, also where there is no memory to say so in a task. */
static void test_what_is_canceled_does_not_run_for_want_of_memory(void **state)
{
    (void)state;
    static struct test_heap heap;
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.allocator = test_heap_allocator(&heap);
    test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
    rove_runtime *runtime = test_runtime_with(&config);
    rove_future source = {.group.runtime = runtime}, canceled = source, kept = source;
    assert_int_equal(rove_future_promise(&source), ROVE_OK);
    assert_int_equal(rove_future_then(&source, &canceled, add, number(1)), ROVE_OK);
    assert_int_equal(rove_future_then(&source, &kept, add, number(2)), ROVE_OK);
    rove_scope_cancel(&canceled.group.scope);
    test_heap_refuse(&heap, 0, INT64_MAX);
    assert_int_equal(rove_future_set(&source, number(10)), ROVE_OK);
    check_end(&canceled, ROVE_CANCELED, 0);
    check_value(&kept, 12);
    assert_int_equal(atomic_load(&runs), 1);
    test_runtime_end(runtime);
    test_heap_check(&heap, "canceled", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_an_error_goes_down_the_chain_and_nothing_below_runs),
        CASE(test_an_error_given_to_fail_counts_as_one_returned),
        CASE(test_an_error_goes_down_a_very_long_chain),
        CASE(test_a_future_canceled_before_it_begins_ends_with_its_followers),
        CASE(test_a_follower_may_be_canceled_alone),
        CASE(test_a_promise_is_not_ended_by_canceling_it),
        CASE(test_a_closed_runtime_refuses_futures),
        CASE(test_a_follower_does_not_wait_for_ever_for_a_closed_runtime),
        CASE(test_canceling_the_runtime_ends_what_has_not_begun),
        CASE(test_nothing_is_lost_when_memory_is_refused),
        CASE(test_what_is_canceled_does_not_run_for_want_of_memory),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, setup, teardown);
}
