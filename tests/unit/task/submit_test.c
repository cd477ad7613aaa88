/*
 * Spawning from threads that are no workers: tasks are queued in packs, and are nevertheless single tasks in every
 * respect.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <support/slots.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, THREADS = 4, GROUPS = 3, TASKS = 3000 };

/* As many tasks as a deque has room for whose array is that large. */
enum { FULL_BYTES = 8 * TEST_SLOTS_AT_FIRST, FULL = FULL_BYTES / sizeof(rove_slot) - 1 };

static struct test_once once;

static int mark(void *arg)
{
    test_once_mark(&once, (int64_t)(intptr_t)arg);
    return 0;
}

static rove_group groups[GROUPS];

/* Spawns TASKS tasks from the number in `arg` on, into the groups in turn, a few at a time. */
static void spawn_in_turn(void *arg)
{
    int64_t first = *(int64_t *)arg;
    for (int64_t i = 0; i < TASKS; i++) {
        rove_group *group = &groups[(first / TASKS + i / 5) % GROUPS];
        TEST_CHECK(rove_group_spawn(group, mark, (void *)(intptr_t)(first + i)) == ROVE_OK, "spawn from outside");
    }
}

static void test_each_task_runs_once_in_whatever_order_groups_take_turns(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    int64_t firsts[THREADS];
    test_once_init(&once, THREADS * TASKS);
    for (int i = 0; i < GROUPS; i++)
        groups[i] = (rove_group){.runtime = runtime};
    for (int i = 0; i < THREADS; i++)
        firsts[i] = (int64_t)i * TASKS;
    test_on_threads(THREADS, spawn_in_turn, firsts, sizeof firsts[0]);
    for (int i = 0; i < GROUPS; i++)
        assert_int_equal(rove_group_wait(&groups[i]), ROVE_OK);
    test_once_check(&once);
    test_once_fini(&once);
    rove_stats stats;
    assert_int_equal(rove_runtime_stats(runtime, &stats), ROVE_OK);
    assert_int_equal(stats.injected, THREADS * TASKS);
    assert_int_equal(stats.executed, THREADS * TASKS);
    test_runtime_end(runtime);
}

enum { WORKERS = 4 };

static atomic_int running;

/* Ends when all WORKERS tasks of its kind run at the same time. */
static int meet(void *arg)
{
    (void)arg;
    atomic_fetch_add(&running, 1);
    while (atomic_load(&running) < WORKERS)
        test_yield();
    return 0;
}

static void test_tasks_that_are_queued_together_run_side_by_side(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(WORKERS);
    for (int round = 0; round < 100; round++) {
        rove_group group = {.runtime = runtime};
        size_t spawned;
        atomic_store(&running, 0);
        assert_int_equal(rove_group_spawn_many(&group, meet, NULL, 0, WORKERS, &spawned), ROVE_OK);
        assert_int_equal(spawned, WORKERS);
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
    }
    test_runtime_end(runtime);
}

static atomic_bool is_held, is_open;

/* Holds a worker until it is let go. */
static int hold(void *arg)
{
    (void)arg;
    atomic_store(&is_held, true);
    while (!atomic_load(&is_open))
        test_yield();
    return 0;
}

static void hold_worker(rove_group *group)
{
    atomic_store(&is_held, false);
    atomic_store(&is_open, false);
    assert_int_equal(rove_group_spawn(group, hold, NULL), ROVE_OK);
    while (!atomic_load(&is_held))
        test_yield();
}

static atomic_int discards, runs;

static void discard(void *arg)
{
    (void)arg;
    atomic_fetch_add(&discards, 1);
}

static int run_and_fail(void *arg)
{
    (void)arg;
    return atomic_fetch_add(&runs, 1) == 9 ? 7 : 0;
}

static void test_an_error_discards_each_of_the_tasks_that_are_left(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_group held = {.runtime = runtime};
    rove_group group = {.runtime = runtime, .policy = ROVE_FAIL_FAST, .on_discard = discard};
    atomic_store(&discards, 0);
    atomic_store(&runs, 0);
    hold_worker(&held);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rove_group_spawn(&group, run_and_fail, NULL), ROVE_OK);
    /* The worker is held meanwhile: this thread runs them all, and none beside the one that fails. */
    assert_int_equal(rove_group_wait(&group), ROVE_FAILED);
    atomic_store(&is_open, true);
    assert_int_equal(rove_group_error(&group), 7);
    assert_int_equal(atomic_load(&runs), 10);
    assert_int_equal(atomic_load(&discards), 90);
    assert_int_equal(rove_group_discards(&group), 90);
    assert_int_equal(rove_group_wait(&held), ROVE_OK);
    test_runtime_end(runtime);
}

