/*
 * Groups and cancellation: what is spawned runs or is discarded, never both and never neither; who is canceled by whom.
 */
#include "unit/task/fates.h"

static void cancel_before_the_wait(void *arg)
{
    (void)arg;
    rove_group group = {0};
    spawn_all(&group);
    rove_scope_cancel(&group.scope);
    TEST_CHECK(rove_group_wait(&group) == ROVE_CANCELED, "the wait does not tell");
    TEST_CHECK(check_fates(&group) == 0, "tasks of a canceled group have run");
    TEST_CHECK(rove_group_error(&group) == 0, "an error out of nowhere");
    TEST_CHECK(!rove_is_canceled(), "what is around the group is canceled");
}

static void test_what_has_not_started_is_discarded_once(void **state)
{
    (void)state;
    on(alone, cancel_before_the_wait, NULL);
    clean(state);
    on(alone, cancel_before_the_wait, NULL); /* the runtime is as good as before */
}

static void cancel_before_the_spawn(void *arg)
{
    (void)arg;
    rove_group group = {0};
    rove_scope_cancel(&group.scope);
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_CANCELED, "the wait does not tell");
    TEST_CHECK(check_fates(&group) == 0, "tasks of a canceled group have run");
}

static void test_a_group_may_be_canceled_before_it_is_used(void **state)
{
    (void)state;
    on(alone, cancel_before_the_spawn, NULL);
    clean(state);
    on(several, cancel_before_the_spawn, NULL);
}

static void cancel_at_the_end(void *arg)
{
    rove_group group = {0};
    (void)arg;
    TEST_CHECK(rove_group_spawn(&group, act, &fates[0]) == ROVE_OK, "spawn");
    while (!atomic_load(&fates[0].runs))
        test_yield();
    rove_scope_cancel(&group.scope);
    TEST_CHECK(rove_group_wait(&group) == ROVE_CANCELED && rove_group_discards(&group) == 0, "canceled at the end");
}

static void test_a_wait_tells_of_a_cancel_that_came_too_late(void **state)
{
    (void)state;
    on(several, cancel_at_the_end, NULL);
}

static void cancel_and_use_again(void *arg)
{
    rove_group *group = arg;
    for (int round = 0; round < 6; round++) {
        clean(NULL);
        spawn_all(group);
        if (round % 2 == 0)
            rove_scope_cancel(&group->scope);
        rove_status status = rove_group_wait(group);
        TEST_CHECK(status == (round % 2 ? ROVE_OK : ROVE_CANCELED), "round %d: %s", round, rove_status_text(status));
        TEST_CHECK(check_fates(group) == (round % 2 ? TASKS : 0), "round %d", round);
    }
}

static void test_a_group_that_was_canceled_may_be_used_again(void **state)
{
    (void)state;
    rove_group group = {0}, *heap = calloc(1, sizeof *heap);
    assert_non_null(heap);
    on(alone, cancel_and_use_again, &group);
    on(alone, cancel_and_use_again, heap);
    free(heap);
}

static void fail_fast(void *arg)
{
    rove_group group = {.policy = *(rove_policy *)arg};
    for (int i = 0; i < TASKS; i++)
        fates[i].error = 500 + i;
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED, "the wait does not tell");
    int runs = check_fates(&group), error = rove_group_error(&group);
    TEST_CHECK(runs >= 1 && (group.policy == ROVE_FAIL_FAST || runs == TASKS), "%d runs", runs);
    TEST_CHECK(error >= 500 && error < 500 + TASKS && atomic_load(&fates[error - 500].runs) == 1, "error %d", error);
    if (rove_current_runtime() == alone)
        TEST_CHECK(runs == (group.policy == ROVE_FAIL_FAST ? 1 : TASKS), "%d runs", runs);
}

static void test_a_failing_task_stops_a_group_only_if_it_is_to(void **state)
{
    static rove_policy policies[] = {ROVE_FAIL_FAST, ROVE_COLLECT_ALL};
    for (int i = 0; i < 20; i++) {
        clean(state);
        on(i % 4 < 2 ? alone : several, fail_fast, &policies[i % 2]);
    }
}

