/*
 * Waits that give up: they say so, not before their time, and nothing is lost by it; several waiters of every kind; and
 * giving up at the moment when the end comes.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, TASKS = 50 };

static atomic_int runs, waiting;
static atomic_bool gate_is_open;

static int setup(void **state)
{
    (void)state;
    atomic_store(&runs, 0);
    atomic_store(&waiting, 0);
    atomic_store(&gate_is_open, false);
    return 0;
}

/* Returns its argument as an error when the gate is open. */
static int pass_gate(void *arg)
{
    atomic_fetch_add(&waiting, 1);
    while (!atomic_load(&gate_is_open))
        test_yield();
    atomic_fetch_add(&runs, 1);
    return (int)(intptr_t)arg;
}

static int count_one(void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void give_up(rove_group *group, int64_t until)
{
    rove_status status = rove_group_wait_until(group, until);
    TEST_CHECK(status == ROVE_PENDING, "%s while a task is held", rove_status_text(status));
    TEST_CHECK(rove_clock() >= until, "given up before the time");
}

static void give_up_in_every_way(rove_group *group)
{
    give_up(group, INT64_MIN);
    give_up(group, -1);
    give_up(group, 0);
    give_up(group, 1);
    for (int i = 0; i < 10; i++)
        give_up(group, rove_clock() + i * 30 * ROVE_MICROSECOND);
    give_up(group, rove_clock() + 3 * ROVE_MILLISECOND); /* long enough to fall asleep */
}

/* One task that is held, by whoever takes it, and others; the caller gives up, spawns more, and waits to the end. */
static void hold_and_give_up(rove_group *group)
{
    setup(NULL);
    TEST_CHECK(rove_group_spawn(group, pass_gate, NULL) == ROVE_OK, "spawn");
    while (atomic_load(&waiting) == 0)
        test_yield();
    give_up_in_every_way(group);
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(group, count_one, NULL) == ROVE_OK, "spawn");
    give_up_in_every_way(group);
    TEST_CHECK(rove_group_error(group) == 0 && rove_group_failures(group) == 0, "an error out of nowhere");
    atomic_store(&gate_is_open, true);
    rove_status status = rove_group_wait_until(group, rove_clock() + 100 * ROVE_SECOND);
    TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
    TEST_CHECK(atomic_load(&runs) == TASKS + 1, "%d runs", atomic_load(&runs));
    TEST_CHECK(rove_group_wait_until(group, 0) == ROVE_OK, "an empty group is not waited for");
    TEST_CHECK(rove_group_wait(group) == ROVE_OK, "an empty group is not waited for");
}

static void hold_in_groups_of_all_kinds(void *arg)
{
    rove_group home = {.runtime = arg}, isolated = {.runtime = arg, .is_isolated = true};
    rove_group *heap = calloc(1, sizeof *heap);
    TEST_CHECK(heap, "no memory");
    heap->runtime = arg;
    for (int again = 0; again < 3; again++) {
        hold_and_give_up(&home);
        hold_and_give_up(heap);
        hold_and_give_up(&isolated);
    }
    free(heap);
}

static void test_a_wait_gives_up_and_is_made_again(void **state)
{
    (void)state;
    for (int workers = 2; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, hold_in_groups_of_all_kinds, NULL), ROVE_OK);
        hold_in_groups_of_all_kinds(runtime);
        test_runtime_end(runtime);
    }
}

/* The only worker does the work during its own waits, whenever they give up. */
static void work_in_portions(void *arg)
{
    rove_group group = {0};
    (void)arg;
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(&group, count_one, NULL) == ROVE_OK, "spawn");
    rove_status status;
    do
        status = rove_group_wait_until(&group, rove_clock() + 20 * ROVE_MICROSECOND);
    while (status == ROVE_PENDING);
    TEST_CHECK(status == ROVE_OK && atomic_load(&runs) == TASKS, "%s after %d runs", rove_status_text(status),
               atomic_load(&runs));
}

static void test_one_worker_gets_through_in_portions(void **state)
{
    rove_runtime *runtime = test_runtime(1);
    for (int i = 0; i < 100; i++) {
        setup(state);
        assert_int_equal(rove_run(runtime, work_in_portions, NULL), ROVE_OK);
    }
    test_runtime_end(runtime);
}