static int count_arg(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void test_groups_whose_tasks_are_queued_in_turn_end_each_for_itself(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_group held = {.runtime = runtime}, first = {.runtime = runtime}, second = {.runtime = runtime};
    atomic_int of_first = 0, of_second = 0;
    hold_worker(&held);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(rove_group_spawn(&first, count_arg, &of_first), ROVE_OK);
        if (i == 50)
            assert_int_equal(rove_group_spawn(&second, count_arg, &of_second), ROVE_OK);
    }
    assert_int_equal(rove_group_wait_until(&second, 1), ROVE_PENDING);
    assert_int_equal(rove_group_wait_until(&first, 1), ROVE_PENDING);
    atomic_store(&is_open, true);
    assert_int_equal(rove_group_wait(&second), ROVE_OK);
    assert_int_equal(atomic_load(&of_second), 1);
    assert_int_equal(rove_group_wait(&first), ROVE_OK);
    assert_int_equal(atomic_load(&of_first), 100);
    assert_int_equal(rove_group_wait(&held), ROVE_OK);
    test_runtime_end(runtime);
}

static rove_group outside;
static atomic_bool is_full, is_enough;

static int count_run(void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, 1);
    return 0;
}

/* Spawns itself again as long as there are tasks from outside, so that the deque stays full. */
static int go_on(void *arg)
{
    if (!atomic_load(&is_enough))
        TEST_CHECK(rove_group_spawn(arg, go_on, arg) == ROVE_OK, "spawn");
    return 0;
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static uint64_t inline_runs(void)
{
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(rove_current_runtime(), &stats) == ROVE_OK, "statistics");
    return stats.inline_runs;
}

/* Fills the deque of the only worker to the brim, for want of memory, while tasks come from outside. */
static void fill_deque(void *arg)
{
    (void)arg;
    rove_group group = {0};
    for (int i = 0; i < FULL; i++)
        TEST_CHECK(rove_group_spawn(&group, go_on, &group) == ROVE_OK, "spawn to the brim");
    uint64_t before = inline_runs();
    TEST_CHECK(rove_group_spawn(&group, do_nothing, NULL) == ROVE_OK, "spawn beyond the brim");
    TEST_CHECK(inline_runs() == before + 1, "the deque is not full");
    atomic_store(&is_full, true);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait with a full deque");
}

static void spawn_outside(int tasks)
{
    for (int i = 0; i < tasks; i++)
        TEST_CHECK(rove_group_spawn(&outside, count_run, NULL) == ROVE_OK, "spawn from outside");
}

static void await_runs(int tasks)
{
    while (atomic_load(&runs) < tasks)
        test_yield();
}

enum { ROUNDS = 200 };

/* Two tasks at a time; and when the first has run, and the second is back in the queue, one more. */
static void spawn_outside_in_rounds(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        spawn_outside(2);
        await_runs(3 * round + 1);
        spawn_outside(1);
        await_runs(3 * round + 3);
    }
    atomic_store(&is_enough, true);
}

/* Two threads: one is the worker with the full deque, the other spawns when it is full. */
static void fill_or_spawn(void *arg)
{
    rove_runtime *runtime = *(rove_runtime **)arg;
    if (runtime) {
        TEST_CHECK(rove_run(runtime, fill_deque, NULL) == ROVE_OK, "run");
        return;
    }
    while (!atomic_load(&is_full))
        test_yield();
    spawn_outside_in_rounds();
}

static void test_tasks_for_which_a_worker_has_no_room_stay_in_the_queue(void **state)
{
    (void)state;
    test_slots_limit(FULL_BYTES);
    rove_runtime *runtime = test_runtime(1);
    rove_runtime *sides[] = {runtime, NULL};
    rove_group held = {.runtime = runtime};
    outside = (rove_group){.runtime = runtime};
    hold_worker(&held);
    atomic_store(&runs, 0);
    test_on_threads(2, fill_or_spawn, sides, sizeof sides[0]);
    atomic_store(&is_open, true);
    assert_int_equal(rove_group_wait(&outside), ROVE_OK);
    assert_int_equal(rove_group_wait(&held), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 3 * ROUNDS);
    rove_stats stats;
    assert_int_equal(rove_runtime_stats(runtime, &stats), ROVE_OK);
    assert_int_equal(stats.injected, 3 * ROUNDS + 1);
    test_runtime_end(runtime);
    test_slots_limit(SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_task_runs_once_in_whatever_order_groups_take_turns),
        cmocka_unit_test(test_tasks_that_are_queued_together_run_side_by_side),
        cmocka_unit_test(test_an_error_discards_each_of_the_tasks_that_are_left),
        cmocka_unit_test(test_groups_whose_tasks_are_queued_in_turn_end_each_for_itself),
        cmocka_unit_test(test_tasks_for_which_a_worker_has_no_room_stay_in_the_queue),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
