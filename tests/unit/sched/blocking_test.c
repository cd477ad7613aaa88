/*
 * Blocking regions: who blocks lends its place to a spare thread. Nothing here depends on how long something takes:
 * tasks block until another task, which could not run without a spare, lets them go.
 */
#define _GNU_SOURCE
#include "unit/sched/door.h"

#include <support/idle.h>

enum { WATCH_SECONDS = 50, MANY = 64 };

static void test_spares_work_while_all_workers_block(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers++) {
        rove_runtime *runtime = runtime_make(workers, 16);
        for (int i = 0; i < 20; i++)
            block_and_release(runtime, workers, 1);
        rove_stats stats = stats_of(runtime);
        assert_int_equal(stats.blocks, 20 * workers);
        assert_int_equal(stats.blocks_bare, 0);
        test_runtime_end(runtime);
    }
}

/* As many as there are spares; the last one still leaves one thread that works. */
static void test_more_tasks_block_than_there_are_workers(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 16);
    for (int i = 0; i < 10; i++)
        block_and_release(runtime, 16, 1);
    rove_stats stats = stats_of(runtime);
    assert_int_equal(stats.blocks, 160);
    assert_int_equal(stats.blocks_bare, 0);
    storm_in(runtime, 5000, 1, STORM_ALL);
    test_runtime_end(runtime);
}

static void test_only_the_outermost_region_counts(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 2);
    for (int depth = 1; depth <= 6; depth++)
        block_and_release(runtime, 1, depth);
    assert_int_equal(stats_of(runtime).blocks, 6);
    test_runtime_end(runtime);
}

static void test_a_region_without_a_spare_only_blocks(void **state)
{
    (void)state;
    for (int spares = 0; spares <= 2; spares++) {
        rove_runtime *runtime = runtime_make(1, spares);
        rove_group group = {.runtime = runtime};
        setup(state);
        spawn(&group, wait_in_region, NULL, spares + 1);
        wait_until(&door.waiting, spares + 1);
        spawn(&group, count_other, NULL, 1);
        rove_stats stats = stats_of(runtime);
        assert_int_equal(stats.blocks, spares + 1);
        assert_int_equal(stats.blocks_bare, 1);
        assert_int_equal(atomic_load(&door.others), 0); /* nobody is left for it */
        door_open(spares + 1);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        assert_int_equal(atomic_load(&door.others), 1);
        test_runtime_end(runtime);
    }
}

static void test_no_more_threads_are_started_than_were_allowed(void **state)
{
    (void)state;
    int threads = test_thread_count(), all = MANY;
    rove_runtime *runtime = runtime_make(2, 3);
    for (int i = 0; i < 5; i++) {
        rove_group group = {.runtime = runtime};
        setup(state);
        spawn(&group, wait_in_region, NULL, all);
        wait_until(&door.waiting, 5); /* two workers and three spares are blocked: nobody is left */
        assert_true(test_thread_count() <= threads + 5);
        door_open(all);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        assert_int_equal(atomic_load(&door.passed), all);
        assert_true(test_thread_count() <= threads + 5);
    }
    rove_stats stats = stats_of(runtime);
    assert_int_equal(stats.blocks, 5 * all);
    assert_true(stats.blocks_bare >= 5);
    test_runtime_end(runtime);
    test_wait_for_threads(threads);
}

/* A place for each worker: whoever is between begin and end of a task has it alone, blocked or not. */
static atomic_int present[ROVE_WORKERS_MAX * 2];

static int claim_and_block(void *arg)
{
    int limit = *(int *)arg, worker = rove_worker_id();
    TEST_CHECK(worker >= 0 && worker < limit, "worker %d of %d", worker, limit);
    TEST_CHECK(atomic_fetch_add(&present[worker], 1) == 0, "two threads are worker %d", worker);
    rove_blocking_begin();
    test_yield();
    rove_blocking_begin();
    TEST_CHECK(rove_worker_id() == worker, "worker %d becomes %d", worker, rove_worker_id());
    rove_blocking_end();
    rove_blocking_end();
    TEST_CHECK(rove_worker_id() == worker, "worker %d becomes %d", worker, rove_worker_id());
    TEST_CHECK(atomic_fetch_sub(&present[worker], 1) == 1, "two threads are worker %d", worker);
    return 0;
}