static void fail_by_call(void *arg)
{
    (void)arg;
    rove_group group = {0};
    for (int i = 0; i < TASKS; i++)
        fates[i].fail = 700 + i;
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED, "the wait does not tell");
    int error = rove_scope_error(&group.scope), runs = check_fates(&group);
    TEST_CHECK(error >= 700 && error < 700 + TASKS && atomic_load(&fates[error - 700].runs), "error %d", error);
    TEST_CHECK(rove_current_runtime() != alone || runs == 1, "%d runs", runs);
    TEST_CHECK(!rove_is_canceled(), "what is around the group is canceled");
}

static void test_rove_fail_in_a_task_cancels_its_group(void **state)
{
    on(alone, fail_by_call, NULL);
    clean(state);
    on(several, fail_by_call, NULL);
}

static void let_a_task_wait(void *arg)
{
    (void)arg;
    rove_group group = {.policy = ROVE_FAIL_FAST};
    fates[0].waits = fates[1].waits = true;
    fates[2].error = 9;
    for (int i = 0; i < 3; i++)
        TEST_CHECK(rove_group_spawn(&group, act, &fates[i]) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED && rove_group_error(&group) == 9, "not the error");
}

static void test_a_running_task_can_ask_whether_its_group_failed(void **state)
{
    for (int i = 0; i < 20; i++) {
        clean(state);
        on(several, let_a_task_wait, NULL);
    }
}

static void deadline_in_the_past(void *arg)
{
    (void)arg;
    rove_group group = {.scope.deadline = rove_clock() - 1};
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_TIMED_OUT, "the wait does not tell");
    TEST_CHECK(check_fates(&group) == 0, "tasks have run after the deadline");
}

static void deadline_in_the_middle(void *arg)
{
    (void)arg;
    rove_group group = {.scope.deadline = rove_clock() + 2 * ROVE_MILLISECOND};
    for (int i = 0; i < TASKS; i++)
        fates[i].waits = true;
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_TIMED_OUT, "the wait does not tell");
    int workers = rove_worker_count(rove_current_runtime()) + 1; /* a pool thread may not be benched yet */
    TEST_CHECK(check_fates(&group) <= workers, "more tasks have waited than there are workers");
}

static void deadline_far_away(void *arg)
{
    (void)arg;
    rove_group group = {.scope.deadline = rove_clock() + 3600 * ROVE_SECOND};
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK && check_fates(&group) == TASKS, "an hour has passed");
}

static void test_a_group_ends_at_its_deadline(void **state)
{
    static void (*const deadlines[])(void *arg) = {deadline_in_the_past, deadline_in_the_middle, deadline_far_away};
    for (int i = 0; i < 6; i++) {
        clean(state);
        on(i < 3 ? alone : several, deadlines[i % 3], NULL);
    }
}

/* From a thread that is no worker, which sleeps in the wait. */
static void test_a_group_of_a_thread_that_is_no_worker_is_canceled(void **state)
{
    (void)state;
    rove_group group = {.runtime = several};
    for (int i = 0; i < TASKS; i++)
        fates[i].waits = i < 2;
    fates[100].cancel = &group.scope;
    spawn_all(&group);
    assert_int_equal(rove_group_wait(&group), ROVE_CANCELED);
    check_fates(&group);
    deadline_in_the_past((clean(state), NULL));
}

static void test_many_are_spawned_into_a_canceled_group(void **state)
{
    (void)state;
    rove_group group = {.runtime = several, .on_discard = discard};
    size_t spawned = 0;
    rove_scope_cancel(&group.scope);
    assert_int_equal(rove_group_spawn_many(&group, act, fates, sizeof fates[0], TASKS, &spawned), ROVE_OK);
    assert_int_equal(spawned, TASKS);
    assert_int_equal(rove_group_wait(&group), ROVE_CANCELED);
    assert_int_equal(check_fates(&group), 0);
}

static void test_tasks_are_discarded_in_silence_if_nobody_asks(void **state)
{
    (void)state;
    rove_group group = {.runtime = several};
    rove_scope_cancel(&group.scope);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(rove_group_spawn(&group, act, &fates[i]), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_CANCELED);
    assert_int_equal(rove_group_discards(&group), TASKS);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(fates[i].runs, 0);
}

/* A discarded task that spawns others into its group, which are discarded as well. */
static rove_group *spawning;
static atomic_int spawns_left;

static void discard_and_spawn(void *arg)
{
    discard(arg);
    int left = atomic_fetch_sub(&spawns_left, 1);
    if (left > 0)
        TEST_CHECK(rove_group_spawn(spawning, act, &fates[left]) == ROVE_OK, "spawn from on_discard");
}

