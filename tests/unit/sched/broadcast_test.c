/*
 * Broadcast: once on each worker, whatever that does at the moment, and on nobody else.
 */
#define _GNU_SOURCE
#include "unit/sched/door.h"

#include <support/heap.h>
#include <support/idle.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IDS = 256 };

/* Where a broadcast has run, by the number of the worker. */
struct visits {
    rove_runtime *runtime;
    _Atomic int at[IDS];
};

static void visit(void *arg)
{
    struct visits *visits = arg;
    int worker = rove_worker_id();
    TEST_CHECK(rove_current_runtime() == visits->runtime, "on no worker of the runtime");
    TEST_CHECK(worker >= 0 && worker < rove_worker_limit(visits->runtime) && worker < IDS, "on worker %d", worker);
    atomic_fetch_add(&visits->at[worker], 1);
}

/* Fails unless it has run at most once on each, and `reached` times in all. */
static void visits_check(struct visits *visits, int reached)
{
    int sum = 0;
    for (int i = 0; i < IDS; i++) {
        int runs = atomic_load(&visits->at[i]);
        TEST_CHECK(runs <= 1, "%d times on worker %d", runs, i);
        sum += runs;
    }
    TEST_CHECK(sum == reached, "run %d times, but it has reached %d", sum, reached);
}

/* Broadcasts, and returns how many workers it has reached. */
static int broadcast(struct visits *visits, rove_runtime *runtime)
{
    int reached = -1;
    *visits = (struct visits){.runtime = runtime};
    rove_status status = rove_broadcast(runtime, visit, visits, &reached);
    TEST_CHECK(status == ROVE_OK, "broadcast: %s", rove_status_text(status));
    visits_check(visits, reached);
    return reached;
}

