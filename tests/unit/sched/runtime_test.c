/*
 * A runtime as a user sees it: creation, who runs what, the number of workers, statistics. Hooks are in hooks_test.c.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static void nothing(void *arg)
{
    (void)arg;
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static int add_one_task(void *arg)
{
    add_one(arg);
    return 0;
}

static void test_a_runtime_is_created_and_destroyed(void **state)
{
    (void)state;
    int threads = test_thread_count();
    rove_runtime *runtime = NULL;
    assert_int_equal(rove_runtime_create(&runtime, NULL, NULL), ROVE_OK);
    assert_non_null(runtime);
    assert_in_range(rove_worker_count(runtime), 1, ROVE_WORKERS_MAX);
    assert_in_range(rove_worker_limit(runtime), rove_worker_count(runtime), 100000);
    assert_int_equal(rove_runtime_destroy(runtime), ROVE_OK);
    test_wait_for_threads(threads);
}

static void test_an_unused_runtime_of_any_size_goes_away(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 128; workers *= 2)
        test_runtime_end(test_runtime(workers));
}

static void test_the_defaults_are_those_that_are_documented(void **state)
{
    (void)state;
    rove_config config;
    memset(&config, 0xff, sizeof config);
    rove_config_default(&config);
    assert_int_equal(config.size, sizeof config);
    assert_int_equal(config.workers, 0);
    assert_false(config.oversubscribe);
    assert_int_equal(config.workers_max, 0);
    assert_int_equal(config.plan, ROVE_PLAN_CORES);
    assert_int_equal(config.pin, ROVE_PIN_AUTO);
    assert_int_equal(config.spin_ns, 20000);
    assert_int_equal(config.stack_size, 8 << 20);
    assert_null(config.pus);
    assert_null(config.topology);
    assert_null(config.topology_xml);
    assert_null(config.allocator.allocate);
    assert_null(config.hooks.worker_start);
}

/* What a task sees of its worker. */
struct view {
    rove_runtime *runtime;
    int worker;
    void *state;
};

static void look(void *arg)
{
    struct view *view = arg;
    view->runtime = rove_current_runtime();
    view->worker = rove_worker_id();
    view->state = rove_worker_state();
}

static void test_the_caller_of_run_becomes_a_worker_for_its_time(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    struct view inside = {NULL, -7, NULL}, outside = {NULL, -7, NULL};
    look(&outside);
    assert_null(outside.runtime);
    assert_int_equal(outside.worker, -1);
    assert_null(outside.state);
    assert_int_equal(rove_run(runtime, look, &inside), ROVE_OK);
    assert_ptr_equal(inside.runtime, runtime);
    assert_in_range(inside.worker, 0, rove_worker_limit(runtime) - 1);
    look(&outside);
    assert_null(outside.runtime);
    assert_int_equal(outside.worker, -1);
    test_runtime_end(runtime);
}

/* Calls of rove_run within each other, in one runtime or in two by turns. */
struct nest {
    rove_runtime *runtimes[2];
    int depth;
    atomic_int runs;
};

static void nest_run(void *arg)
{
    struct nest *nest = arg;
    int depth = nest->depth, worker = rove_worker_id();
    rove_runtime *own = rove_current_runtime();
    TEST_CHECK(own == nest->runtimes[depth % 2], "depth %d runs in the wrong runtime", depth);
    atomic_fetch_add(&nest->runs, 1);
    if (depth > 0) {
        nest->depth = depth - 1;
        rove_status status = rove_run(nest->runtimes[(depth - 1) % 2], nest_run, nest);
        TEST_CHECK(status == ROVE_OK, "depth %d: %s", depth, rove_status_text(status));
        nest->depth = depth;
    }
    TEST_CHECK(rove_current_runtime() == own && rove_worker_id() == worker, "the worker is another after a nested run");
}

static void test_runs_nest_in_one_runtime(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    struct nest nest = {.runtimes = {runtime, runtime}, .depth = 100};
    assert_int_equal(rove_run(runtime, nest_run, &nest), ROVE_OK);
    assert_int_equal(nest.runs, 101);
    test_runtime_end(runtime);
}

