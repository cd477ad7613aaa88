/*
 * What the tests of a pool's edges share: jobs of which no two may run at once, and a watchdog for each test. To be
 * included after cmocka.h.
 */
#ifndef TESTS_UNIT_POOL_ALONE_H
#define TESTS_UNIT_POOL_ALONE_H

#include <stdatomic.h>
#include <support/pool.h>

enum { WATCH_SECONDS = 50 };

static atomic_int runs, inside;

static inline void reset(void)
{
    atomic_store(&runs, 0);
    atomic_store(&inside, 0);
}

/* Fails if another job of the kind runs, too. */
static inline void enter_alone(void)
{
    TEST_CHECK(atomic_fetch_add(&inside, 1) == 0, "two run at once");
    atomic_fetch_add(&runs, 1);
}

static inline int alone(void *arg, void **value)
{
    (void)value;
    enter_alone();
    if (arg)
        test_gate_job(arg, value);
    atomic_fetch_sub(&inside, 1);
    return 0;
}

static inline int watch_over(void **state)
{
    (void)state;
    test_watchdog(WATCH_SECONDS);
    return 0;
}

#define EDGE(name) cmocka_unit_test_setup(name, watch_over)

#endif