static void test_it_runs_once_on_each_worker(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 5; workers++) {
        rove_runtime *runtime = runtime_make(workers, 2);
        for (int i = 0; i < 50; i++) {
            struct visits visits;
            assert_int_equal(broadcast(&visits, runtime), workers);
            for (int k = 0; k < workers; k++)
                assert_int_equal(atomic_load(&visits.at[k]), 1);
        }
        assert_int_equal(rove_broadcast(runtime, visit, &(struct visits){.runtime = runtime}, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void test_it_reaches_workers_that_sleep(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(4, 0);
    for (int i = 0; i < 20; i++) {
        struct visits visits;
        idle_await(runtime, 4);
        assert_int_equal(broadcast(&visits, runtime), 4);
    }
    test_runtime_end(runtime);
}

static void test_it_runs_in_the_default_runtime(void **state)
{
    (void)state;
    int reached = 0;
    struct visits visits = {.runtime = rove_default_runtime(NULL)};
    assert_int_equal(rove_broadcast(NULL, visit, &visits, &reached), ROVE_OK);
    visits_check(&visits, reached);
    assert_int_equal(reached, rove_worker_count(visits.runtime));
}

/* Two tasks, each on a worker of its own: one waits for the other, which waits for the broadcast to come to the
 * first. */
static struct {
    struct visits visits;
    _Atomic(struct rovei_worker *) waiter;
    bool is_isolated;
    atomic_bool is_begun;
} pair;

static int busy_until_visited(void *arg)
{
    (void)arg;
    atomic_store(&pair.is_begun, true);
    struct rovei_worker *waiter;
    while (!(waiter = atomic_load(&pair.waiter)))
        test_yield();
    while (atomic_load(&pair.visits.at[waiter->index]) == 0)
        test_yield();
    TEST_CHECK(atomic_load(&pair.visits.at[rove_worker_id()]) == 0, "in the middle of a task");
    return 0;
}

static int wait_for_busy(void *arg)
{
    (void)arg;
    rove_group group = {.is_isolated = pair.is_isolated};
    spawn(&group, busy_until_visited, NULL, 1);
    rovei_worker_publish(worker_self());
    while (!atomic_load(&pair.is_begun))
        test_yield();
    atomic_store(&pair.waiter, worker_self());
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    return 0;
}

static void reach_a_waiter(bool is_isolated)
{
    rove_runtime *runtime = runtime_make(2, 0);
    for (int i = 0; i < 20; i++) {
        rove_group group = {.runtime = runtime};
        int reached = 0;
        struct rovei_worker *waiter;
        atomic_store(&pair.waiter, NULL);
        atomic_store(&pair.is_begun, false);
        pair.is_isolated = is_isolated;
        pair.visits = (struct visits){.runtime = runtime};
        spawn(&group, wait_for_busy, NULL, 1);
        while (!(waiter = atomic_load(&pair.waiter)) || !idle_is_waiting(waiter))
            test_yield();
        assert_int_equal(rove_broadcast(runtime, visit, &pair.visits, &reached), ROVE_OK);
        assert_int_equal(reached, 2);
        visits_check(&pair.visits, 2);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
    }
    test_runtime_end(runtime);
}

static void test_it_reaches_a_worker_that_waits(void **state)
{
    (void)state;
    reach_a_waiter(false);
}

/* Such a worker sleeps deaf. */
static void test_it_reaches_a_worker_that_waits_in_isolation(void **state)
{
    (void)state;
    reach_a_waiter(true);
}

static void broadcast_as_worker(void *arg)
{
    rove_runtime *runtime = arg;
    struct visits visits;
    int reached = broadcast(&visits, runtime);
    TEST_CHECK(atomic_load(&visits.at[rove_worker_id()]) == 1, "not on the caller");
    TEST_CHECK(reached == 2 || reached == 3, "reached %d", reached); /* the pool thread may not be benched yet */
    visits = (struct visits){.runtime = runtime};
    TEST_CHECK(rove_broadcast(NULL, visit, &visits, &reached) == ROVE_OK, "in the own runtime");
    visits_check(&visits, reached);
}

static void test_a_guest_is_one_of_them(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(rove_run(runtime, broadcast_as_worker, runtime), ROVE_OK);
    test_runtime_end(runtime);
}

static int broadcast_in_task(void *arg)
{
    struct visits visits;
    broadcast(&visits, arg);
    TEST_CHECK(atomic_load(&visits.at[rove_worker_id()]) == 1, "not on the caller");
    return 0;
}

static void test_broadcasts_of_all_workers_overlap(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(4, 0);
    rove_group group = {.runtime = runtime};
    spawn(&group, broadcast_in_task, runtime, 100);
    for (int i = 0; i < 50; i++) {
        struct visits visits;
        broadcast(&visits, runtime);
    }
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    test_runtime_end(runtime);
}

/* The worker of the pool waits for a task of the guest's, which nobody else can run. */
static struct {
    atomic_bool is_busy;
    atomic_bool has_run;
} other;

static int busy_until_run(void *arg)
{
    (void)arg;
    atomic_store(&other.is_busy, true);
    while (!atomic_load(&other.has_run))
        test_yield();
    return 0;
}

static int run_other(void *arg)
{
    (void)arg;
    atomic_store(&other.has_run, true);
    return 0;
}

static void broadcast_with_work(void *arg)
{
    rove_runtime *runtime = arg;
    rove_group busy = {0}, own = {0};
    struct visits visits;
    spawn(&busy, busy_until_run, NULL, 1);
    rovei_worker_publish(worker_self());
    while (!atomic_load(&other.is_busy))
        test_yield();
    spawn(&own, run_other, NULL, 1);
    broadcast(&visits, runtime);
    TEST_CHECK(rove_group_wait(&own) == ROVE_OK && rove_group_wait(&busy) == ROVE_OK, "wait");
}

static void test_the_caller_does_other_work_while_it_waits(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 0);
    assert_int_equal(rove_run(runtime, broadcast_with_work, runtime), ROVE_OK);
    test_runtime_end(runtime);
}

static void test_a_worker_on_the_bench_is_not_reached(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(4, 0);
    for (int workers = 1; workers <= 4; workers++) {
        struct visits visits;
        assert_int_equal(rove_set_workers(runtime, workers), ROVE_OK);
        while (atomic_load(&runtime->pool_active) != workers)
            test_yield();
        assert_int_equal(broadcast(&visits, runtime), workers);
    }
    test_runtime_end(runtime);
}

static void test_a_worker_that_blocks_is_not_reached(void **state)
{
    setup(state);
    rove_runtime *runtime = runtime_make(2, 0);
    rove_group group = {.runtime = runtime};
    struct visits visits;
    spawn(&group, wait_in_region, NULL, 1);
    wait_until(&door.waiting, 1);
    assert_int_equal(broadcast(&visits, runtime), 1);
    door_open(1);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    while (rovei_is_anybody_awake(runtime)) /* also the one that was blocked */
        test_yield();
    assert_int_equal(broadcast(&visits, runtime), 2);
    test_runtime_end(runtime);
}

/* A guest that leaves while a broadcast waits for it. */
struct leaver {
    struct visits visits;
    _Atomic int guest;
    atomic_bool ended;
};

static void leave_when_told(void *arg)
{
    struct leaver *leaver = arg;
    atomic_store(&leaver->guest, rove_worker_id());
    while (!worker_has_broadcasts(worker_self()))
        test_yield();
    TEST_CHECK(atomic_load(&leaver->visits.at[rove_worker_id()]) == 0, "in the middle of its work");
}

static void run_leaver(void *arg)
{
    struct leaver *leaver = arg;
    TEST_CHECK(rove_run(leaver->visits.runtime, leave_when_told, leaver) == ROVE_OK, "run");
    atomic_store(&leaver->ended, true);
}

static void *leaver_main(void *arg)
{
    run_leaver(arg);
    return NULL;
}

static void test_a_guest_runs_it_before_it_leaves(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 0);
    for (int i = 0; i < 20; i++) {
        struct leaver leaver = {.visits = {.runtime = runtime}, .guest = -1};
        int reached;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, leaver_main, &leaver), 0);
        while (atomic_load(&leaver.guest) < 0)
            test_yield();
        assert_int_equal(rove_broadcast(runtime, visit, &leaver.visits, &reached), ROVE_OK);
        assert_int_equal(atomic_load(&leaver.visits.at[leaver.guest]), 1);
        visits_check(&leaver.visits, reached);
        pthread_join(thread, NULL);
    }
    test_runtime_end(runtime);
}