static void test_runs_nest_across_runtimes(void **state)
{
    (void)state;
    rove_runtime *even = test_runtime(2), *odd = test_runtime(1);
    struct nest nest = {.runtimes = {even, odd}, .depth = 0};
    for (int i = 0; i < 20; i++) {
        nest.depth = 1;
        assert_int_equal(rove_run(odd, nest_run, &nest), ROVE_OK);
    }
    assert_int_equal(nest.runs, 40);
    test_runtime_end(odd);
    test_runtime_end(even);
}

/* More threads than workers, each with a call after another. */
struct guest {
    rove_runtime *runtime;
    int calls;
};

static void fan_out(void *arg)
{
    atomic_int runs = 0;
    rove_group group = {0};
    for (int i = 0; i < 20; i++)
        TEST_CHECK(rove_group_spawn(&group, add_one_task, &runs) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK && atomic_load(&runs) == 20, "%d tasks", atomic_load(&runs));
    add_one(arg);
}

static void guest_run(void *arg)
{
    struct guest *guest = arg;
    for (int i = 0; i < guest->calls; i++) {
        atomic_int runs = 0;
        rove_status status = rove_run(guest->runtime, fan_out, &runs);
        TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
        TEST_CHECK(atomic_load(&runs) == 1, "call %d ran %d times", i, atomic_load(&runs));
    }
}

static void test_more_threads_than_workers_may_run_at_once(void **state)
{
    (void)state;
    enum { GUESTS = 16 };
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        struct guest guest = {runtime, 200};
        test_on_threads(GUESTS, guest_run, &guest, 0);
        test_runtime_end(runtime);
    }
}

/* A guest takes the only seat and waits for a task of another runtime, which ends only after a second thread's call of
 * rove_run in the first runtime: the waiting guest must wake up and run that call. */
static struct {
    rove_runtime *here;
    rove_group elsewhere;
    atomic_bool is_seated;
    atomic_bool is_released;
} handed;

static int wait_for_release(void *arg)
{
    while (!atomic_load(&handed.is_released))
        test_yield();
    return arg != NULL;
}

static void sit_and_wait(void *arg)
{
    (void)arg;
    atomic_store(&handed.is_seated, true);
    TEST_CHECK(rove_group_wait(&handed.elsewhere) == ROVE_OK, "wait for the other runtime");
}

static void release(void *arg)
{
    (void)arg;
    atomic_store(&handed.is_released, true);
}

static void sit_or_release(void *arg)
{
    if (*(int *)arg == 0) {
        TEST_CHECK(rove_run(handed.here, sit_and_wait, NULL) == ROVE_OK, "run of the guest");
        return;
    }
    while (!atomic_load(&handed.is_seated))
        test_yield();
    for (int i = 0; i < 50; i++)
        test_yield(); /* so that it is probably asleep */
    TEST_CHECK(rove_run(handed.here, release, NULL) == ROVE_OK, "run that is handed over");
}

static void test_a_waiting_guest_runs_what_is_handed_to_it(void **state)
{
    (void)state;
    int numbers[] = {0, 1};
    rove_runtime *there = test_runtime(1);
    handed.here = test_runtime(1);
    for (int i = 0; i < 50; i++) {
        handed.elsewhere = (rove_group){.runtime = there};
        atomic_store(&handed.is_seated, false);
        atomic_store(&handed.is_released, false);
        assert_int_equal(rove_group_spawn(&handed.elsewhere, wait_for_release, NULL), ROVE_OK);
        test_on_threads(2, sit_or_release, numbers, sizeof numbers[0]);
    }
    test_runtime_end(handed.here);
    test_runtime_end(there);
}

static void test_threads_may_make_the_default_runtime_at_once(void **state)
{
    (void)state;
    struct guest guest = {NULL, 50};
    test_on_threads(8, guest_run, &guest, 0);
    rove_report report = {"?"};
    rove_runtime *first = rove_default_runtime(&report);
    assert_non_null(first);
    assert_ptr_equal(first, rove_default_runtime(NULL));
    assert_int_equal(rove_runtime_shutdown(first), ROVE_INVALID);
    assert_int_equal(rove_runtime_destroy(first), ROVE_INVALID);
    assert_int_equal(rove_run(NULL, nothing, NULL), ROVE_OK);
}

