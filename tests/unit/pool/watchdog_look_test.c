/*
 * The watchdog, one look at a time: whom it names, when it looks again, and when it is off.
 */
#include "runtime/pool/watchdog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, NAMED_MOST = 16 };

static rove_runtime *runtime;
static rove_pool *pool;
static struct pool_watchdog watchdog; /* beside that of the pool, which waits for longer than any test */

static struct {
    int count;
    uint64_t ids[NAMED_MOST];
    char name[64];
    bool has_name;
} named;

static void note(const rove_stuck *stuck, void *arg)
{
    (void)arg;
    TEST_CHECK(named.count < NAMED_MOST && stuck->pool == pool && stuck->worker == 0, "worker %d", stuck->worker);
    named.ids[named.count++] = stuck->id;
    named.has_name = stuck->name != NULL;
    snprintf(named.name, sizeof named.name, "%s", stuck->name ? stuck->name : "");
}

static int begin(void **state)
{
    (void)state;
    memset(&named, 0, sizeof named);
    runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.stuck_after = 100000 * ROVE_SECOND;
    config.on_stuck = note;
    pool = test_pool(&config);
    assert_int_equal(rovei_watchdog_init(&watchdog, pool), ROVE_OK);
    watchdog.limit = 1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    rovei_watchdog_fini(&watchdog);
    test_pool_end(pool);
    test_runtime_end(runtime);
    return 0;
}

static void submit(rove_job_fn *fn, void *arg, uint64_t id, const char *name)
{
    rove_job job = {.fn = fn, .arg = arg, .id = id, .name = name};
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
}

/* Lets the last job go on, and the gate go. */
static void release(struct test_gate *gate)
{
    test_gate_open(gate, 1);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    test_gate_fini(gate);
}

static void test_it_is_off_when_it_has_found_nothing_twice(void **state)
{
    (void)state;
    struct pool_worker *record = pool->shared_worker;
    for (int i = 0; i < 3; i++) {
        assert_true(rovei_watchdog_look(&watchdog) != ROVE_NEVER);
        assert_false(rovei_watchdog_notice(&watchdog, record));
        assert_true(rovei_watchdog_look(&watchdog) == ROVE_NEVER);
        assert_true(rovei_watchdog_notice(&watchdog, record)); /* the first one wakes it */
        assert_false(rovei_watchdog_notice(&watchdog, record));
    }
    assert_int_equal(named.count, 0);
}

static void test_a_job_is_named_once(void **state)
{
    (void)state;
    struct test_gate gate;
    test_gate_init(&gate);
    submit(test_gate_job, &gate, 7, "slowpoke");
    test_gate_await(&gate);
    for (int i = 0; i < 4; i++)
        assert_true(rovei_watchdog_look(&watchdog) != ROVE_NEVER); /* as long as a job runs it is not off */
    assert_int_equal(named.count, 1);
    assert_int_equal(named.ids[0], 7);
    assert_string_equal(named.name, "slowpoke");
    submit(test_gate_job, &gate, 8, NULL);
    test_gate_open(&gate, 1);
    test_gate_await(&gate);
    rovei_watchdog_look(&watchdog);
    assert_int_equal(named.count, 2);
    assert_int_equal(named.ids[1], 8);
    assert_false(named.has_name);
    test_gate_open(&gate, 1);
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    assert_true(rovei_watchdog_look(&watchdog) != ROVE_NEVER);
    assert_true(rovei_watchdog_look(&watchdog) == ROVE_NEVER);
    assert_int_equal(named.count, 2);
    assert_int_equal(test_pool_stats(pool).stuck, 2);
    test_gate_fini(&gate);
}

static void test_a_long_name_is_cut_off(void **state)
{
    (void)state;
    static const char name[] = "a name that is longer than what a worker shows of it to others";
    struct test_gate gate;
    test_gate_init(&gate);
    submit(test_gate_job, &gate, 9, name);
    test_gate_await(&gate);
    rovei_watchdog_look(&watchdog);
    assert_int_equal(strlen(named.name), POOL_AT_SIZE - 1);
    assert_memory_equal(named.name, name, POOL_AT_SIZE - 1);
    release(&gate);
}

static void test_a_job_that_is_not_late_says_when_to_look_again(void **state)
{
    (void)state;
    struct test_gate gate;
    test_gate_init(&gate);
    watchdog.limit = 100000 * ROVE_SECOND;
    int64_t before = rove_clock();
    submit(test_gate_job, &gate, 10, "fast");
    test_gate_await(&gate);
    int64_t next = rovei_watchdog_look(&watchdog);
    assert_true(next > before && next <= rove_clock() + watchdog.limit);
    assert_int_equal(named.count, 0);
    release(&gate);
}

/* A job that waits twice for another one, and is at a gate after each. */
struct gates {
    struct test_gate inner;
    struct test_gate outer;
};

static int wait_for_inner(void *arg, void **value)
{
    struct gates *gates = arg;
    for (uint64_t i = 0; i < 2; i++) {
        rove_future future = {.fn = NULL};
        rove_job job = {.fn = test_gate_job, .arg = &gates->inner, .id = 20 + i, .name = "inner", .future = &future};
        TEST_CHECK(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL) == ROVE_OK, "submit");
        TEST_CHECK(rove_future_wait(&future, NULL) == ROVE_OK, "wait");
        test_gate_job(&gates->outer, value);
    }
    return 0;
}

static void test_a_job_beneath_another_one_is_named_when_it_goes_on_and_once(void **state)
{
    (void)state;
    struct gates gates;
    test_gate_init(&gates.inner);
    test_gate_init(&gates.outer);
    submit(wait_for_inner, &gates, 1, "outer");
    for (int i = 0; i < 2; i++) {
        test_gate_await(&gates.inner);
        rovei_watchdog_look(&watchdog);
        rovei_watchdog_look(&watchdog);
        test_gate_open(&gates.inner, 1);
        test_gate_await(&gates.outer);
        rovei_watchdog_look(&watchdog);
        rovei_watchdog_look(&watchdog);
        test_gate_open(&gates.outer, 1);
    }
    assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    const uint64_t expected[] = {20, 1, 21};
    assert_int_equal(named.count, 3);
    assert_memory_equal(named.ids, expected, sizeof expected);
    test_gate_fini(&gates.inner);
    test_gate_fini(&gates.outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_is_off_when_it_has_found_nothing_twice, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_is_named_once, begin, end),
        cmocka_unit_test_setup_teardown(test_a_long_name_is_cut_off, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_that_is_not_late_says_when_to_look_again, begin, end),
        cmocka_unit_test_setup_teardown(test_a_job_beneath_another_one_is_named_when_it_goes_on_and_once, begin, end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
