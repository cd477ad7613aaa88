/*
 * Blocking regions while the number of workers changes, while the runtime ends, and where threads are refused.
 */
#define _GNU_SOURCE
#include "unit/sched/door.h"

#include <dlfcn.h>
#include <pthread.h>

enum { WATCH_SECONDS = 50 };

/* Refuses all threads while it is shut. */
static atomic_bool gate_is_shut;

typedef int create_fn(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg);

/* Stands before the C library's function of this name. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
    static _Atomic(create_fn *) real;
    create_fn *create = atomic_load(&real);
    if (!create) {
        void *symbol = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&create, &symbol, sizeof create);
        atomic_store(&real, create);
    }
    return atomic_load(&gate_is_shut) ? EAGAIN : create(thread, attributes, start, arg);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void test_the_number_of_workers_changes_while_they_block(void **state)
{
    (void)state;
    static const int counts[] = {1, 5, 2, 1, 3, 8, 1};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        rove_runtime *runtime = runtime_make(3, 8);
        rove_group group = {.runtime = runtime};
        int blocked = 5;
        setup(state);
        spawn(&group, wait_in_region, NULL, blocked);
        wait_until(&door.waiting, blocked);
        assert_int_equal(rove_set_workers(runtime, counts[i]), ROVE_OK);
        assert_int_equal(rove_worker_count(runtime), counts[i]);
        spawn(&group, open_for, &blocked, 1);
        wait_until(&door.passed, blocked);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        storm_in(runtime, 2000, i, STORM_ALL);
        if (i % 2)
            block_and_release(runtime, 4, 1);
        assert_int_equal(rove_worker_count(runtime), counts[i]);
        test_runtime_end(runtime);
    }
}

static void set_in_region(void *arg)
{
    rove_blocking_begin();
    TEST_CHECK(rove_set_workers(arg, 1) == ROVE_OK && rove_set_workers(arg, 4) == ROVE_OK, "workers, in a region");
    rove_blocking_end();
    TEST_CHECK(rove_set_workers(arg, 2) == ROVE_OK, "workers, after a region");
}

static void test_a_task_changes_the_number_in_its_region(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 2);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_run(runtime, set_in_region, runtime), ROVE_OK);
    block_and_release(runtime, 2, 1);
    test_runtime_end(runtime);
}

static void shut_or_open(void *arg)
{
    void **pair = arg;
    if (!pair[1]) {
        TEST_CHECK(rove_runtime_shutdown(pair[0]) == ROVE_OK, "shutdown");
        TEST_CHECK(atomic_load(&door.passed) == 3, "%d tasks have ended before the shutdown",
                   atomic_load(&door.passed));
        return;
    }
    while (rove_run(pair[0], do_nothing, NULL) != ROVE_CLOSED)
        test_yield();
    door_open(3);
}

static void test_a_shutdown_waits_for_tasks_in_regions(void **state)
{
    (void)state;
    int threads = test_thread_count();
    for (int i = 0; i < 10; i++) {
        rove_runtime *runtime = runtime_make(2, i % 4);
        rove_group group = {.runtime = runtime};
        void *pairs[2][2] = {{runtime, NULL}, {runtime, &group}};
        int blocked = 2 + i % 4 < 3 ? 2 + i % 4 : 3; /* as many as can block at once */
        setup(state);
        spawn(&group, wait_in_region, NULL, 3);
        wait_until(&door.waiting, blocked);
        test_on_threads(2, shut_or_open, pairs, sizeof pairs[0]);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        test_runtime_end(runtime);
        test_wait_for_threads(threads);
    }
}

static void test_a_runtime_ends_right_after_regions(void **state)
{
    (void)state;
    int threads = test_thread_count();
    for (int i = 0; i < 40; i++) {
        rove_runtime *runtime = runtime_make(1 + i % 3, 1 + i % 5);
        setup(state);
        block_and_release(runtime, 1, 1);
        test_runtime_end(runtime);
        test_wait_for_threads(threads);
    }
}

static atomic_int starts, stops;
static int states[ROVE_WORKERS_MAX * 2];

static void *hook_start(int worker, void *arg)
{
    (void)arg;
    atomic_fetch_add(&starts, 1);
    return &states[worker];
}

static void hook_stop(int worker, void *state, void *arg)
{
    (void)arg;
    TEST_CHECK(state == &states[worker], "worker %d stops with another state", worker);
    atomic_fetch_add(&stops, 1);
}

static void test_spares_have_hooks_like_other_workers(void **state)
{
    (void)state;
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.oversubscribe = true;
    config.hooks = (rove_hooks){.worker_start = hook_start, .worker_stop = hook_stop};
    rove_runtime *runtime = test_runtime_with(&config);
    block_and_release(runtime, 3, 1);
    test_runtime_end(runtime);
    assert_in_range(starts, 4, 1 + 16);
    assert_int_equal(starts, stops);
}

static void test_spares_that_are_refused_are_done_without(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 4);
    rove_group group = {.runtime = runtime};
    atomic_store(&gate_is_shut, true);
    spawn(&group, wait_in_region, NULL, 2);
    wait_until(&door.waiting, 2);
    rove_stats stats = stats_of(runtime);
    door_open(2);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    atomic_store(&gate_is_shut, false);
    assert_int_equal(stats.blocks, 2);
    assert_int_equal(stats.blocks_bare, 2);
    setup(state);
    block_and_release(runtime, 2, 1); /* threads can be had again */
    stats = stats_of(runtime);
    assert_int_equal(stats.blocks_bare, 2);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_number_of_workers_changes_while_they_block, setup),
        cmocka_unit_test_setup(test_a_task_changes_the_number_in_its_region, setup),
        cmocka_unit_test_setup(test_a_shutdown_waits_for_tasks_in_regions, setup),
        cmocka_unit_test_setup(test_a_runtime_ends_right_after_regions, setup),
        cmocka_unit_test_setup(test_spares_have_hooks_like_other_workers, setup),
        cmocka_unit_test_setup(test_spares_that_are_refused_are_done_without, setup),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