/* What a wait returns in the end is not lost by giving up before. */
static void give_up_and_fail(void *arg)
{
    rove_group failing = {.runtime = arg}, canceled = {.runtime = arg}, timed = {.runtime = arg};
    timed.scope.deadline = 1;
    setup(NULL);
    TEST_CHECK(rove_group_spawn(&failing, pass_gate, (void *)7) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_spawn(&canceled, pass_gate, NULL) == ROVE_OK, "spawn");
    while (atomic_load(&waiting) < 2)
        test_yield();
    TEST_CHECK(rove_group_spawn(&timed, pass_gate, NULL) == ROVE_OK, "spawn");
    rove_scope_cancel(&canceled.scope);
    give_up_in_every_way(&failing);
    give_up_in_every_way(&canceled);
    atomic_store(&gate_is_open, true);
    TEST_CHECK(rove_group_wait_until(&failing, INT64_MAX) == ROVE_FAILED, "no failure");
    TEST_CHECK(rove_group_error(&failing) == 7 && rove_group_failures(&failing) == 1, "error %d",
               rove_group_error(&failing));
    TEST_CHECK(rove_group_wait_until(&canceled, INT64_MAX) == ROVE_CANCELED, "not canceled");
    TEST_CHECK(rove_group_wait_until(&timed, INT64_MAX) == ROVE_TIMED_OUT, "not timed out");
    TEST_CHECK(rove_group_discards(&timed) == 1, "%lld discards", (long long)rove_group_discards(&timed));
}

static void test_the_outcome_is_told_by_the_wait_that_does_not_give_up(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(rove_run(runtime, give_up_and_fail, NULL), ROVE_OK);
        give_up_and_fail(runtime);
    }
    test_runtime_end(runtime);
}

/* A task cannot wait for its group, however deep below it the wait lies; it must not hang or be told to come again. The
 * time is far away: it is not to pass before the wait has noticed. */
static rove_group *own_group;
static atomic_int refusals;

static void wait_for_own(void *arg)
{
    (void)arg;
    rove_status status = rove_group_wait_until(own_group, rove_clock() + 100 * ROVE_SECOND);
    TEST_CHECK(status == ROVE_INVALID || status == ROVE_BUSY, "%s", rove_status_text(status));
    atomic_fetch_add(&refusals, 1);
}

static void wait_in_loop(int64_t begin, int64_t end, void *arg)
{
    (void)begin;
    (void)end;
    wait_for_own(arg);
}

static int wait_in_task(void *arg)
{
    wait_for_own(arg);
    return 0;
}

static int wait_at_any_depth(void *arg)
{
    rove_scope scope = {0};
    wait_for_own(arg);
    TEST_CHECK(rove_scope_run(&scope, NULL, wait_for_own, arg) == ROVE_OK, "run");
    TEST_CHECK(rove_for(0, 1, wait_in_loop, arg) == ROVE_OK, "loop");
    return 0;
}

static void spawn_waiters(void *arg)
{
    rove_group group = {0};
    own_group = &group;
    atomic_store(&refusals, 0);
    TEST_CHECK(rove_group_spawn(&group, wait_in_task, arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_spawn(&group, wait_at_any_depth, arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&refusals) == 4, "%d refusals", atomic_load(&refusals));
}

static void test_a_task_cannot_wait_for_its_own_group_at_any_depth(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 2; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, spawn_waiters, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    assert_int_equal(rove_group_wait_until(NULL, INT64_MAX), ROVE_INVALID);
}

/* Threads that wait for one group, each in its way, until one of them does not give up. */
enum { WAITERS = 5 };

static struct {
    rove_runtime *runtime;
    rove_group *group;
    pthread_barrier_t barrier;
    int64_t rounds;
    int given_up[WAITERS];
} table;

static int spin_some(void *arg)
{
    test_spin_ns((int64_t)(intptr_t)arg);
    atomic_fetch_add(&runs, 1);
    return 0;
}

/* A waiter, with its own kind of patience. */
struct waiter {
    int number;
    struct test_random random;
};

static void wait_impatiently(void *arg)
{
    struct waiter *waiter = arg;
    rove_status status;
    do {
        int64_t patience = (int64_t)test_random_below(&waiter->random, 30000);
        bool gives_up = waiter->number < WAITERS - 1; /* the last one never does */
        status = gives_up ? rove_group_wait_until(table.group, rove_clock() + patience) : rove_group_wait(table.group);
        table.given_up[waiter->number] += status == ROVE_PENDING;
    } while (status == ROVE_PENDING);
    TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
    TEST_CHECK(atomic_load(&runs) == 3, "back after %d tasks", atomic_load(&runs));
}

static void spawn_three(rove_group *group, struct test_random *random)
{
    atomic_store(&runs, 0);
    for (int i = 0; i < 3; i++) {
        intptr_t time = (intptr_t)test_random_below(random, 15000);
        TEST_CHECK(rove_group_spawn(group, spin_some, (void *)time) == ROVE_OK, "spawn");
    }
}

/* The first makes the group, on the heap, and frees it when all have returned. */
static void waiter_run(void *arg)
{
    struct waiter *waiter = arg;
    waiter->random = test_random_make((uint64_t)waiter->number);
    for (int64_t round = 0; round < table.rounds; round++) {
        if (waiter->number == 0) {
            table.group = calloc(1, sizeof *table.group);
            TEST_CHECK(table.group, "no memory");
            table.group->runtime = table.runtime;
            spawn_three(table.group, &waiter->random);
        }
        pthread_barrier_wait(&table.barrier);
        if (waiter->number % 2)
            TEST_CHECK(rove_run(table.runtime, wait_impatiently, waiter) == ROVE_OK, "run");
        else
            wait_impatiently(waiter);
        pthread_barrier_wait(&table.barrier);
        if (waiter->number == 0)
            free(table.group);
    }
}

static void test_of_several_waiters_some_give_up_as_the_end_comes(void **state)
{
    (void)state;
    int given_up = 0;
    for (int workers = 1; workers <= 4; workers *= 2) {
        struct waiter waiters[WAITERS] = {{0}};
        for (int i = 0; i < WAITERS; i++)
            waiters[i].number = i;
        memset(table.given_up, 0, sizeof table.given_up);
        table.runtime = test_runtime(workers);
        table.rounds = test_scaled(1500, 50);
        pthread_barrier_init(&table.barrier, NULL, WAITERS);
        test_on_threads(WAITERS, waiter_run, waiters, sizeof waiters[0]);
        pthread_barrier_destroy(&table.barrier);
        test_runtime_end(table.runtime);
        for (int i = 0; i < WAITERS; i++)
            given_up += table.given_up[i];
    }
    assert_true(given_up > 0);
}

/* A group on the stack of its waiter, whose frame is gone as soon as a wait does not give up. */
__attribute__((noinline)) static int wait_at_home(struct test_random *random)
{
    rove_group group = {0};
    int given_up = 0;
    rove_status status;
    spawn_three(&group, random);
    do {
        status = rove_group_wait_until(&group, rove_clock() + (int64_t)test_random_below(random, 20000));
        given_up += status == ROVE_PENDING;
    } while (status == ROVE_PENDING);
    TEST_CHECK(status == ROVE_OK && atomic_load(&runs) == 3, "%s after %d tasks", rove_status_text(status),
               atomic_load(&runs));
    memset(&group, 0xa5, sizeof group);
    __asm__ volatile("" : : "r"(&group) : "memory");
    return given_up;
}

static void wait_at_home_often(void *arg)
{
    struct test_random random = test_random_make(77);
    int64_t rounds = test_scaled(10000, 200);
    for (int64_t round = 0; round < rounds; round++)
        *(int *)arg += wait_at_home(&random);
}

static void test_who_gives_up_on_a_group_at_home_loses_nothing(void **state)
{
    (void)state;
    int given_up = 0;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, wait_at_home_often, &given_up), ROVE_OK);
        test_runtime_end(runtime);
    }
    assert_true(given_up > 0);
}