static void broadcast_back(void *arg)
{
    rove_runtime **runtimes = arg;
    struct visits visits;
    TEST_CHECK(broadcast(&visits, runtimes[0]) >= 1, "to the runtime beneath");
    TEST_CHECK(rove_current_runtime() == runtimes[1], "the other runtime again");
}

static void broadcast_across(void *arg)
{
    rove_runtime **runtimes = arg;
    int self = rove_worker_id();
    struct visits visits;
    broadcast(&visits, runtimes[1]);
    TEST_CHECK(rove_worker_id() == self, "another worker");
    TEST_CHECK(rove_run(runtimes[1], broadcast_back, runtimes) == ROVE_OK, "to the other");
}

static void test_it_crosses_runtimes(void **state)
{
    (void)state;
    rove_runtime *runtimes[] = {runtime_make(1, 0), runtime_make(1, 0)};
    for (int i = 0; i < 50; i++)
        assert_int_equal(rove_run(runtimes[0], broadcast_across, runtimes), ROVE_OK);
    test_runtime_end(runtimes[0]);
    test_runtime_end(runtimes[1]);
}

static void test_misuse_is_refused(void **state)
{
    (void)state;
    struct visits visits = {0};
    int reached = 7;
    rove_runtime *runtime = runtime_make(2, 0);
    assert_int_equal(rove_broadcast(runtime, NULL, &visits, &reached), ROVE_INVALID);
    assert_int_equal(reached, 0);
    assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
    reached = 7;
    assert_int_equal(rove_broadcast(runtime, visit, &visits, &reached), ROVE_CLOSED);
    assert_int_equal(reached, 0);
    visits_check(&visits, 0);
    test_runtime_end(runtime);
}

static void test_without_memory_it_runs_nowhere(void **state)
{
    (void)state;
    struct test_heap heap = {0};
    rove_config config;
    rove_config_default(&config);
    config.workers = 3;
    config.oversubscribe = true;
    config.allocator = test_heap_allocator(&heap);
    rove_runtime *runtime = test_runtime_with(&config);
    struct visits visits = {.runtime = runtime};
    int reached = 7;
    test_heap_refuse(&heap, 0, 1000);
    assert_int_equal(rove_broadcast(runtime, visit, &visits, &reached), ROVE_NO_MEMORY);
    assert_int_equal(reached, 0);
    visits_check(&visits, 0);
    test_heap_refuse(&heap, 0, 0);
    assert_int_equal(broadcast(&visits, runtime), 3);
    test_runtime_end(runtime);
    test_heap_check(&heap, "broadcast", 0);
}

static void test_a_child_of_fork_is_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 0);
    struct visits visits = {.runtime = runtime};
    pid_t child = fork();
    if (child == 0) {
        int reached = 7;
        rove_status status = rove_broadcast(runtime, visit, &visits, &reached);
        _exit(status == ROVE_FORKED && reached == 0 ? 0 : 1);
    }
    int end;
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_int_equal(end, 0);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_runs_once_on_each_worker),
        cmocka_unit_test(test_it_reaches_workers_that_sleep),
        cmocka_unit_test(test_it_runs_in_the_default_runtime),
        cmocka_unit_test(test_it_reaches_a_worker_that_waits),
        cmocka_unit_test(test_it_reaches_a_worker_that_waits_in_isolation),
        cmocka_unit_test(test_a_guest_is_one_of_them),
        cmocka_unit_test(test_broadcasts_of_all_workers_overlap),
        cmocka_unit_test(test_the_caller_does_other_work_while_it_waits),
        cmocka_unit_test(test_a_worker_on_the_bench_is_not_reached),
        cmocka_unit_test(test_a_worker_that_blocks_is_not_reached),
        cmocka_unit_test(test_a_guest_runs_it_before_it_leaves),
        cmocka_unit_test(test_it_crosses_runtimes),
        cmocka_unit_test(test_misuse_is_refused),
        cmocka_unit_test(test_without_memory_it_runs_nowhere),
        cmocka_unit_test(test_a_child_of_fork_is_refused),
    };
    test_watchdog(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