static void claim_many(void *arg)
{
    rove_runtime *runtime = arg;
    int limit = rove_worker_limit(runtime);
    for (int i = 0; i < 5; i++) {
        rove_group group = {.runtime = runtime};
        spawn(&group, claim_and_block, &limit, 100);
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    }
}

static void test_no_two_threads_are_the_same_worker(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(3, 8);
    int limit = rove_worker_limit(runtime);
    test_on_threads(5, claim_many, runtime, 0);
    assert_int_equal(rove_worker_limit(runtime), limit);
    test_runtime_end(runtime);
}

static void use_wrongly(void *arg)
{
    rove_blocking_end();
    rove_blocking_end();
    if (arg)
        wait_in_region(NULL);
}

static int use_wrongly_task(void *arg)
{
    use_wrongly(arg);
    return 0;
}

static void test_an_end_without_a_begin_is_harmless(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 4);
    int one = 1;
    rove_blocking_end();
    rove_group group = {.runtime = runtime};
    spawn(&group, use_wrongly_task, &one, 1);
    wait_until(&door.waiting, 1);
    spawn(&group, open_for, &one, 1);
    wait_until(&door.passed, 1);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(stats_of(runtime).blocks, 1);
    test_runtime_end(runtime);
}

static void test_a_thread_that_is_no_worker_may_have_regions(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 4);
    int threads = test_thread_count();
    rove_blocking_begin();
    rove_blocking_begin();
    storm_in(runtime, 2000, 1, STORM_ALL); /* inside of which this thread is a worker, and blocks in vain */
    rove_blocking_end();
    rove_blocking_end();
    assert_int_equal(stats_of(runtime).blocks, 0);
    assert_int_equal(test_thread_count(), threads);
    test_runtime_end(runtime);
}

/* A guest in the only place: its tasks of before the region are done by the spare. */
static void guest_blocks(void *arg)
{
    int one = 1;
    rove_group group = {0};
    (void)arg;
    spawn(&group, open_for, &one, 1);
    wait_in_region(NULL);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    spawn(&group, count_other, NULL, 100);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait after a region");
}

static void test_a_guest_lends_its_place(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 2; workers++) {
        rove_runtime *runtime = runtime_make(workers, 2);
        setup(state);
        for (int i = 0; i < 20; i++)
            assert_int_equal(rove_run(runtime, guest_blocks, NULL), ROVE_OK);
        assert_int_equal(atomic_load(&door.others), 2000);
        assert_int_equal(stats_of(runtime).blocks, 20);
        test_runtime_end(runtime);
    }
}

static void block_in_run(void *arg)
{
    (void)arg;
    wait_in_region(NULL);
}

static void run_and_block(void *arg)
{
    TEST_CHECK(rove_run(arg, block_in_run, NULL) == ROVE_OK, "run");
}

static void play_guest(void *arg)
{
    void **pair = arg;
    if (pair[1]) { /* who opens the door comes in last */
        int count = *(int *)pair[1];
        rove_group group = {.runtime = pair[0]};
        wait_until(&door.waiting, count);
        spawn(&group, open_for, &count, 1);
        wait_until(&door.passed, count);
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        return;
    }
    run_and_block(pair[0]);
}

/* More guests than places, all of which block. */
static void test_many_guests_block(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 8);
    int guests = 6;
    for (int i = 0; i < 10; i++) {
        void *pairs[7][2] = {{runtime, &guests}, {runtime, NULL}, {runtime, NULL}, {runtime, NULL},
                             {runtime, NULL},    {runtime, NULL}, {runtime, NULL}};
        setup(state);
        test_on_threads(guests + 1, play_guest, pairs, sizeof pairs[0]);
    }
    test_runtime_end(runtime);
}

/* A forked task opens the door that its parent waits at, before it joins. */
struct part {
    rove_task task;
    int count;
};

static void part_task(rove_task *task)
{
    door_open(((struct part *)task)->count);
}

