/*
 * Groups: spawn, wait, nesting, and groups in every kind of place.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, TASKS = 1000 };

static atomic_int count;

static int count_one(void *arg)
{
    (void)arg;
    atomic_fetch_add(&count, 1);
    return 0;
}

/* Spawns TASKS tasks that count, and waits. */
static void spawn_and_wait(rove_group *group)
{
    atomic_store(&count, 0);
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(group, count_one, NULL) == ROVE_OK, "spawn %d", i);
    rove_status status = rove_group_wait(group);
    TEST_CHECK(status == ROVE_OK, "wait: %s", rove_status_text(status));
    TEST_CHECK(atomic_load(&count) == TASKS, "%d tasks after the wait", atomic_load(&count));
    TEST_CHECK(rove_group_error(group) == 0 && rove_group_failures(group) == 0, "an error out of nowhere");
}

static void spawn_on_stack(void *arg)
{
    (void)arg;
    rove_group group = {0};
    spawn_and_wait(&group);
    spawn_and_wait(&group); /* it may be used again */
}

static void spawn_into(void *arg)
{
    spawn_and_wait(arg);
}

static void test_wait_returns_after_every_task_of_a_group_on_the_stack(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, spawn_on_stack, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static rove_group static_group;

static void test_a_group_may_be_static_or_on_the_heap(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_group *heap = calloc(1, sizeof *heap);
    assert_non_null(heap);
    assert_int_equal(rove_run(runtime, spawn_into, &static_group), ROVE_OK);
    assert_int_equal(rove_run(runtime, spawn_into, heap), ROVE_OK);
    free(heap);
    test_runtime_end(runtime);
}

static void test_a_thread_that_is_no_worker_may_spawn_and_wait(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        rove_group group = {.runtime = runtime};
        for (int i = 0; i < 20; i++)
            spawn_and_wait(&group);
        test_runtime_end(runtime);
    }
    rove_group group = {0};
    spawn_and_wait(&group);
}

static void test_an_empty_group_is_waited_for_at_once(void **state)
{
    (void)state;
    rove_group group = {0};
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_int_equal(rove_group_error(&group), 0);
    assert_int_equal(rove_group_failures(&group), 0);
}

/* The runtime that a task sees. */
static int tell_runtime(void *arg)
{
    *(rove_runtime **)arg = rove_current_runtime();
    return 0;
}

static void spawn_elsewhere(void *arg)
{
    rove_runtime *other = arg, *seen[2] = {NULL, NULL};
    rove_group group = {.runtime = other}, own = {0};
    TEST_CHECK(rove_group_spawn(&group, tell_runtime, &seen[0]) == ROVE_OK, "spawn into another runtime");
    TEST_CHECK(rove_group_spawn(&own, tell_runtime, &seen[1]) == ROVE_OK, "spawn into the own runtime");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait for another runtime");
    TEST_CHECK(rove_group_wait(&own) == ROVE_OK, "wait for the own runtime");
    TEST_CHECK(seen[0] == other && seen[1] == rove_current_runtime(), "a task ran in the wrong runtime");
}

static void test_the_runtime_of_a_group_says_where_its_tasks_run(void **state)
{
    (void)state;
    rove_runtime *here = test_runtime(2), *there = test_runtime(2);
    for (int i = 0; i < 50; i++)
        assert_int_equal(rove_run(here, spawn_elsewhere, there), ROVE_OK);
    test_runtime_end(there);
    test_runtime_end(here);
}

static int set_flag(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

/* Arguments with a gap between them. */
struct padded {
    atomic_int runs;
    char gap[20];
};

static void spawn_many(void *arg)
{
    (void)arg;
    static struct padded args[TASKS];
    rove_group group = {0};
    size_t spawned = 99;
    for (int i = 0; i < TASKS; i++)
        atomic_store(&args[i].runs, 0);
    TEST_CHECK(rove_group_spawn_many(&group, set_flag, args, sizeof args[0], TASKS, &spawned) == ROVE_OK, "many");
    TEST_CHECK(spawned == TASKS, "%zu spawned", spawned);
    TEST_CHECK(rove_group_spawn_many(&group, set_flag, args, sizeof args[0], 0, &spawned) == ROVE_OK, "none");
    TEST_CHECK(spawned == 0, "%zu of none spawned", spawned);
    TEST_CHECK(rove_group_spawn_many(&group, set_flag, args, sizeof args[0], 3, NULL) == ROVE_OK, "without a count");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(atomic_load(&args[i].runs) == (i < 3 ? 2 : 1), "task %d ran %d times", i,
                   atomic_load(&args[i].runs));
    /* A stride of zero gives every task the same argument. */
    TEST_CHECK(rove_group_spawn_many(&group, set_flag, &args[9], 0, 100, NULL) == ROVE_OK, "same argument");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK && atomic_load(&args[9].runs) == 101, "%d runs",
               atomic_load(&args[9].runs));
}