static void test_on_discard_may_spawn(void **state)
{
    (void)state;
    rove_group group = {.runtime = several, .on_discard = discard_and_spawn};
    spawning = &group;
    atomic_store(&spawns_left, TASKS - 1);
    rove_scope_cancel(&group.scope);
    assert_int_equal(rove_group_spawn(&group, act, &fates[0]), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_CANCELED);
    assert_int_equal(check_fates(&group), 0);
}

static void test_statistics_count_what_has_run_or_was_discarded(void **state)
{
    (void)state;
    rove_stats before, after;
    rove_group group = {.runtime = several};
    assert_int_equal(rove_runtime_stats(several, &before), ROVE_OK);
    fates[TASKS / 2].cancel = &group.scope;
    spawn_all(&group);
    rove_group_wait(&group);
    check_fates(&group);
    do /* a worker counts a task after it has ended */
        assert_int_equal(rove_runtime_stats(several, &after), ROVE_OK);
    while (after.executed - before.executed < TASKS);
    assert_true(after.executed - before.executed == TASKS);
    assert_true(after.spawned - before.spawned == TASKS);
}

static void test_a_canceled_runtime_discards_everything(void **state)
{
    (void)state;
    rove_runtime *doomed = test_runtime(2);
    rove_group group = {.runtime = doomed};
    fates[0].waits = fates[1].waits = true;
    spawn_all(&group);
    assert_int_equal(rove_runtime_cancel(doomed), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_CANCELED);
    check_fates(&group);
    clean(state);
    rove_group later = {.runtime = doomed};
    spawn_all(&later);
    assert_int_equal(rove_group_wait(&later), ROVE_CANCELED);
    assert_int_equal(check_fates(&later), 0);
    clean(state);
    rove_group last = {.runtime = doomed};
    spawn_all(&last);
    assert_int_equal(rove_runtime_shutdown(doomed), ROVE_OK);
    assert_int_equal(rove_group_wait(&last), ROVE_CANCELED);
    assert_int_equal(check_fates(&last), 0);
    test_runtime_end(doomed);
    assert_int_equal(rove_scope_status(&last.scope), ROVE_CANCELED); /* not asking a runtime that is gone */
}

/* The scope of a group that has been waited for is asked when the runtime is gone, and another takes its place. */
static void test_a_group_outlives_its_runtime(void **state)
{
    (void)state;
    rove_group *group = calloc(1, sizeof *group);
    assert_non_null(group);
    for (int i = 0; i < 3; i++) {
        rove_runtime *brief = test_runtime(1);
        group->runtime = brief;
        clean(state);
        spawn_all(group);
        assert_int_equal(rove_group_wait(group), ROVE_OK);
        test_runtime_end(brief);
        assert_int_equal(rove_scope_status(&group->scope), ROVE_OK);
        assert_int_equal(check_fates(group), TASKS);
    }
    free(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_has_not_started_is_discarded_once, clean),
        cmocka_unit_test_setup(test_a_group_may_be_canceled_before_it_is_used, clean),
        cmocka_unit_test_setup(test_a_wait_tells_of_a_cancel_that_came_too_late, clean),
        cmocka_unit_test_setup(test_a_group_that_was_canceled_may_be_used_again, clean),
        cmocka_unit_test_setup(test_a_failing_task_stops_a_group_only_if_it_is_to, clean),
        cmocka_unit_test_setup(test_rove_fail_in_a_task_cancels_its_group, clean),
        cmocka_unit_test_setup(test_a_running_task_can_ask_whether_its_group_failed, clean),
        cmocka_unit_test_setup(test_a_group_ends_at_its_deadline, clean),
        cmocka_unit_test_setup(test_a_group_of_a_thread_that_is_no_worker_is_canceled, clean),
        cmocka_unit_test_setup(test_many_are_spawned_into_a_canceled_group, clean),
        cmocka_unit_test_setup(test_tasks_are_discarded_in_silence_if_nobody_asks, clean),
        cmocka_unit_test_setup(test_on_discard_may_spawn, clean),
        cmocka_unit_test_setup(test_statistics_count_what_has_run_or_was_discarded, clean),
        cmocka_unit_test_setup(test_a_canceled_runtime_discards_everything, clean),
        cmocka_unit_test_setup(test_a_group_outlives_its_runtime, clean),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, setup, teardown);
}
