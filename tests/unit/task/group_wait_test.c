/*
 * What a wait for a group runs meanwhile: its own tasks first, wherever they lie, and others in between.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, TASKS = 1000 };

static atomic_bool has_begun, is_wanted;

/* A task of a group that has no end until somebody from outside has been heard. */
static int go_on(void *arg)
{
    atomic_store(&has_begun, true);
    if (!atomic_load(&is_wanted))
        TEST_CHECK(rove_group_spawn(arg, go_on, arg) == ROVE_OK, "spawn from a task");
    return 0;
}

static void go_on_and_wait(void *arg)
{
    (void)arg;
    rove_group group = {0};
    TEST_CHECK(rove_group_spawn(&group, go_on, &group) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static int want(void *arg)
{
    (void)arg;
    atomic_store(&is_wanted, true);
    return 0;
}

/* Two threads: one waits for that group as the only worker, the other spawns from outside. */
struct caller {
    rove_runtime *runtime;
    bool is_worker;
};

static void work_or_want(void *arg)
{
    const struct caller *caller = arg;
    if (caller->is_worker) {
        TEST_CHECK(rove_run(caller->runtime, go_on_and_wait, NULL) == ROVE_OK, "run");
        return;
    }
    rove_group group = {.runtime = caller->runtime};
    while (!atomic_load(&has_begun))
        test_yield();
    TEST_CHECK(rove_group_spawn(&group, want, NULL) == ROVE_OK, "spawn from outside");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait outside");
}

static void test_a_wait_that_always_has_tasks_of_its_own_lets_others_in(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    struct caller callers[] = {{runtime, true}, {runtime, false}};
    atomic_store(&has_begun, false);
    atomic_store(&is_wanted, false);
    test_on_threads(2, work_or_want, callers, sizeof callers[0]);
    assert_true(atomic_load(&is_wanted));
    test_runtime_end(runtime);
}

/* Tasks of two groups that lie in the same deque, in turn. */
static int inner_runs, outer_runs;

static int count_inner(void *arg)
{
    (void)arg;
    inner_runs++;
    return 0;
}

static int count_outer(void *arg)
{
    (void)arg;
    outer_runs++;
    return 0;
}

static void wait_among_others(void *arg)
{
    static rove_group apart; /* on no stack */
    rove_group *inner = arg, outer = {0};
    inner = inner ? inner : &apart;
    for (int i = 0; i < TASKS; i++) {
        TEST_CHECK(rove_group_spawn(&outer, count_outer, NULL) == ROVE_OK, "spawn into the outer group");
        if (i >= TASKS / 2)
            TEST_CHECK(rove_group_spawn(inner, count_inner, NULL) == ROVE_OK, "spawn into the inner group");
    }
    TEST_CHECK(rove_group_wait(inner) == ROVE_OK && inner_runs == TASKS / 2, "%d of the inner group", inner_runs);
    TEST_CHECK(rove_group_wait(&outer) == ROVE_OK && outer_runs == TASKS, "%d of the outer group", outer_runs);
}

static void wait_among_others_at_home(void *arg)
{
    (void)arg;
    rove_group inner = {0};
    wait_among_others(&inner);
}

static void test_a_wait_finds_its_tasks_among_those_of_others(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    inner_runs = outer_runs = 0;
    assert_int_equal(rove_run(runtime, wait_among_others_at_home, NULL), ROVE_OK);
    inner_runs = outer_runs = 0;
    assert_int_equal(rove_run(runtime, wait_among_others, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wait_that_always_has_tasks_of_its_own_lets_others_in),
        cmocka_unit_test(test_a_wait_finds_its_tasks_among_those_of_others),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
