/*
 * Which processors the threads of a runtime have, and take the machine to have: not those of a bound worker that
 * happens to start them, and none beyond a topology that the program gave.
 */
#define _GNU_SOURCE
#include "runtime/sched/runtime.h"
#include "tests/unit/numa/machines.h"

#include <pthread.h>
#include <rove/rove.h>
#include <sched.h>
#include <stdatomic.h>
#include <support/support.h>

enum { WATCH_SECONDS = 50 };

static int allowed_count(void)
{
    cpu_set_t allowed;
    TEST_CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "affinity");
    return CPU_COUNT(&allowed);
}

/* What a task on a pool thread does, and how many processors that thread had before and after. */
struct errand {
    void (*run)(struct errand *errand);
    rove_runtime *runtime;
    int allowed_before;
    int allowed_after;
    atomic_bool is_done;
};

static int errand_task(void *arg)
{
    struct errand *errand = arg;
    errand->allowed_before = allowed_count();
    errand->run(errand);
    errand->allowed_after = allowed_count();
    atomic_store(&errand->is_done, true);
    return 0;
}

/* Returns when it is done; the caller does not wait for the group before, because it might run the task itself. */
static void on_pool_thread(struct errand *errand)
{
    rove_group group = {.runtime = errand->runtime};
    TEST_CHECK(rove_group_spawn(&group, errand_task, errand) == ROVE_OK, "spawn");
    while (!atomic_load(&errand->is_done))
        test_yield();
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

/* More workers than there are processors for. */
static void make_crowd(rove_runtime *runtime)
{
    TEST_CHECK(rove_set_workers(runtime, runtime->plan.allowed_count + 2) == ROVE_OK, "more workers");
}

/* In a crowd no worker is to be bound; but this one still is, because no thread has to be started. */
static void begin_auto_in_a_crowd(struct errand *errand)
{
    rove_runtime *runtime = errand->runtime;
    make_crowd(runtime);
    TEST_CHECK(allowed_count() == 1, "the thread is not bound any more");
    TEST_CHECK(rove_auto_workers(runtime, 1, 0) == ROVE_OK, "automatic");
}

static void test_the_watcher_does_not_keep_the_mask_of_a_bound_worker_in_a_crowd(void **state)
{
    (void)state;
    int all = allowed_count();
    if (all < 2)
        skip();
    struct errand errand = {.run = begin_auto_in_a_crowd, .runtime = test_runtime(2)};
    make_crowd(errand.runtime); /* now there are the threads */
    assert_int_equal(rove_set_workers(errand.runtime, 2), ROVE_OK);
    on_pool_thread(&errand);
    assert_int_equal(errand.allowed_before, 1);
    cpu_set_t mask;
    assert_int_equal(pthread_getaffinity_np(errand.runtime->scaler.thread, sizeof mask, &mask), 0);
    assert_int_equal(CPU_COUNT(&mask), all);
    test_runtime_end(errand.runtime);
}

static struct {
    atomic_int threads;
    atomic_int least; /* the fewest processors that one of them had when it started */
} inner;

static void *note_mask(int worker, void *arg)
{
    (void)worker;
    (void)arg;
    int count = allowed_count(), least = atomic_load(&inner.least);
    while (count < least && !atomic_compare_exchange_weak(&inner.least, &least, count))
        ;
    atomic_fetch_add(&inner.threads, 1);
    return NULL;
}

static void make_unbound(struct errand *errand)
{
    (void)errand;
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    config.pin = ROVE_PIN_NEVER;
    config.hooks.worker_start = note_mask;
    rove_runtime *runtime = NULL;
    TEST_CHECK(rove_runtime_create(&runtime, &config, NULL) == ROVE_OK, "create");
    TEST_CHECK(rove_set_workers(runtime, 3) == ROVE_OK, "more workers");
    TEST_CHECK(rove_runtime_destroy(runtime) == ROVE_OK, "destroy");
}

static void test_threads_that_are_not_bound_do_not_keep_the_mask_of_a_bound_worker(void **state)
{
    (void)state;
    int all = allowed_count();
    if (all < 2)
        skip();
    atomic_store(&inner.threads, 0);
    atomic_store(&inner.least, all);
    struct errand errand = {.run = make_unbound, .runtime = test_runtime(2)};
    on_pool_thread(&errand);
    assert_int_equal(errand.allowed_before, 1);
    assert_int_equal(errand.allowed_after, 1); /* it is bound again */
    assert_int_equal(atomic_load(&inner.threads), 3);
    assert_int_equal(atomic_load(&inner.least), all);
    test_runtime_end(errand.runtime);
}

/* A runtime of two workers on one of this machine's processors, the first that is allowed. */
static rove_runtime *runtime_on_one(void)
{
    cpu_set_t allowed;
    unsigned pu = 0;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    while (!CPU_ISSET(pu, &allowed))
        pu++;
    if (pu >= 64)
        return NULL;
    const struct xml_object objects[] = {
        {0, "Machine", 0, UINT64_C(1) << pu, 0x1, NULL},
        {1, "NUMANode", 0, UINT64_C(1) << pu, 0x1, "local_memory=\"4096\""},
        {1, "Core", 0, UINT64_C(1) << pu, 0x1, NULL},
        {2, "PU", pu, UINT64_C(1) << pu, 0x1, NULL},
        {0},
    };
    char path[32];
    xml_init(path, objects, "");
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    config.topology_xml = path;
    setenv("HWLOC_THISSYSTEM", "1", 1);
    rove_runtime *runtime = test_runtime_with(&config);
    unsetenv("HWLOC_THISSYSTEM");
    xml_fini(path);
    return runtime;
}

/* A worker that is awake keeps the watcher so. */
static int occupy_until_there_is_one(void *arg)
{
    while (rove_worker_count(arg) > 1)
        test_yield();
    return 0;
}

/* The watcher's first look finds one worker too many for the topology's processor. Whatever later finds another reason
 * to have fewer would show that it takes the mask's processors for its own. */
static void test_a_topology_of_the_programs_own_bounds_the_automatic_mode(void **state)
{
    (void)state;
    if (allowed_count() < 2)
        skip();
    SKIP_WITHOUT_HWLOC();
    rove_runtime *runtime = runtime_on_one();
    if (!runtime)
        skip();
    assert_true(runtime->plan.is_real);
    assert_int_equal(runtime->plan.allowed_count, 1);
    assert_int_equal(rove_auto_workers(runtime, 1, 0), ROVE_OK);
    rove_group group = {.runtime = runtime};
    assert_int_equal(rove_group_spawn(&group, occupy_until_there_is_one, runtime), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    rove_scale_decision history[2];
    assert_int_equal(rove_scale_history(runtime, history, 2), 1);
    assert_int_equal(history[0].before, 2);
    assert_int_equal(history[0].after, 1);
    assert_int_equal(history[0].most, 1);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_watcher_does_not_keep_the_mask_of_a_bound_worker_in_a_crowd),
        cmocka_unit_test(test_threads_that_are_not_bound_do_not_keep_the_mask_of_a_bound_worker),
        cmocka_unit_test(test_a_topology_of_the_programs_own_bounds_the_automatic_mode),
    };
    machine_clean_environment();
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
