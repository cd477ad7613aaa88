/*
 * Spawning into isolated groups where memory is short: a task is refused, or any worker can run it. Nobody waits for
 * the group before all that was accepted has run, because a waiter would run what no other worker finds.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/heap.h>
#include <support/slots.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MANY = 2000 };

static struct test_heap heap;
static rove_group group;
static atomic_int accepted, runs;
static atomic_bool is_held, is_open, is_spawned;

static int setup(void **state)
{
    (void)state;
    atomic_store(&accepted, 0);
    atomic_store(&runs, 0);
    atomic_store(&is_held, false);
    atomic_store(&is_open, false);
    atomic_store(&is_spawned, false);
    return 0;
}

/* The group lies on nobody's stack and is used again. */
static rove_runtime *begin(void)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.oversubscribe = true;
    config.allocator = test_heap_allocator(&heap);
    test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
    rove_runtime *runtime = test_runtime_with(&config);
    group = (rove_group){.runtime = runtime, .is_isolated = true};
    setup(NULL);
    return runtime;
}

static void end(rove_runtime *runtime)
{
    while (atomic_load(&runs) < atomic_load(&accepted))
        test_yield();
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(atomic_load(&runs), atomic_load(&accepted));
    test_runtime_end(runtime);
    test_heap_check(&heap, "accepted", atomic_load(&accepted));
}

static int count_run(void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void spawn(rove_group *into)
{
    TEST_CHECK(rove_group_spawn(into, count_run, NULL) == ROVE_OK, "spawn");
    atomic_fetch_add(&accepted, 1);
}

/* Spawns until memory, of which there is no more to come, is used up. `others`: a group that is not isolated, for one
 * task or none: so that what is left at the end is enough for a task and what lets workers run it, or for half of it. */
static void spawn_until_refused(rove_group *others, int odd)
{
    spawn(&group); /* makes its queue */
    for (int i = 0; i < odd; i++)
        spawn(others);
    test_heap_refuse(&heap, 0, INT64_MAX);
    rove_status status;
    while ((status = rove_group_spawn(&group, count_run, NULL)) == ROVE_OK)
        atomic_fetch_add(&accepted, 1);
    TEST_CHECK(status == ROVE_NO_MEMORY, "%s", rove_status_text(status));
    test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
}

static int hold_worker(void *arg)
{
    (void)arg;
    atomic_store(&is_held, true);
    while (!atomic_load(&is_open))
        test_yield();
    return 0;
}

static void test_what_was_accepted_from_outside_needs_no_waiter(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        rove_runtime *runtime = begin();
        rove_group holding = {.runtime = runtime}, others = holding;
        assert_int_equal(rove_group_spawn(&holding, hold_worker, NULL), ROVE_OK);
        while (!atomic_load(&is_held)) /* then nothing comes back of what is used */
            test_yield();
        spawn_until_refused(&others, odd);
        atomic_store(&is_open, true);
        end(runtime);
        assert_int_equal(rove_group_wait(&holding), ROVE_OK);
        assert_int_equal(rove_group_wait(&others), ROVE_OK);
    }
}

struct spawner {
    rove_group others;
    int odd;
};

static int spawn_on_worker(void *arg)
{
    struct spawner *spawner = arg;
    spawn_until_refused(&spawner->others, spawner->odd);
    atomic_store(&is_spawned, true);
    return 0;
}

static void test_what_was_accepted_on_a_worker_needs_no_waiter(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        rove_runtime *runtime = begin();
        rove_group spawning = {.runtime = runtime};
        struct spawner spawner = {.others = spawning, .odd = odd};
        assert_int_equal(rove_group_spawn(&spawning, spawn_on_worker, &spawner), ROVE_OK);
        while (!atomic_load(&is_spawned))
            test_yield();
        end(runtime);
        assert_int_equal(rove_group_wait(&spawning), ROVE_OK);
        assert_int_equal(rove_group_wait(&spawner.others), ROVE_OK);
    }
}

static int spawn_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++)
        spawn(&group);
    atomic_store(&is_spawned, true);
    return 0;
}

/* More than the deque takes, which cannot grow. */
static void test_what_the_deque_does_not_take_needs_no_waiter(void **state)
{
    (void)state;
    test_slots_limit(TEST_SLOTS_AT_FIRST);
    rove_runtime *runtime = begin();
    rove_group spawning = {.runtime = runtime};
    assert_int_equal(rove_group_spawn(&spawning, spawn_many, NULL), ROVE_OK);
    while (!atomic_load(&is_spawned))
        test_yield();
    end(runtime);
    assert_int_equal(rove_group_wait(&spawning), ROVE_OK);
    test_slots_limit(SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_was_accepted_from_outside_needs_no_waiter, setup),
        cmocka_unit_test_setup(test_what_was_accepted_on_a_worker_needs_no_waiter, setup),
        cmocka_unit_test_setup(test_what_the_deque_does_not_take_needs_no_waiter, setup),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