static void fork_and_block(void *arg)
{
    struct part part = {.count = 1};
    (void)arg;
    rove_fork(&part.task, part_task);
    wait_in_region(NULL);
    TEST_CHECK(rove_join(&part.task, part_task) == ROVE_OK, "join");
    rove_fork(&part.task, part_task);
    TEST_CHECK(rove_join(&part.task, part_task) == ROVE_OK, "join after a region");
    door_wait(); /* what the second one has opened */
}

static void test_forked_tasks_are_taken_while_their_parent_blocks(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 2);
    for (int i = 0; i < 30; i++)
        assert_int_equal(rove_run(runtime, fork_and_block, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void block_in_loop(int64_t begin, int64_t end, void *arg)
{
    for (int64_t i = begin; i < end; i++) {
        if (i % 16 == 0)
            rove_blocking_begin();
        if (i % 32 == 0)
            test_yield();
        if (i % 16 == 0)
            rove_blocking_end();
        test_once_mark(arg, i);
    }
}

static void loop_in_run(void *arg)
{
    struct test_once *once = arg;
    TEST_CHECK(rove_for(0, once->count, block_in_loop, once) == ROVE_OK, "loop");
}

static void test_loops_block_here_and_there(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(3, 4);
    for (int i = 0; i < 10; i++) {
        struct test_once once;
        test_once_init(&once, test_scaled(20000, 1000));
        assert_int_equal(rove_run(runtime, loop_in_run, &once), ROVE_OK);
        test_once_check(&once);
        test_once_fini(&once);
    }
    test_runtime_end(runtime);
}

/* A worker of one runtime that works for another: the region is one of that. */
static void cross(void *arg)
{
    rove_runtime *other = arg;
    TEST_CHECK(rove_run(other, guest_blocks, NULL) == ROVE_OK, "run in another runtime");
    guest_blocks(NULL);
}

static void test_regions_in_two_runtimes(void **state)
{
    (void)state;
    rove_runtime *here = runtime_make(1, 2), *there = runtime_make(1, 2);
    for (int i = 0; i < 10; i++)
        assert_int_equal(rove_run(here, cross, there), ROVE_OK);
    assert_int_equal(stats_of(here).blocks, 10);
    assert_int_equal(stats_of(there).blocks, 10);
    test_runtime_end(there);
    test_watch_runtime(here);
    test_runtime_end(here);
}

/* The automatic mode counts nobody as busy who is blocked; work goes on whatever it decides. */
static void test_regions_in_automatic_mode(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 16);
    assert_int_equal(rove_auto_workers(runtime, 1, 4), ROVE_OK);
    for (int i = 0; i < 30; i++) {
        setup(state);
        block_and_release(runtime, 4, 1);
        storm_in(runtime, 2000, (uint64_t)i, STORM_ALL);
    }
    test_runtime_end(runtime);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

/* A worker that stands at the door, in a region, is none: a broadcast goes to the spare alone, which then opens. It
 * would wait for one that has come back before the end of its region, and whose spare is on the bench. */
static void expect_region(rove_runtime *runtime)
{
    int one = 1, reached;
    rove_group group = {.runtime = runtime};
    wait_until(&door.waiting, 1);
    assert_int_equal(rove_broadcast(runtime, do_nothing, NULL, &reached), ROVE_OK);
    assert_int_equal(reached, 1);
    spawn(&group, open_for, &one, 1);
    wait_until(&door.passed, 1);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
}

static int run_there_in_region(void *there)
{
    rove_blocking_begin();
    TEST_CHECK(rove_run(there, do_nothing, NULL) == ROVE_OK, "run in another runtime");
    door_wait();
    rove_blocking_end();
    return 0;
}

static void test_a_region_goes_on_after_a_run_in_another_runtime(void **state)
{
    rove_runtime *there = runtime_make(1, 0), *here = runtime_make(1, 1);
    for (int i = 0; i < 20; i++) {
        rove_group group = {.runtime = here};
        setup(state);
        spawn(&group, run_there_in_region, there, 1);
        expect_region(here);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
    }
    assert_int_equal(stats_of(here).blocks, 20);
    test_runtime_end(here);
    test_watch_runtime(there);
    test_runtime_end(there);
}

static _Atomic(struct rovei_worker *) waiter;

static int wait_for_future_in_region(void *future)
{
    rove_blocking_begin();
    atomic_store(&waiter, worker_self());
    TEST_CHECK(rove_future_wait(future, NULL) == ROVE_OK, "wait");
    door_wait();
    rove_blocking_end();
    return 0;
}

/* Returns when a task of `group` has gone to sleep in a wait for `promise`, in a region. */
static void begin_wait_in_region(rove_group *group, rove_future *promise)
{
    struct rovei_worker *worker;
    atomic_store(&waiter, NULL);
    assert_int_equal(rove_future_promise(promise), ROVE_OK);
    spawn(group, wait_for_future_in_region, promise, 1);
    while (!(worker = atomic_load(&waiter)) || !idle_is_waiting(worker))
        test_yield();
}

/* The wait is one that sleeps, and so changes what the worker's state says. */
static void test_a_region_goes_on_after_a_wait(void **state)
{
    rove_runtime *runtime = runtime_make(1, 1);
    for (int i = 0; i < 20; i++) {
        rove_group group = {.runtime = runtime};
        rove_future promise = {.group.runtime = runtime};
        setup(state);
        begin_wait_in_region(&group, &promise);
        assert_int_equal(rove_future_set(&promise, NULL), ROVE_OK);
        expect_region(runtime);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        assert_int_equal(rove_future_wait(&promise, NULL), ROVE_OK);
    }
    assert_int_equal(stats_of(runtime).blocks, 20);
    test_runtime_end(runtime);
}

/* What runs on top of a wait in a region, and blocks in its turn, has a region of its own. */
static void test_a_region_on_top_of_a_wait_in_a_region(void **state)
{
    rove_runtime *runtime = runtime_make(1, 1);
    for (int i = 0; i < 20; i++) {
        rove_group group = {.runtime = runtime}, on_top = group;
        rove_future promise = {.group.runtime = runtime};
        setup(state);
        begin_wait_in_region(&group, &promise);
        spawn(&on_top, wait_in_region, NULL, 1);
        expect_region(runtime);
        assert_int_equal(rove_group_wait(&on_top), ROVE_OK);
        setup(state);
        assert_int_equal(rove_future_set(&promise, NULL), ROVE_OK);
        expect_region(runtime);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        assert_int_equal(rove_future_wait(&promise, NULL), ROVE_OK);
    }
    assert_int_equal(stats_of(runtime).blocks, 40);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_spares_work_while_all_workers_block, setup),
        cmocka_unit_test_setup(test_more_tasks_block_than_there_are_workers, setup),
        cmocka_unit_test_setup(test_only_the_outermost_region_counts, setup),
        cmocka_unit_test_setup(test_a_region_without_a_spare_only_blocks, setup),
        cmocka_unit_test_setup(test_no_more_threads_are_started_than_were_allowed, setup),
        cmocka_unit_test_setup(test_no_two_threads_are_the_same_worker, setup),
        cmocka_unit_test_setup(test_an_end_without_a_begin_is_harmless, setup),
        cmocka_unit_test_setup(test_a_thread_that_is_no_worker_may_have_regions, setup),
        cmocka_unit_test_setup(test_a_guest_lends_its_place, setup),
        cmocka_unit_test_setup(test_many_guests_block, setup),
        cmocka_unit_test_setup(test_forked_tasks_are_taken_while_their_parent_blocks, setup),
        cmocka_unit_test_setup(test_loops_block_here_and_there, setup),
        cmocka_unit_test_setup(test_regions_in_two_runtimes, setup),
        cmocka_unit_test_setup(test_regions_in_automatic_mode, setup),
        cmocka_unit_test_setup(test_a_region_goes_on_after_a_run_in_another_runtime, setup),
        cmocka_unit_test_setup(test_a_region_goes_on_after_a_wait, setup),
        cmocka_unit_test_setup(test_a_region_on_top_of_a_wait_in_a_region, setup),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