/* A task that takes some time, and whether it has run. */
struct spinner {
    int64_t time;
    atomic_bool has_run;
};

static int spinner_run(void *arg)
{
    struct spinner *spinner = arg;
    test_spin_ns(spinner->time);
    atomic_store(&spinner->has_run, true);
    return 0;
}

/* A group on the heap, freed as soon as a wait does not give up; without patience its waiter sleeps at once. */
static void wait_and_free(struct test_random *random, bool is_isolated)
{
    rove_group *group = calloc(1, sizeof *group);
    TEST_CHECK(group, "no memory");
    group->runtime = table.runtime;
    group->is_isolated = is_isolated;
    struct spinner spinner = {.time = (int64_t)test_random_below(random, 10000)};
    TEST_CHECK(rove_group_spawn(group, spinner_run, &spinner) == ROVE_OK, "spawn");
    rove_status status;
    do
        status = rove_group_wait_until(group, rove_clock() + (int64_t)test_random_below(random, 10000));
    while (status == ROVE_PENDING);
    TEST_CHECK(status == ROVE_OK && atomic_load(&spinner.has_run), "%s", rove_status_text(status));
    memset(group, 0xa5, sizeof *group);
    free(group);
}

static void wait_and_free_often(void *arg)
{
    struct test_random random = test_random_make(*(uint64_t *)arg);
    for (int64_t round = 0; round < table.rounds; round++)
        wait_and_free(&random, round % 2);
}

static void wait_as_worker(void *arg)
{
    TEST_CHECK(rove_run(table.runtime, wait_and_free_often, arg) == ROVE_OK, "run");
}

static void test_a_group_may_be_freed_after_a_wait_that_nearly_gave_up(void **state)
{
    (void)state;
    uint64_t streams[] = {1, 2, 3};
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    config.spin_ns = 0;
    table.runtime = test_runtime_with(&config);
    table.rounds = test_scaled(10000, 1000);
    test_on_threads(2, wait_as_worker, streams, sizeof streams[0]);
    test_on_threads(3, wait_and_free_often, streams, sizeof streams[0]); /* one more than can be guests */
    test_runtime_end(table.runtime);
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_wait_gives_up_and_is_made_again),
        CASE(test_one_worker_gets_through_in_portions),
        CASE(test_the_outcome_is_told_by_the_wait_that_does_not_give_up),
        CASE(test_a_task_cannot_wait_for_its_own_group_at_any_depth),
        CASE(test_of_several_waiters_some_give_up_as_the_end_comes),
        CASE(test_who_gives_up_on_a_group_at_home_loses_nothing),
        CASE(test_a_group_may_be_freed_after_a_wait_that_nearly_gave_up),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
