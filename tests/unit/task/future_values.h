/*
 * Runtimes, functions and checks for the tests of futures.
 */
#ifndef TESTS_UNIT_TASK_FUTURE_VALUES_H
#define TESTS_UNIT_TASK_FUTURE_VALUES_H

#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static rove_runtime *alone, *several;
static atomic_int runs;
static atomic_bool gate_is_open, gate_is_reached;

static inline int setup(void **state)
{
    (void)state;
    alone = test_runtime(1);
    several = test_runtime(4);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    test_runtime_end(alone);
    test_runtime_end(several);
    return 0;
}

static inline int clean(void **state)
{
    (void)state;
    atomic_store(&runs, 0);
    atomic_store(&gate_is_open, false);
    atomic_store(&gate_is_reached, false);
    return 0;
}

static inline void *number(int64_t value)
{
    return (void *)(intptr_t)value;
}

/* The value before, or 0, plus the argument. */
static inline int add(void *arg, void *before, void **value)
{
    atomic_fetch_add(&runs, 1);
    *value = number((intptr_t)before + (intptr_t)arg);
    return 0;
}

/* The argument is the error. It leaves a value all the same, which nobody is to see. */
static inline int refuse(void *arg, void *before, void **value)
{
    atomic_fetch_add(&runs, 1);
    *value = before ? before : number(-1);
    return (int)(intptr_t)arg;
}

/* The value is the argument, once the gate is open. */
static inline int pass_gate(void *arg, void *before, void **value)
{
    (void)before;
    atomic_store(&gate_is_reached, true);
    while (!atomic_load(&gate_is_open))
        test_yield();
    *value = arg;
    return 0;
}

static inline void check_value(rove_future *future, int64_t expected)
{
    void *value = number(-99);
    rove_status status = rove_future_wait(future, &value);
    TEST_CHECK(status == ROVE_OK, "wait: %s", rove_status_text(status));
    TEST_CHECK(value == number(expected), "%lld instead of %lld", (long long)(intptr_t)value, (long long)expected);
    TEST_CHECK(rove_future_is_done(future) && rove_future_error(future) == 0, "a future with a value is not done");
}

static inline void check_end(rove_future *future, rove_status expected, int error)
{
    void *value = number(-99);
    for (int again = 0; again < 2; again++) {
        rove_status status = rove_future_wait(future, &value);
        TEST_CHECK(status == expected, "%s instead of %s", rove_status_text(status), rove_status_text(expected));
        TEST_CHECK(value == number(-99), "a value, %lld, without success", (long long)(intptr_t)value);
        TEST_CHECK(rove_future_error(future) == error, "error %d instead of %d", rove_future_error(future), error);
        TEST_CHECK(rove_future_is_done(future), "an ended future is not done");
    }
}

/* Runs fn as a worker of runtimes of several sizes, and outside, where the default runtime serves. */
static inline void everywhere(void (*fn)(void *arg))
{
    TEST_CHECK(rove_run(alone, fn, NULL) == ROVE_OK && rove_run(several, fn, NULL) == ROVE_OK, "run");
    fn(NULL);
}

#define CASE(test) cmocka_unit_test_setup(test, clean)

#endif
