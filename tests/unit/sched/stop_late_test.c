/*
 * The end of a runtime, and threads that the automatic mode would start at that time: one that is on its way is ended
 * with the others, and none is started after it.
 */
#define _GNU_SOURCE
#include "runtime/sched/runtime.h"
#include "runtime/sched/scale.h"

#include <dlfcn.h>
#include <pthread.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* Holds whoever starts a thread while it is armed, until the end of the runtime has come, or waits for the lock that
 * the starter has. */
static struct {
    atomic_bool armed;
    atomic_int arrived;
    rove_runtime *runtime;
} gate;

static void gate_pass(void)
{
    rove_runtime *runtime = gate.runtime;
    atomic_fetch_add(&gate.arrived, 1);
    while (!atomic_load(&runtime->is_finished) && atomic_load(&runtime->seats.word) != MUTEX_CONTENDED)
        test_yield();
}

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
    if (atomic_load(&gate.armed))
        gate_pass();
    return create(thread, attributes, start, arg);
}

static atomic_int started, stopped;

static void *hook_start(int worker, void *arg)
{
    (void)worker;
    (void)arg;
    atomic_fetch_add(&started, 1);
    return NULL;
}

static void hook_stop(int worker, void *state, void *arg)
{
    (void)worker;
    (void)state;
    (void)arg;
    atomic_fetch_add(&stopped, 1);
}

static rove_runtime *runtime_make(void)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.hooks = (rove_hooks){.worker_start = hook_start, .worker_stop = hook_stop};
    atomic_store(&started, 0);
    atomic_store(&stopped, 0);
    return test_runtime_with(&config);
}

/* Whether the automatic mode may have two workers here. */
static bool may_grow(void)
{
    rove_config config;
    rove_config_default(&config);
    rove_runtime *runtime = test_runtime_with(&config);
    int workers = rove_worker_count(runtime);
    test_runtime_end(runtime);
    return workers > 1;
}

static int occupy_until_thread_comes(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
    while (!atomic_load(&gate.arrived))
        test_yield();
    return 0;
}

static int nothing_task(void *arg)
{
    (void)arg;
    return 0;
}

static void test_a_thread_that_is_on_its_way_when_the_end_comes_is_ended_too(void **state)
{
    (void)state;
    if (!may_grow())
        skip();
    int threads = test_thread_count();
    rove_runtime *runtime = runtime_make();
    assert_int_equal(rove_auto_workers(runtime, 1, 2), ROVE_OK);
    rove_group group = {.runtime = runtime};
    atomic_bool is_occupied = false;
    gate.runtime = runtime;
    atomic_store(&gate.arrived, 0);
    atomic_store(&gate.armed, true);
    assert_int_equal(rove_group_spawn(&group, occupy_until_thread_comes, &is_occupied), ROVE_OK);
    while (!atomic_load(&is_occupied))
        test_yield();
    assert_int_equal(rove_group_spawn(&group, nothing_task, NULL), ROVE_OK); /* nobody is left for this one */
    while (!atomic_load(&gate.arrived))
        test_yield();
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    atomic_store(&gate.armed, false);
    assert_int_equal(test_thread_count(), threads);
    assert_int_equal(atomic_load(&started), 2);
    assert_int_equal(atomic_load(&stopped), 2);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    test_runtime_end(runtime);
}

static void test_no_thread_is_started_after_the_end(void **state)
{
    (void)state;
    int threads = test_thread_count();
    rove_runtime *runtime = runtime_make();
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    mutex_lock(&runtime->seats);
    rove_scale_decision more = {.reason = ROVE_SCALE_BACKLOG, .after = 2, .most = 2, .waiting_percent = -1};
    assert_int_equal(rovei_scale_decide(runtime, &more), ROVE_CLOSED);
    mutex_unlock(&runtime->seats);
    assert_int_equal(rove_worker_count(runtime), 1);
    assert_int_equal(test_thread_count(), threads);
    assert_int_equal(atomic_load(&started), 1);
    assert_int_equal(atomic_load(&stopped), 1);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_that_is_on_its_way_when_the_end_comes_is_ended_too),
        cmocka_unit_test(test_no_thread_is_started_after_the_end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