static void test_spawn_many_spawns_one_task_for_each_argument(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, spawn_many, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    spawn_many(NULL);
}

/* A tree of tasks that all spawn into the same group. */
struct family {
    rove_group *group;
    int depth;
};

static struct family families[16];

static int spawn_children(void *arg)
{
    struct family *family = arg;
    atomic_fetch_add(&count, 1);
    for (int i = 0; i < 2 && family->depth < 12; i++)
        TEST_CHECK(rove_group_spawn(family->group, spawn_children, family + 1) == ROVE_OK, "spawn a child");
    return 0;
}

static void grow_family(rove_group *group)
{
    for (int i = 0; i < 16; i++)
        families[i] = (struct family){group, i};
    atomic_store(&count, 0);
    TEST_CHECK(rove_group_spawn(group, spawn_children, families) == ROVE_OK, "spawn the root");
    TEST_CHECK(rove_group_wait(group) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&count) == (1 << 13) - 1, "%d tasks", atomic_load(&count));
}

static void grow_family_on_stack(void *arg)
{
    (void)arg;
    rove_group group = {0};
    grow_family(&group);
}

static void test_a_task_may_spawn_into_its_own_group(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 10; i++) {
            assert_int_equal(rove_run(runtime, grow_family_on_stack, NULL), ROVE_OK);
            rove_group group = {.runtime = runtime};
            grow_family(&group);
        }
        test_runtime_end(runtime);
    }
}

/* Groups within the tasks of groups. */
static int nest(void *arg)
{
    int depth = *(int *)arg, below = depth - 1, error = 0;
    rove_group group = {0};
    atomic_fetch_add(&count, 1);
    for (int i = 0; i < 4 && depth > 0; i++)
        TEST_CHECK(rove_group_spawn(&group, nest, &below) == ROVE_OK, "spawn at depth %d", depth);
    if (rove_group_wait(&group) == ROVE_FAILED)
        error = rove_group_error(&group);
    return depth == 0 ? 3 : error;
}

static void nest_run(void *arg)
{
    int depth = 6;
    (void)arg;
    atomic_store(&count, 0);
    TEST_CHECK(nest(&depth) == 3, "the error of the leaves did not come up");
    TEST_CHECK(atomic_load(&count) == 5461, "%d tasks", atomic_load(&count));
}

static void test_groups_nest_and_errors_come_up(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 5; i++)
            assert_int_equal(rove_run(runtime, nest_run, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    nest_run(NULL);
}

/* Several threads that spawn into one group each, or into a common one. */
struct spawner {
    rove_group *group;
    struct test_once *once;
    int64_t first;
};

static struct test_once *spawner_once;

static int mark_once(void *arg)
{
    test_once_mark(spawner_once, (int64_t)(intptr_t)arg);
    return 0;
}

static void spawner_run(void *arg)
{
    struct spawner *spawner = arg;
    for (int64_t i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(spawner->group, mark_once, (void *)(intptr_t)(spawner->first + i)) == ROVE_OK,
                   "spawn from outside");
}

static void test_threads_may_spawn_into_a_common_group(void **state)
{
    (void)state;
    enum { SPAWNERS = 8 };
    rove_runtime *runtime = test_runtime(2);
    rove_group group = {.runtime = runtime};
    struct test_once once;
    struct spawner spawners[SPAWNERS];
    test_once_init(&once, SPAWNERS * TASKS);
    spawner_once = &once;
    for (int i = 0; i < SPAWNERS; i++)
        spawners[i] = (struct spawner){&group, &once, i * TASKS};
    test_on_threads(SPAWNERS, spawner_run, spawners, sizeof spawners[0]);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    test_once_check(&once);
    test_once_fini(&once);
    test_runtime_end(runtime);
}

static void wait_for_group(void *arg)
{
    rove_status status = rove_group_wait(*(rove_group **)arg);
    TEST_CHECK(status == ROVE_OK, "wait: %s", rove_status_text(status));
    TEST_CHECK(atomic_load(&count) == TASKS, "returned after %d tasks", atomic_load(&count));
}

static void test_several_threads_may_wait_for_one_group(void **state)
{
    (void)state;
    enum { WAITERS = 8 };
    rove_runtime *runtime = test_runtime(2);
    for (int round = 0; round < 50; round++) {
        rove_group group = {.runtime = runtime};
        rove_group *waiters[WAITERS];
        atomic_store(&count, 0);
        for (int i = 0; i < WAITERS; i++)
            waiters[i] = &group;
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(rove_group_spawn(&group, count_one, NULL), ROVE_OK);
        test_on_threads(WAITERS, wait_for_group, waiters, sizeof waiters[0]);
    }
    test_runtime_end(runtime);
}

/* One worker spawns into a group on its stack; another runs the tasks, which hand the group to further tasks. */
static int spawn_from_elsewhere(void *arg)
{
    rove_group *group = arg;
    for (int i = 0; i < 10; i++)
        TEST_CHECK(rove_group_spawn(group, count_one, NULL) == ROVE_OK, "spawn from a stolen task");
    return 0;
}

static void scatter(void *arg)
{
    (void)arg;
    rove_group group = {0};
    atomic_store(&count, 0);
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(&group, spawn_from_elsewhere, &group) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&count) == 10 * TASKS, "%d tasks", atomic_load(&count));
}