static void test_null_arguments_are_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_stats stats;
    rove_report report = {""};
    assert_int_equal(rove_runtime_create(NULL, NULL, &report), ROVE_INVALID);
    assert_true(report.text[0] != '\0');
    assert_int_equal(rove_run(runtime, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_run(NULL, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_runtime_shutdown(NULL), ROVE_INVALID);
    assert_int_equal(rove_runtime_destroy(NULL), ROVE_OK);
    assert_int_equal(rove_set_workers(runtime, 0), ROVE_INVALID);
    assert_int_equal(rove_set_workers(runtime, -1), ROVE_INVALID);
    assert_int_equal(rove_set_workers(runtime, 1000000), ROVE_INVALID);
    assert_int_equal(rove_worker_count(NULL), 0);
    assert_int_equal(rove_worker_limit(NULL), 0);
    assert_int_equal(rove_runtime_stats(NULL, &stats), ROVE_INVALID);
    assert_int_equal(rove_runtime_stats(runtime, NULL), ROVE_INVALID);
    assert_int_equal(rove_worker_stats(runtime, -1, &stats), ROVE_INVALID);
    assert_int_equal(rove_worker_stats(runtime, rove_worker_limit(runtime), &stats), ROVE_INVALID);
    assert_int_equal(rove_worker_stats(runtime, 0, NULL), ROVE_INVALID);
    assert_int_equal(rove_worker_stats(NULL, 0, &stats), ROVE_INVALID);
    atomic_int runs = 0;
    assert_int_equal(rove_run(runtime, add_one, &runs), ROVE_OK);
    assert_int_equal(runs, 1);
    test_runtime_end(runtime);
}

static void test_every_status_has_a_text(void **state)
{
    (void)state;
    for (int i = ROVE_OK; i <= ROVE_PENDING; i++) {
        assert_non_null(rove_status_text((rove_status)i));
        for (int j = ROVE_OK; j < i; j++)
            assert_string_not_equal(rove_status_text((rove_status)i), rove_status_text((rove_status)j));
    }
    assert_non_null(rove_status_text((rove_status)12345));
    assert_non_null(rove_status_text((rove_status)-1));
}

static void count_workers(void *arg)
{
    rove_runtime *runtime = arg;
    TEST_CHECK(rove_set_workers(runtime, 5) == ROVE_OK, "from a task");
    TEST_CHECK(rove_worker_count(runtime) == 5, "%d workers", rove_worker_count(runtime));
}

static void test_the_number_of_workers_goes_up_and_down(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    static const int counts[] = {1, 32, 2, 7, 1, 1, 16, 3};
    int limit = rove_worker_limit(runtime);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_int_equal(rove_set_workers(runtime, counts[i]), ROVE_OK);
        assert_int_equal(rove_worker_count(runtime), counts[i]);
        assert_int_equal(rove_worker_limit(runtime), limit);
        atomic_int runs = 0;
        assert_int_equal(rove_run(runtime, fan_out, &runs), ROVE_OK);
        assert_int_equal(runs, 1);
    }
    assert_int_equal(rove_run(runtime, count_workers, runtime), ROVE_OK);
    test_runtime_end(runtime);
}

static void test_the_maximum_of_workers_is_kept(void **state)
{
    (void)state;
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.workers_max = 4;
    config.oversubscribe = true;
    rove_runtime *runtime = test_runtime_with(&config);
    assert_int_equal(rove_set_workers(runtime, 4), ROVE_OK);
    assert_int_equal(rove_set_workers(runtime, 5), ROVE_INVALID);
    assert_int_equal(rove_worker_count(runtime), 4);
    test_runtime_end(runtime);
}

/* Worker numbers: two tasks that run at the same moment must not see the same one. */
static atomic_int present[ROVE_WORKERS_MAX * 2];

static int claim_number(void *arg)
{
    int worker = rove_worker_id(), limit = *(int *)arg;
    TEST_CHECK(worker >= 0 && worker < limit, "worker %d of %d", worker, limit);
    TEST_CHECK(atomic_fetch_add(&present[worker], 1) == 0, "two threads are worker %d", worker);
    for (int i = 0; i < 3; i++)
        test_yield();
    TEST_CHECK(rove_worker_id() == worker, "worker %d became %d", worker, rove_worker_id());
    atomic_fetch_sub(&present[worker], 1);
    return 0;
}

