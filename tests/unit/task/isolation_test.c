/*
 * Isolated groups: a lock is held across a wait while hundreds of tasks want it. Who holds it may meanwhile run nothing
 * that wants it too: the lock notices, as it is one that complains when its owner takes it again.
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

enum { WATCH_SECONDS = 50, HOLDERS = 24, INNERS = 12, USERS = 400, MOST_WORKERS = 8 };

static pthread_mutex_t lock;
static int64_t locked_count; /* guarded by it */
static atomic_int inner_count;
static struct test_once once;

static int setup(void **state)
{
    (void)state;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    locked_count = 0;
    atomic_store(&inner_count, 0);
    test_once_init(&once, USERS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pthread_mutex_destroy(&lock);
    test_once_fini(&once);
    return 0;
}

static void begin_anew(void)
{
    teardown(NULL);
    setup(NULL);
}

static void take(void)
{
    int error = pthread_mutex_lock(&lock);
    TEST_CHECK(error == 0, "a task ran on top of a wait whose caller holds the lock it wants: %s", strerror(error));
}

static void give(void)
{
    locked_count++;
    TEST_CHECK(pthread_mutex_unlock(&lock) == 0, "the lock is not ours");
}

/* A stranger that wants the lock; the argument is its number, or NAMELESS. */
#define NAMELESS ((void *)-1)

static int use(void *arg)
{
    take();
    give();
    if (arg != NAMELESS)
        test_once_mark(&once, (int64_t)(intptr_t)arg);
    return 0;
}

static int count_one(void *arg)
{
    (void)arg;
    atomic_fetch_add(&inner_count, 1);
    return 0;
}

/* What the tasks of an isolated group do: each counts to TEN. */
enum { TEN = 10 };

static int by_itself(void *arg)
{
    for (int i = 0; i < TEN; i++)
        count_one(arg);
    return 0;
}

static void count_range(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    test_spin_ns(2000); /* long enough to be cut */
    atomic_fetch_add(&inner_count, (int)(end - begin));
}

static int by_loop(void *arg)
{
    TEST_CHECK(rove_for(0, TEN, count_range, arg) == ROVE_OK, "loop");
    return 0;
}

static void sum_range(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    test_spin_ns(2000);
    *(int64_t *)value += end - begin;
}

static void sum_two(void *left, void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(int64_t *)right;
}

static int by_reduction(void *arg)
{
    static const int64_t zero;
    const rove_reduction sum = {sizeof zero, &zero, sum_range, sum_two, arg};
    int64_t result = 0;
    TEST_CHECK(rove_reduce(0, TEN, &sum, &result) == ROVE_OK, "reduce");
    atomic_fetch_add(&inner_count, (int)result);
    return 0;
}

static int by_calls_run(size_t index, void *arg)
{
    (void)index;
    test_spin_ns(2000);
    return count_one(arg);
}

static int by_calls(void *arg)
{
    TEST_CHECK(rove_map(TEN, by_calls_run, arg, NULL) == ROVE_OK, "map");
    return 0;
}

static int by_group(void *arg)
{
    rove_group group = {0};
    for (int i = 0; i < TEN; i++)
        TEST_CHECK(rove_group_spawn(&group, count_one, arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    return 0;
}

/* Isolated within isolated, and groups below that. */
static int by_isolated_group(void *arg)
{
    rove_group group = {.is_isolated = true};
    TEST_CHECK(rove_group_spawn(&group, by_group, arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    return 0;
}

struct leaf {
    rove_task task;
};

static void leaf_run(rove_task *task)
{
    (void)task;
    test_spin_ns(2000);
    count_one(NULL);
}

static int by_forks(void *arg)
{
    struct leaf leaves[TEN];
    (void)arg;
    for (int i = 0; i < TEN; i++)
        rove_fork(&leaves[i].task, leaf_run);
    for (int i = TEN; i-- > 0;)
        TEST_CHECK(rove_join(&leaves[i].task, leaf_run) == ROVE_OK, "join");
    return 0;
}

static void count_plain(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    atomic_fetch_add(&inner_count, (int)(end - begin));
}

static int by_placed_loop(void *arg)
{
    TEST_CHECK(rove_for_placed(0, TEN, count_plain, arg) == ROVE_OK, "loop");
    return 0;
}

/* Blocks that are meant for all workers in turn, also for those that want the lock. */
static int by_affine_loop(void *arg)
{
    rove_affinity affinity = {0};
    TEST_CHECK(rove_for_affine(0, TEN / 2, count_plain, arg, &affinity) == ROVE_OK, "loop");
    TEST_CHECK(rove_for_affine(TEN / 2, TEN, count_plain, arg, &affinity) == ROVE_OK, "loop");
    return 0;
}

static rove_group_fn *const mixed[] = {by_itself, by_loop,           by_reduction, by_calls,
                                       by_group,  by_isolated_group, by_forks};

/* Which of them the holders use. */
static struct {
    rove_group_fn *const *fns;
    int count;
} inner;

/* Holds the lock while it waits. */
static int hold(void *arg)
{
    rove_group group = {.is_isolated = true};
    take();
    for (int i = 0; i < INNERS; i++)
        TEST_CHECK(rove_group_spawn(&group, inner.fns[i % inner.count], arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    give();
    return 0;
}

/* Holders and users, mixed. */
static void spawn_all(rove_group *group)
{
    for (int i = 0; i < USERS; i++) {
        if (i % (USERS / HOLDERS) == 0 && i / (USERS / HOLDERS) < HOLDERS)
            TEST_CHECK(rove_group_spawn(group, hold, NULL) == ROVE_OK, "spawn a holder");
        TEST_CHECK(rove_group_spawn(group, use, (void *)(intptr_t)i) == ROVE_OK, "spawn a user");
    }
}

static void spawn_and_wait(void *arg)
{
    rove_group group = {.runtime = arg};
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void check_all(void)
{
    test_once_check(&once);
    TEST_CHECK(locked_count == USERS + HOLDERS, "%lld locks", (long long)locked_count);
    TEST_CHECK(atomic_load(&inner_count) == HOLDERS * INNERS * TEN, "%d inner tasks", atomic_load(&inner_count));
}

/* Everything with 1, 2, 4, 8 workers, spawned by a worker and from outside. */
static void everything(rove_group_fn *const *fns, int count)
{
    inner.fns = fns;
    inner.count = count;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int round = 0; round < 6; round++) {
            begin_anew();
            if (round % 2)
                spawn_and_wait(runtime);
            else
                TEST_CHECK(rove_run(runtime, spawn_and_wait, NULL) == ROVE_OK, "run");
            check_all();
        }
        test_runtime_end(runtime);
    }
}

static void test_a_lock_may_be_held_across_an_isolated_wait(void **state)
{
    (void)state;
    everything(mixed, sizeof mixed / sizeof *mixed);
}

static void test_a_placed_loop_in_an_isolated_group_ends(void **state)
{
    (void)state;
    everything(&(rove_group_fn *){by_placed_loop}, 1);
}

static void test_an_affine_loop_in_an_isolated_group_ends(void **state)
{
    (void)state;
    everything(&(rove_group_fn *){by_affine_loop}, 1);
}

/* Strangers come between the group's tasks, of the same spawner, and lie above and below them in its deque. */
static void mingle(void *arg)
{
    (void)arg;
    for (int round = 0; round < USERS / 4; round++) {
        rove_group isolated = {.is_isolated = true}, strangers = {0};
        take();
        for (int i = 0; i < 4; i++) {
            TEST_CHECK(rove_group_spawn(&isolated, by_group, NULL) == ROVE_OK, "spawn");
            TEST_CHECK(rove_group_spawn(&strangers, use, (void *)(intptr_t)(round * 4 + i)) == ROVE_OK, "spawn");
        }
        TEST_CHECK(rove_group_wait(&isolated) == ROVE_OK, "wait");
        TEST_CHECK(atomic_load(&inner_count) == (round + 1) * 4 * TEN, "%d inner tasks", atomic_load(&inner_count));
        give();
        TEST_CHECK(rove_group_wait(&strangers) == ROVE_OK, "wait for the strangers");
    }
}

static void test_strangers_between_spawn_and_wait_run_once(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        begin_anew();
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, mingle, NULL), ROVE_OK);
        test_runtime_end(runtime);
        test_once_check(&once);
        assert_int_equal(locked_count, USERS + USERS / 4);
    }
}

/* More strangers than one look can move out of the way. */
static void bury(void *arg)
{
    rove_group isolated = {.is_isolated = true}, strangers = {.runtime = arg};
    take();
    for (int i = 0; i < USERS; i++) {
        if (i == 3)
            TEST_CHECK(rove_group_spawn(&isolated, by_group, NULL) == ROVE_OK, "spawn");
        TEST_CHECK(rove_group_spawn(&strangers, use, (void *)(intptr_t)i) == ROVE_OK, "spawn");
    }
    TEST_CHECK(rove_group_wait(&isolated) == ROVE_OK, "wait");
    give();
    TEST_CHECK(rove_group_wait(&strangers) == ROVE_OK, "wait for the strangers");
}

static void test_a_task_below_hundreds_of_strangers_is_found(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        begin_anew();
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, bury, NULL), ROVE_OK);
        test_runtime_end(runtime);
        test_once_check(&once);
    }
}

