/*
 * A runtime that does not get the thread that watches load and machine: its number of workers is fixed, and it says so.
 * And one that does not get what the automatic mode would begin with: it is as it was.
 */
#define _GNU_SOURCE
#include "runtime/sched/runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/heap.h>
#include <support/storm.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* Refuses the threads that are started from number `gate.from` on, up to `gate.to`, while it is armed. */
static struct {
    atomic_bool armed;
    atomic_int started;
    atomic_int refused;
    int from;
    int to;
} gate;

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
    if (atomic_load(&gate.armed)) {
        int number = atomic_fetch_add(&gate.started, 1);
        if (number >= gate.from && number < gate.to) {
            atomic_fetch_add(&gate.refused, 1);
            return EAGAIN;
        }
    }
    return create(thread, attributes, start, arg);
}

static void gate_arm(int from, int to)
{
    gate.from = from;
    gate.to = to;
    atomic_store(&gate.started, 0);
    atomic_store(&gate.refused, 0);
    atomic_store(&gate.armed, true);
}

static void gate_open(void)
{
    atomic_store(&gate.armed, false);
}

static rove_config config_make(int workers, int workers_min)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.workers_min = workers_min;
    config.oversubscribe = true;
    return config;
}

static uint64_t count_scalings(rove_runtime *runtime)
{
    rove_stats stats;
    uint64_t sum = 0;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    for (int i = 0; i < ROVE_SCALE_REASONS; i++)
        sum += stats.scalings[i];
    return sum;
}

static void test_a_runtime_without_a_watcher_keeps_its_number_and_says_so(void **state)
{
    (void)state;
    int threads = test_thread_count(), watchers_refused = 0;
    for (int k = 0; k <= 4; k++) {
        rove_config config = config_make(3, 1);
        rove_runtime *runtime = NULL;
        rove_report report = {""};
        gate_arm(k, k + 1);
        assert_int_equal(rove_runtime_create(&runtime, &config, &report), ROVE_OK);
        int refused_at_once = atomic_load(&gate.refused);
        storm_in(runtime, 2000, (uint64_t)k, STORM_ALL);
        int refused = atomic_load(&gate.refused);
        gate_open();
        assert_true(!refused_at_once || report.text[0] != '\0');
        rove_stats stats;
        assert_int_equal(rove_runtime_stats(runtime, &stats), ROVE_OK);
        if (refused && stats.threads_refused == 0) { /* it was no pool thread */
            assert_int_equal(rove_worker_count(runtime), 3);
            assert_int_equal(count_scalings(runtime), 0);
            watchers_refused++;
        }
        assert_int_equal(rove_auto_workers(runtime, 1, 2), ROVE_OK);
        storm_in(runtime, 2000, (uint64_t)k, STORM_ALL);
        assert_int_equal(rove_runtime_destroy(runtime), ROVE_OK);
        test_wait_for_threads(threads);
    }
    assert_int_equal(watchers_refused, 1);
}

static void test_a_refused_watcher_changes_nothing(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    rove_scale_decision one;
    gate_arm(0, 1000);
    assert_int_equal(rove_auto_workers(runtime, 1, 2), ROVE_NO_THREADS);
    gate_open();
    assert_int_equal(rove_worker_count(runtime), 3);
    assert_int_equal(rove_scale_history(runtime, &one, 1), 0);
    assert_int_equal(rove_auto_workers(runtime, 1, 3), ROVE_OK);
    storm_in(runtime, 2000, 1, STORM_ALL);
    test_runtime_end(runtime);
}

/* How the number of workers is found. */
struct mode {
    bool is_auto;
    int least;
    int most;
};

static struct mode mode_of(rove_runtime *runtime)
{
    mutex_lock(&runtime->seats);
    struct mode mode = {runtime->scaler.is_auto, runtime->scaler.least, runtime->scaler.most};
    mutex_unlock(&runtime->seats);
    return mode;
}

static void test_a_beginning_without_memory_leaves_the_number_fixed(void **state)
{
    (void)state;
    struct test_heap heap = {0};
    rove_config config = config_make(1, 0);
    config.allocator = test_heap_allocator(&heap);
    rove_runtime *runtime = test_runtime_with(&config);
    test_heap_refuse(&heap, 0, INT64_MAX);
    assert_int_equal(rove_auto_workers(runtime, 2, 2), ROVE_NO_MEMORY);
    test_heap_refuse(&heap, 0, 0);
    assert_false(mode_of(runtime).is_auto);
    assert_int_equal(rove_worker_count(runtime), 1);
    storm_in(runtime, 2000, 2, STORM_ALL);
    assert_int_equal(rove_worker_count(runtime), 1);
    assert_int_equal(rove_auto_workers(runtime, 2, 2), ROVE_OK);
    assert_true(mode_of(runtime).is_auto);
    assert_int_equal(rove_worker_count(runtime), 2);
    storm_in(runtime, 2000, 3, STORM_ALL);
    test_runtime_end(runtime);
    test_heap_check(&heap, "a beginning without memory", 0);
}

static void test_a_change_without_memory_leaves_the_bounds_as_they_were(void **state)
{
    (void)state;
    struct test_heap heap = {0};
    rove_config config = config_make(2, 0);
    config.allocator = test_heap_allocator(&heap);
    rove_runtime *runtime = test_runtime_with(&config);
    assert_int_equal(rove_auto_workers(runtime, 2, 3), ROVE_OK);
    test_heap_refuse(&heap, 0, INT64_MAX);
    assert_int_equal(rove_auto_workers(runtime, 5, 6), ROVE_NO_MEMORY);
    test_heap_refuse(&heap, 0, 0);
    struct mode mode = mode_of(runtime);
    assert_true(mode.is_auto);
    assert_int_equal(mode.least, 2);
    assert_int_equal(mode.most, 3);
    assert_int_equal(rove_worker_count(runtime), 2); /* it has had no work yet, and so no reason for more */
    storm_in(runtime, 2000, 4, STORM_ALL);
    test_runtime_end(runtime);
    test_heap_check(&heap, "a change without memory", 0);
}

/* The watcher is the first thread that is started, and the next one is not enough. */
static void test_a_beginning_with_too_few_threads_leaves_the_number_fixed(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    gate_arm(2, 1000);
    assert_int_equal(rove_auto_workers(runtime, 4, 4), ROVE_NO_THREADS);
    gate_open();
    assert_int_equal(atomic_load(&gate.refused), 1);
    assert_false(mode_of(runtime).is_auto);
    assert_int_equal(rove_worker_count(runtime), 1);
    storm_in(runtime, 2000, 5, STORM_ALL);
    assert_int_equal(rove_worker_count(runtime), 1);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_runtime_without_a_watcher_keeps_its_number_and_says_so),
        cmocka_unit_test(test_a_refused_watcher_changes_nothing),
        cmocka_unit_test(test_a_beginning_without_memory_leaves_the_number_fixed),
        cmocka_unit_test(test_a_change_without_memory_leaves_the_bounds_as_they_were),
        cmocka_unit_test(test_a_beginning_with_too_few_threads_leaves_the_number_fixed),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
