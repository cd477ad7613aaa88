/*
 * Phases: who is between their beginning and their end does not sleep.
 */
#define _GNU_SOURCE
#include "runtime/sched/runtime.h"

#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/storm.h>
#include <time.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static uint64_t parks_of(rove_runtime *runtime)
{
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    return stats.parks;
}

static void test_each_end_needs_its_begin(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_phase_end(runtime), ROVE_INVALID);
    for (int deep = 1; deep <= 5; deep++) {
        for (int i = 0; i < deep; i++)
            assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
        for (int i = 0; i < deep; i++)
            assert_int_equal(rove_phase_end(runtime), ROVE_OK);
        assert_int_equal(rove_phase_end(runtime), ROVE_INVALID);
        assert_int_equal(rove_phase_end(runtime), ROVE_INVALID);
    }
    test_runtime_end(runtime);
}

static void begin_own(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_phase_begin(NULL) == ROVE_OK, "begin in a task");
}

static void test_null_is_the_own_runtime_or_the_default_one(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, begin_own, NULL), ROVE_OK);
    assert_int_equal(rove_phase_end(NULL), ROVE_INVALID);
    assert_int_equal(rove_phase_end(runtime), ROVE_OK);
    assert_int_equal(rove_phase_end(runtime), ROVE_INVALID);
    assert_int_equal(rove_phase_begin(NULL), ROVE_OK);
    assert_int_equal(rove_phase_end(runtime), ROVE_INVALID);
    assert_int_equal(rove_phase_end(rove_default_runtime(NULL)), ROVE_OK);
    assert_int_equal(rove_phase_end(NULL), ROVE_INVALID);
    test_runtime_end(runtime);
}

/* Returns when all sleep, between tasks or on the bench, and how often they have gone to sleep by then. */
static uint64_t await_asleep(rove_runtime *runtime)
{
    uint64_t before, after = parks_of(runtime);
    do {
        before = after;
        for (int seat = 0; seat < runtime_slots(runtime) / 2; seat++) {
            struct rovei_worker *worker = runtime_pool(runtime, seat);
            while (worker && atomic_load(&worker->state) != WORKER_IDLE &&
                   atomic_load(&worker->state) != WORKER_BENCHED)
                test_yield();
        }
        after = parks_of(runtime);
    } while (after != before);
    return after;
}

/* Returns when no worker has gone to sleep for a while: time for those to do so that should not. A runtime whose workers
 * keep doing that meets the watchdog. */
static uint64_t wait_for_quiet(rove_runtime *runtime)
{
    uint64_t before, after = parks_of(runtime);
    do {
        before = after;
        sleep_ms(100);
        after = parks_of(runtime);
    } while (after != before);
    return after;
}

static void test_workers_in_a_phase_sleep_only_after_it(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 3; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        storm_in(runtime, 2000, 1, STORM_ALL);
        await_asleep(runtime);
        assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
        assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
        storm_in(runtime, 20000, 2, STORM_ALL);
        wait_for_quiet(runtime);
        assert_int_equal(rove_phase_end(runtime), ROVE_OK); /* one phase is left */
        uint64_t parks = wait_for_quiet(runtime);
        assert_int_equal(rove_phase_end(runtime), ROVE_OK);
        while (parks_of(runtime) == parks) /* they were awake, or nobody would go to sleep now */
            sleep_ms(1);
        wait_for_quiet(runtime);
        test_runtime_end(runtime);
    }
}

/* All that were asleep when the phase began are awake in the end, without any work. */
static void test_a_phase_wakes_the_workers(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    for (int i = 0; i < 3; i++) {
        uint64_t parks = await_asleep(runtime);
        assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
        wait_for_quiet(runtime);
        assert_int_equal(rove_phase_end(runtime), ROVE_OK);
        while (parks_of(runtime) == parks)
            sleep_ms(1);
    }
    test_runtime_end(runtime);
}

