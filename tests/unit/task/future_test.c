/*
 * Futures: values that come, to waiters of every kind and to followers.
 */
#include "future_values.h"

enum { LINKS = 10000, FANS = 100 };

static void compute(void *arg)
{
    (void)arg;
    rove_future future = {0}, twice = {0}, silent = {0};
    TEST_CHECK(rove_future_start(&future, add, number(20)) == ROVE_OK, "start");
    TEST_CHECK(rove_future_then(&future, &twice, add, number(22)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_start(&silent, add, NULL) == ROVE_OK, "start");
    check_value(&twice, 42);
    check_value(&future, 20);
    check_value(&future, 20); /* again */
    TEST_CHECK(rove_future_wait(&silent, NULL) == ROVE_OK, "a wait that wants no value");
    check_value(&silent, 0);
}

static void test_a_value_comes_to_waiters_and_followers(void **state)
{
    (void)state;
    everywhere(compute);
    assert_int_equal(atomic_load(&runs), 9);
}

/* A chain that is made at once, before or after its first link has ended. */
static void chain(bool is_set_first)
{
    rove_future *links = calloc(LINKS, sizeof *links);
    TEST_CHECK(links, "no memory for the chain");
    TEST_CHECK(rove_future_promise(&links[0]) == ROVE_OK, "promise");
    TEST_CHECK(!is_set_first || rove_future_set(&links[0], number(7)) == ROVE_OK, "set");
    for (int i = 1; i < LINKS; i++)
        TEST_CHECK(rove_future_then(&links[i - 1], &links[i], add, number(1)) == ROVE_OK, "then %d", i);
    TEST_CHECK(is_set_first || rove_future_set(&links[0], number(7)) == ROVE_OK, "set");
    check_value(&links[LINKS - 1], 7 + LINKS - 1);
    for (int i = 0; i < LINKS; i++)
        check_value(&links[i], 7 + i);
    free(links);
}

static void chains(void *arg)
{
    (void)arg;
    chain(false);
    chain(true);
}

static void test_a_value_goes_down_a_long_chain(void **state)
{
    (void)state;
    everywhere(chains);
    assert_int_equal(atomic_load(&runs), 6 * (LINKS - 1));
}

static void fan(void *arg)
{
    (void)arg;
    rove_future source = {0};
    rove_future *fans = calloc(FANS, sizeof *fans);
    TEST_CHECK(fans, "no memory for the fan");
    TEST_CHECK(rove_future_start(&source, add, number(1000)) == ROVE_OK, "start");
    for (int i = 0; i < FANS; i++) {
        if (i == FANS / 2) /* the other half follows what has ended */
            TEST_CHECK(rove_future_wait(&source, NULL) == ROVE_OK, "wait");
        TEST_CHECK(rove_future_then(&source, &fans[i], add, number(i)) == ROVE_OK, "then %d", i);
    }
    for (int i = FANS; i-- > 0;)
        check_value(&fans[i], 1000 + i);
    check_value(&source, 1000);
    free(fans);
}

static void test_many_may_follow_one_before_and_after_its_end(void **state)
{
    (void)state;
    everywhere(fan);
    assert_int_equal(atomic_load(&runs), 3 * (FANS + 1));
}

static void promise(void *arg)
{
    (void)arg;
    rove_future kept = {0}, broken = {0}, after_kept = {0}, after_broken = {0}, late = {0};
    TEST_CHECK(rove_future_promise(&kept) == ROVE_OK && rove_future_promise(&broken) == ROVE_OK, "promise");
    TEST_CHECK(!rove_future_is_done(&kept) && rove_future_error(&broken) == 0, "a promise ends by itself");
    TEST_CHECK(rove_future_wait_until(&kept, rove_clock() + ROVE_MILLISECOND, NULL) == ROVE_PENDING, "not pending");
    TEST_CHECK(rove_future_then(&kept, &after_kept, add, number(1)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_then(&broken, &after_broken, add, number(1)) == ROVE_OK, "then");
    TEST_CHECK(rove_future_fail(&kept, 0) == ROVE_INVALID, "an error of 0");
    TEST_CHECK(rove_future_set(&kept, number(5)) == ROVE_OK && rove_future_fail(&broken, 77) == ROVE_OK, "the ends");
    check_value(&after_kept, 6);
    check_end(&after_broken, ROVE_FAILED, 77);
    TEST_CHECK(rove_future_set(&kept, number(6)) == ROVE_INVALID, "set twice");
    TEST_CHECK(rove_future_fail(&kept, 1) == ROVE_INVALID, "failed after set");
    TEST_CHECK(rove_future_set(&broken, NULL) == ROVE_INVALID, "set after failed");
    TEST_CHECK(rove_future_fail(&broken, 1) == ROVE_INVALID, "failed twice");
    TEST_CHECK(rove_future_then(&broken, &late, add, number(1)) == ROVE_OK, "then after the end");
    check_end(&late, ROVE_FAILED, 77);
    check_value(&kept, 5);
    check_end(&broken, ROVE_FAILED, 77);
}

static void test_a_promise_ends_once_by_a_value_or_an_error(void **state)
{
    (void)state;
    everywhere(promise);
    assert_int_equal(atomic_load(&runs), 3);
}

static void test_arguments_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    rove_future blank = {0}, next = {0}, started = {0};
    void *value = number(3);
    assert_int_equal(rove_future_start(NULL, add, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_start(&blank, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_then(NULL, &next, add, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_then(&blank, &next, add, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_promise(NULL), ROVE_INVALID);
    assert_int_equal(rove_future_set(NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_fail(NULL, 1), ROVE_INVALID);
    assert_int_equal(rove_future_set(&blank, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_fail(&blank, 1), ROVE_INVALID);
    assert_int_equal(rove_future_wait(NULL, &value), ROVE_INVALID);
    assert_int_equal(rove_future_wait(&blank, &value), ROVE_INVALID);
    assert_int_equal(rove_future_wait_until(&blank, rove_clock(), &value), ROVE_INVALID);
    assert_int_equal(rove_future_wait_until(NULL, rove_clock(), &value), ROVE_INVALID);
    assert_false(rove_future_is_done(NULL));
    assert_false(rove_future_is_done(&blank));
    assert_ptr_equal(value, number(3));
    /* What was refused was not made, and can be. */
    assert_int_equal(rove_future_start(&started, pass_gate, number(4)), ROVE_OK);
    assert_int_equal(rove_future_then(&started, NULL, add, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_then(&started, &next, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_set(&started, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_fail(&started, 3), ROVE_INVALID);
    assert_int_equal(rove_future_then(&started, &next, add, number(1)), ROVE_OK);
    assert_int_equal(rove_future_set(&next, NULL), ROVE_INVALID);
    assert_int_equal(rove_future_start(&blank, add, number(2)), ROVE_OK);
    atomic_store(&gate_is_open, true);
    check_value(&next, 5);
    assert_int_equal(rove_future_set(&started, NULL), ROVE_INVALID);
    check_value(&started, 4);
    check_value(&blank, 2);
}

static void test_a_wait_that_gave_up_may_be_made_again(void **state)
{
    (void)state;
    rove_future future = {.group.runtime = several}, next = {.group.runtime = several};
    void *value = number(1);
    assert_int_equal(rove_future_start(&future, pass_gate, number(8)), ROVE_OK);
    assert_int_equal(rove_future_then(&future, &next, add, number(1)), ROVE_OK);
    while (!atomic_load(&gate_is_reached)) /* or this thread would run it during its own wait */
        test_yield();
    for (int i = 0; i < 20; i++) {
        int64_t until = i % 2 ? rove_clock() + i * 10 * ROVE_MICROSECOND : i;
        assert_int_equal(rove_future_wait_until(&future, until, &value), ROVE_PENDING);
        assert_int_equal(rove_future_wait_until(&next, until, NULL), ROVE_PENDING);
        assert_false(rove_future_is_done(&future));
    }
    assert_ptr_equal(value, number(1));
    atomic_store(&gate_is_open, true);
    check_value(&future, 8);
    assert_int_equal(rove_future_wait_until(&next, INT64_MAX, &value), ROVE_OK);
    assert_ptr_equal(value, number(9));
    assert_int_equal(rove_future_wait_until(&next, 0, &value), ROVE_OK); /* it is there, however late it is */
}

/* Where a future's task runs. */
static int tell_runtime(void *arg, void *before, void **value)
{
    (void)arg;
    (void)before;
    *value = rove_current_runtime();
    return 0;
}

static void start_elsewhere(void *arg)
{
    (void)arg;
    rove_future there = {.group.runtime = alone}, here = {0}, back = {.group.runtime = several};
    rove_future after = {.group.runtime = alone};
    void *value;
    TEST_CHECK(rove_future_start(&there, tell_runtime, NULL) == ROVE_OK, "start");
    TEST_CHECK(rove_future_start(&here, tell_runtime, NULL) == ROVE_OK, "start");
    TEST_CHECK(rove_future_then(&there, &back, tell_runtime, NULL) == ROVE_OK, "then");
    TEST_CHECK(rove_future_then(&here, &after, tell_runtime, NULL) == ROVE_OK, "then");
    TEST_CHECK(rove_future_wait(&there, &value) == ROVE_OK && value == alone, "not there");
    TEST_CHECK(rove_future_wait(&here, &value) == ROVE_OK && value == several, "not here");
    TEST_CHECK(rove_future_wait(&back, &value) == ROVE_OK && value == several, "not back");
    TEST_CHECK(rove_future_wait(&after, &value) == ROVE_OK && value == alone, "not there afterwards");
}

static void test_the_runtime_of_a_future_says_where_it_is_computed(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        assert_int_equal(rove_run(several, start_elsewhere, NULL), ROVE_OK);
}

/* A thread that waits for a future, as a worker if it has a runtime, or sets it. */
struct waiter {
    rove_future *future;
    rove_runtime *runtime;
    bool sets;
};

static void wait_and_check(void *arg)
{
    check_value(((struct waiter *)arg)->future, 33);
}

static void waiter_run(void *arg)
{
    struct waiter *waiter = arg;
    if (waiter->sets)
        TEST_CHECK(rove_future_set(waiter->future, number(33)) == ROVE_OK, "set");
    else if (waiter->runtime)
        TEST_CHECK(rove_run(waiter->runtime, wait_and_check, waiter) == ROVE_OK, "run");
    else
        wait_and_check(waiter);
}

static void test_workers_and_other_threads_wait_for_one_future(void **state)
{
    (void)state;
    enum { WAITERS = 6 };
    for (int round = 0; round < 50; round++) {
        rove_future future = {.group.runtime = several}, next = {.group.runtime = several};
        struct waiter waiters[WAITERS + 1];
        for (int i = 0; i < WAITERS; i++)
            waiters[i] = (struct waiter){i % 2 ? &next : &future, i < 3 ? several : NULL, false};
        waiters[WAITERS] = (struct waiter){&future, NULL, true};
        assert_int_equal(rove_future_promise(&future), ROVE_OK);
        assert_int_equal(rove_future_then(&future, &next, add, NULL), ROVE_OK);
        test_on_threads(WAITERS + 1, waiter_run, waiters, sizeof waiters[0]);
    }
}

/* A future that waits for itself could never end. */
static int wait_for_itself(void *arg, void *before, void **value)
{
    (void)before;
    *value = number(rove_future_wait(arg, NULL));
    return 0;
}

static void test_a_future_cannot_wait_for_itself(void **state)
{
    (void)state;
    rove_future future = {.group.runtime = several};
    assert_int_equal(rove_future_start(&future, wait_for_itself, &future), ROVE_OK);
    check_value(&future, ROVE_INVALID);
}

/* Futures within futures: each computes its value from two of its own. */
static int fib(void *arg, void *before, void **value)
{
    intptr_t n = (intptr_t)arg;
    (void)before;
    rove_future left = {0}, right = {0};
    void *values[2] = {number(n), NULL};
    if (n >= 2) {
        TEST_CHECK(rove_future_start(&left, fib, number(n - 1)) == ROVE_OK, "start");
        TEST_CHECK(rove_future_start(&right, fib, number(n - 2)) == ROVE_OK, "start");
        TEST_CHECK(rove_future_wait(&left, &values[0]) == ROVE_OK, "wait");
        TEST_CHECK(rove_future_wait(&right, &values[1]) == ROVE_OK, "wait");
    }
    *value = number((intptr_t)values[0] + (intptr_t)values[1]);
    return 0;
}

static void start_fib(void *arg)
{
    (void)arg;
    rove_future future = {0};
    TEST_CHECK(rove_future_start(&future, fib, number(15)) == ROVE_OK, "start");
    check_value(&future, 610);
}

static void test_futures_nest(void **state)
{
    (void)state;
    everywhere(start_fib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_value_comes_to_waiters_and_followers),
        CASE(test_a_value_goes_down_a_long_chain),
        CASE(test_many_may_follow_one_before_and_after_its_end),
        CASE(test_a_promise_ends_once_by_a_value_or_an_error),
        CASE(test_arguments_that_make_no_sense_are_refused),
        CASE(test_a_wait_that_gave_up_may_be_made_again),
        CASE(test_the_runtime_of_a_future_says_where_it_is_computed),
        CASE(test_workers_and_other_threads_wait_for_one_future),
        CASE(test_a_future_cannot_wait_for_itself),
        CASE(test_futures_nest),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, setup, teardown);
}