static void test_stolen_tasks_may_spawn_into_a_group_on_a_stack(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    for (int i = 0; i < 50; i++)
        assert_int_equal(rove_run(runtime, scatter, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* Forks and spawns in one frame, in every order that is legal. */
struct leaf {
    rove_task task;
    int runs;
};

static void leaf_task(rove_task *task)
{
    ((struct leaf *)task)->runs++;
}

static void spawn_through_callee(rove_group *group)
{
    for (int i = 0; i < 5; i++)
        TEST_CHECK(rove_group_spawn(group, count_one, NULL) == ROVE_OK, "spawn below a fork");
}

static void mix(void *arg)
{
    (void)arg;
    rove_group outer = {0};
    atomic_store(&count, 0);
    for (int i = 0; i < 200; i++) {
        struct leaf first = {.runs = 0}, second = {.runs = 0};
        rove_group inner = {0};
        rove_fork(&first.task, leaf_task);
        spawn_through_callee(&outer); /* these lie above the fork in the deque, and stay */
        rove_fork(&second.task, leaf_task);
        spawn_through_callee(&inner);
        TEST_CHECK(rove_group_wait(&inner) == ROVE_OK, "wait above two forks");
        spawn_through_callee(&outer);
        TEST_CHECK(rove_join(&second.task, leaf_task) == ROVE_OK && second.runs == 1, "second: %d", second.runs);
        TEST_CHECK(rove_join(&first.task, leaf_task) == ROVE_OK && first.runs == 1, "first: %d", first.runs);
    }
    TEST_CHECK(rove_group_wait(&outer) == ROVE_OK, "wait for the outer group");
    TEST_CHECK(atomic_load(&count) == 200 * 15, "%d tasks", atomic_load(&count));
}

static void test_forks_and_groups_mix_in_one_frame(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 20; i++)
            assert_int_equal(rove_run(runtime, mix, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_returns_after_every_task_of_a_group_on_the_stack),
        cmocka_unit_test(test_a_group_may_be_static_or_on_the_heap),
        cmocka_unit_test(test_a_thread_that_is_no_worker_may_spawn_and_wait),
        cmocka_unit_test(test_an_empty_group_is_waited_for_at_once),
        cmocka_unit_test(test_the_runtime_of_a_group_says_where_its_tasks_run),
        cmocka_unit_test(test_spawn_many_spawns_one_task_for_each_argument),
        cmocka_unit_test(test_a_task_may_spawn_into_its_own_group),
        cmocka_unit_test(test_groups_nest_and_errors_come_up),
        cmocka_unit_test(test_threads_may_spawn_into_a_common_group),
        cmocka_unit_test(test_several_threads_may_wait_for_one_group),
        cmocka_unit_test(test_stolen_tasks_may_spawn_into_a_group_on_a_stack),
        cmocka_unit_test(test_forks_and_groups_mix_in_one_frame),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
