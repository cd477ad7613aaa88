/*
 * Jobs of a serial pool that wait: the next ones run on top of them, before the first has taken what those may need, a
 * place in another runtime or the blocking region of its worker.
 */
#include "runtime/sched/runtime.h"

#include <rove/scale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static rove_runtime *here, *there;
static rove_pool *serial;
static int order; /* no atomics: a serial pool's jobs are on one thread here */

static void begin(void)
{
    here = test_runtime(1);
    there = test_runtime(1);
    rove_pool_config config = test_pool_config(here);
    config.is_serial = true;
    serial = test_pool(&config);
    order = 0;
}

static void end(void)
{
    test_pool_end(serial);
    test_runtime_end(there);
    test_runtime_end(here);
}

/* What happens now has this place in the order of all. */
static void note(int place)
{
    TEST_CHECK(order == place, "place %d comes after %d others", place, order);
    order++;
}

static void be_guest(void *place)
{
    TEST_CHECK(rove_current_runtime() == there, "in another runtime");
    note(*(const int *)place);
}

static int go_there_on_top(void *arg, void **value)
{
    int place = 1;
    (void)arg, (void)value;
    note(0);
    TEST_CHECK(rove_run(there, be_guest, &place) == ROVE_OK, "run");
    note(2);
    return 0;
}

static int go_there(void *arg, void **value)
{
    int place = 3;
    (void)arg, (void)value;
    TEST_CHECK(rove_pool_submit(serial, go_there_on_top, NULL) == ROVE_OK, "submit");
    TEST_CHECK(rove_run(there, be_guest, &place) == ROVE_OK, "run");
    note(4);
    return 0;
}

static void test_jobs_on_top_of_each_other_go_to_a_runtime_with_one_place(void **state)
{
    (void)state;
    begin();
    assert_int_equal(rove_pool_submit(serial, go_there, NULL), ROVE_OK);
    assert_int_equal(order, 5);
    end();
}

static int open_gate(void *gate, void **value)
{
    (void)value;
    test_gate_open(gate, 1);
    return 0;
}

static int block_on_top(void *gate, void **value)
{
    note(0);
    rove_blocking_begin();
    test_gate_job(gate, value);
    rove_blocking_end();
    note(1);
    return 0;
}

/* The caller has the only place of its runtime, so the gate is opened when that is lent to a spare thread. */
static int block(void *gate, void **value)
{
    rove_pool_config config = test_pool_config(here);
    rove_pool *beside = test_pool(&config);
    (void)value;
    while (atomic_load(&here->pool_active) > 0)
        test_yield();
    TEST_CHECK(rove_pool_submit(serial, block_on_top, gate) == ROVE_OK, "submit");
    TEST_CHECK(rove_pool_submit(beside, open_gate, gate) == ROVE_OK, "submit");
    rove_blocking_begin();
    note(2);
    rove_blocking_end();
    test_pool_end(beside);
    return 0;
}

static void test_a_job_on_top_of_a_blocking_region_may_block_itself(void **state)
{
    (void)state;
    struct test_gate gate;
    begin();
    test_gate_init(&gate);
    assert_int_equal(rove_pool_submit(serial, block, &gate), ROVE_OK);
    assert_int_equal(order, 3);
    test_gate_fini(&gate);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs_on_top_of_each_other_go_to_a_runtime_with_one_place),
        cmocka_unit_test(test_a_job_on_top_of_a_blocking_region_may_block_itself),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