static void wait_for_parks(rove_runtime *runtime, uint64_t count)
{
    while (parks_of(runtime) < count)
        sleep_ms(1);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

/* Workers that were not wanted before, and the one that made room for a guest: each goes to sleep when the phase ends,
 * so it was awake until then. */
static void test_workers_that_come_in_a_phase_are_awake(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    for (int i = 0; i < 3; i++) {
        uint64_t parks = await_asleep(runtime);
        assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
        assert_int_equal(rove_run(runtime, do_nothing, NULL), ROVE_OK);
        wait_for_quiet(runtime);
        assert_int_equal(rove_phase_end(runtime), ROVE_OK);
        wait_for_parks(runtime, parks + 1);

        parks = await_asleep(runtime);
        assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
        assert_int_equal(rove_set_workers(runtime, 3), ROVE_OK);
        wait_for_quiet(runtime);
        assert_int_equal(rove_phase_end(runtime), ROVE_OK);
        wait_for_parks(runtime, parks + 3);
        assert_int_equal(rove_set_workers(runtime, 1), ROVE_OK);
    }
    test_runtime_end(runtime);
}

static int mark(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void test_work_of_a_phase_is_done(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
    for (int i = 0; i < 300; i++) {
        atomic_int runs = 0;
        rove_group group = {.runtime = runtime};
        assert_int_equal(rove_group_spawn(&group, mark, &runs), ROVE_OK);
        while (i % 2 && !atomic_load(&runs)) /* by a worker that looks for it, not by the one that waits */
            test_yield();
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        assert_int_equal(runs, 1);
    }
    assert_int_equal(rove_phase_end(runtime), ROVE_OK);
    test_runtime_end(runtime);
}

static void overlap(void *arg)
{
    for (int i = 0; i < 300; i++) {
        TEST_CHECK(rove_phase_begin(arg) == ROVE_OK, "begin");
        if (i % 50 == 0)
            storm_in(arg, 200, (uint64_t)i, STORM_ALL);
        TEST_CHECK(rove_phase_end(arg) == ROVE_OK, "end");
    }
}

static void test_phases_of_several_threads_overlap(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    test_on_threads(6, overlap, runtime, 0);
    assert_int_equal(rove_phase_end(runtime), ROVE_INVALID);
    wait_for_quiet(runtime);
    test_runtime_end(runtime);
}

static void test_workers_come_and_go_in_a_phase(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(rove_set_workers(runtime, 1 + i * 5 % 7), ROVE_OK);
        storm_in(runtime, 500, (uint64_t)i, STORM_ALL);
    }
    assert_int_equal(rove_auto_workers(runtime, 1, 3), ROVE_OK);
    storm_in(runtime, 5000, 50, STORM_ALL);
    assert_int_equal(rove_phase_end(runtime), ROVE_OK);
    assert_int_equal(rove_phase_end(runtime), ROVE_INVALID);
    test_runtime_end(runtime);
}

static void test_a_runtime_ends_in_the_middle_of_a_phase(void **state)
{
    (void)state;
    int threads = test_thread_count();
    for (int i = 0; i < 20; i++) {
        rove_runtime *runtime = test_runtime(1 + i % 4);
        assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
        if (i % 2)
            storm_in(runtime, 500, (uint64_t)i, STORM_ALL);
        if (i % 3 == 0)
            assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
        test_runtime_end(runtime);
    }
    test_wait_for_threads(threads);
}

static int phase_in_child(void *arg)
{
    if (rove_phase_begin(arg) != ROVE_FORKED || rove_phase_end(arg) != ROVE_FORKED)
        return 1;
    if (rove_phase_begin(NULL) != ROVE_OK || rove_phase_end(NULL) != ROVE_OK) /* a fresh default runtime */
        return 2;
    return rove_phase_end(NULL) == ROVE_INVALID ? 0 : 3;
}

static void test_a_forked_child_has_no_part_in_a_phase(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_phase_begin(runtime), ROVE_OK);
    struct test_outcome outcome = test_in_child(phase_in_child, runtime, 20, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(rove_phase_end(runtime), ROVE_OK);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_end_needs_its_begin),
        cmocka_unit_test(test_null_is_the_own_runtime_or_the_default_one),
        cmocka_unit_test(test_workers_in_a_phase_sleep_only_after_it),
        cmocka_unit_test(test_a_phase_wakes_the_workers),
        cmocka_unit_test(test_workers_that_come_in_a_phase_are_awake),
        cmocka_unit_test(test_work_of_a_phase_is_done),
        cmocka_unit_test(test_phases_of_several_threads_overlap),
        cmocka_unit_test(test_workers_come_and_go_in_a_phase),
        cmocka_unit_test(test_a_runtime_ends_in_the_middle_of_a_phase),
        cmocka_unit_test(test_a_forked_child_has_no_part_in_a_phase),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