struct claim {
    rove_runtime *runtime;
    int limit;
};

static void claim_many(void *arg)
{
    struct claim *claim = arg;
    rove_group group = {.runtime = claim->runtime};
    for (int i = 0; i < 300; i++)
        TEST_CHECK(rove_group_spawn(&group, claim_number, &claim->limit) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void test_no_two_threads_are_the_same_worker(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    struct claim claim = {runtime, rove_worker_limit(runtime)};
    test_on_threads(8, claim_many, &claim, 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(rove_set_workers(runtime, 1 + i * 3 % 7), ROVE_OK);
        claim_many(&claim);
    }
    test_runtime_end(runtime);
}

static void add_stats(rove_stats *sum, const rove_stats *stats)
{
    const uint64_t *from = (const uint64_t *)stats;
    uint64_t *to = (uint64_t *)sum;
    for (size_t i = 0; i < sizeof *stats / sizeof *from; i++)
        to[i] += from[i];
}

static void test_statistics_add_up(void **state)
{
    (void)state;
    enum { TASKS = 5000 };
    rove_runtime *runtime = test_runtime(4);
    rove_group group = {.runtime = runtime};
    atomic_int runs = 0;
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(rove_group_spawn(&group, add_one_task, &runs), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(rove_run(runtime, fan_out, &runs), ROVE_OK);
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);

    rove_stats all, sum = {0}, one;
    assert_int_equal(rove_runtime_stats(runtime, &all), ROVE_OK);
    for (int i = 0; i < rove_worker_limit(runtime); i++) {
        if (rove_worker_stats(runtime, i, &one) == ROVE_OK) /* there need not be a worker of each number */
            add_stats(&sum, &one);
    }
    assert_true(all.spawned >= TASKS + 20);
    assert_true(all.spawned <= TASKS + 21);
    assert_true(all.executed == all.spawned);
    assert_true(sum.executed == all.executed);
    assert_true(sum.steals == all.steals);
    assert_true(sum.parks == all.parks);
    uint64_t by_distance = 0;
    for (int i = 0; i < ROVE_DISTANCES; i++)
        by_distance += all.steals_by_distance[i];
    assert_true(by_distance == all.steals);
    assert_int_equal(all.threads_refused, 0);
    test_runtime_end(runtime);
}

static void test_an_idle_runtime_stays_asleep(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    atomic_int runs = 0;
    assert_int_equal(rove_run(runtime, fan_out, &runs), ROVE_OK);
    rove_stats before, after;
    do { /* until all are asleep; a runtime that never sleeps meets the watchdog */
        assert_int_equal(rove_runtime_stats(runtime, &before), ROVE_OK);
        for (int i = 0; i < 20000; i++)
            test_yield();
        assert_int_equal(rove_runtime_stats(runtime, &after), ROVE_OK);
    } while (memcmp(&before, &after, sizeof before) != 0);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_runtime_is_created_and_destroyed),
        cmocka_unit_test(test_an_unused_runtime_of_any_size_goes_away),
        cmocka_unit_test(test_the_defaults_are_those_that_are_documented),
        cmocka_unit_test(test_the_caller_of_run_becomes_a_worker_for_its_time),
        cmocka_unit_test(test_runs_nest_in_one_runtime),
        cmocka_unit_test(test_runs_nest_across_runtimes),
        cmocka_unit_test(test_more_threads_than_workers_may_run_at_once),
        cmocka_unit_test(test_a_waiting_guest_runs_what_is_handed_to_it),
        cmocka_unit_test(test_threads_may_make_the_default_runtime_at_once),
        cmocka_unit_test(test_null_arguments_are_refused),
        cmocka_unit_test(test_every_status_has_a_text),
        cmocka_unit_test(test_the_number_of_workers_goes_up_and_down),
        cmocka_unit_test(test_the_maximum_of_workers_is_kept),
        cmocka_unit_test(test_no_two_threads_are_the_same_worker),
        cmocka_unit_test(test_statistics_add_up),
        cmocka_unit_test(test_an_idle_runtime_stays_asleep),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