/* A task of the group is stolen; its thief spawns another one into the group, and then a stranger, which it begins with
 * and is stuck in. Who waits must find the other one. */
static struct {
    rove_group *group;
    rove_group strangers;
    atomic_bool has_started;
    bool is_late; /* the waiter is to sleep by then */
} trap;

static int spawn_and_leave(void *arg)
{
    (void)arg;
    atomic_store(&trap.has_started, trap.is_late);
    test_spin_ns(trap.is_late ? 200000 : 0);
    TEST_CHECK(rove_group_spawn(trap.group, by_group, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_spawn(&trap.strangers, use, NAMELESS) == ROVE_OK, "spawn");
    atomic_store(&trap.has_started, true);
    return 0;
}

static void be_trapped(void *arg)
{
    rove_group group = {.is_isolated = true};
    memset(&trap, 0, sizeof trap);
    trap.group = &group;
    trap.is_late = *(int *)arg % 2;
    take();
    TEST_CHECK(rove_group_spawn(&group, spawn_and_leave, NULL) == ROVE_OK, "spawn");
    while (!atomic_load(&trap.has_started))
        test_yield();
    test_spin_ns(trap.is_late ? 0 : 100000); /* the thief is likely to be stuck by then */
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&inner_count) == TEN, "%d inner tasks", atomic_load(&inner_count));
    give();
    TEST_CHECK(rove_group_wait(&trap.strangers) == ROVE_OK, "wait for the stranger");
}

static void test_a_task_left_behind_by_a_thief_that_is_stuck_is_found(void **state)
{
    (void)state;
    for (int workers = 2; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int round = 0; round < 50; round++) {
            begin_anew();
            assert_int_equal(rove_run(runtime, be_trapped, &round), ROVE_OK);
        }
        test_runtime_end(runtime);
    }
}

/* Several threads that are no workers hold the lock across their waits, as guests or asleep, while others want it. */
static void hold_outside(void *arg)
{
    rove_group group = {.runtime = *(rove_runtime **)arg, .is_isolated = true}, users = {.runtime = group.runtime};
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 5; i++)
            TEST_CHECK(rove_group_spawn(&users, use, NAMELESS) == ROVE_OK, "spawn a user");
        take();
        for (int i = 0; i < 5; i++) {
            TEST_CHECK(rove_group_spawn(&group, mixed[i], NULL) == ROVE_OK, "spawn");
            TEST_CHECK(rove_group_spawn(&users, use, NAMELESS) == ROVE_OK, "spawn a user");
        }
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        give();
        TEST_CHECK(rove_group_wait(&users) == ROVE_OK, "wait for the users");
    }
}

static void test_threads_outside_may_hold_a_lock_across_an_isolated_wait(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        begin_anew();
        int threads = workers < 4 ? workers : 4; /* there is room for so many guests: a thread without sleeps */
        rove_runtime *runtime = test_runtime(workers);
        rove_runtime *args[4] = {runtime, runtime, runtime, runtime};
        test_on_threads(threads, hold_outside, args, sizeof args[0]);
        test_runtime_end(runtime);
        assert_int_equal(atomic_load(&inner_count), threads * 20 * 5 * TEN);
        assert_int_equal(locked_count, threads * 20 * 11);
    }
}

/* Canceled in the middle: all of its tasks run or are discarded, strangers only run. */
static atomic_int discards;

static void discard(void *arg)
{
    (void)arg;
    atomic_fetch_add(&discards, 1);
}

static int cancel_all(void *arg)
{
    atomic_fetch_add(&inner_count, 1);
    rove_scope_cancel(arg);
    return 0;
}

static int hold_and_cancel(void *arg)
{
    rove_group group = {.is_isolated = true, .on_discard = discard};
    (void)arg;
    take();
    for (int i = 0; i < INNERS; i++)
        TEST_CHECK(rove_group_spawn(&group, i == INNERS / 2 ? cancel_all : count_one, &group.scope) == ROVE_OK,
                   "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_CANCELED, "not canceled");
    TEST_CHECK(!rove_is_canceled(), "what is around it is canceled");
    give();
    return 0;
}

static void cancel_some(void *arg)
{
    rove_group group = {0};
    (void)arg;
    for (int i = 0; i < USERS; i++) {
        TEST_CHECK(rove_group_spawn(&group, use, (void *)(intptr_t)i) == ROVE_OK, "spawn a user");
        TEST_CHECK(rove_group_spawn(&group, hold_and_cancel, NULL) == ROVE_OK, "spawn a holder");
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void test_an_isolated_group_may_be_canceled(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        begin_anew();
        atomic_store(&discards, 0);
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, cancel_some, NULL), ROVE_OK);
        test_runtime_end(runtime);
        test_once_check(&once);
        assert_int_equal(atomic_load(&inner_count) + atomic_load(&discards), USERS * INNERS);
        assert_true(workers > 1 || atomic_load(&discards) > 0);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_lock_may_be_held_across_an_isolated_wait),
        CASE(test_a_placed_loop_in_an_isolated_group_ends),
        CASE(test_an_affine_loop_in_an_isolated_group_ends),
        CASE(test_strangers_between_spawn_and_wait_run_once),
        CASE(test_a_task_below_hundreds_of_strangers_is_found),
        CASE(test_a_task_left_behind_by_a_thief_that_is_stuck_is_found),
        CASE(test_threads_outside_may_hold_a_lock_across_an_isolated_wait),
        CASE(test_an_isolated_group_may_be_canceled),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
