/*
 * fork(2) in a task at a moment when a lock is held that the end of the task, or what comes after it, would take. In the
 * child nobody is left who could let go of it: the child has to do without, and never hangs. Here the forking thread
 * takes the lock itself, in place of a thread that the child does not have.
 */
#define _GNU_SOURCE
#include "runtime/sched/isolation.h"
#include "runtime/sched/runtime.h"

#include <errno.h>
#include <pthread.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <support/support.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, CHILD_SECONDS = 30, ROUNDS = 10 };

/* What count.c sets in the state of a group while its list of waiters is being changed. */
enum { GROUP_LOCK = 1 };

static rove_group group; /* on nobody's stack */
static pid_t child;
static atomic_int leaves;

/* The child of the last fork. It is ended if it hangs, on a pool thread too, where all signals are blocked. */
static void fork_process(void)
{
    fflush(NULL);
    child = fork();
    TEST_CHECK(child >= 0, "fork: %s", strerror(errno));
    if (child > 0)
        return;
    sigset_t ends_it;
    sigemptyset(&ends_it);
    sigaddset(&ends_it, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &ends_it, NULL);
    alarm(CHILD_SECONDS);
}

static void check_child(void)
{
    int status;
    TEST_CHECK(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
    TEST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child: status %x", (unsigned)status);
}

/* Returns when the pool thread that this one has taken the place of is on the bench: then all tasks run here. */
static void await_bench(void)
{
    while (atomic_load(&rove_current_runtime()->pool_active) > 0)
        test_yield();
}

static int leaf(void *arg)
{
    (void)arg;
    atomic_fetch_add(&leaves, 1);
    return 0;
}

static int fork_with_isolation_locked(void *arg)
{
    (void)arg;
    struct rovei_mutex *lock = &group.isolation->tasks.lock;
    mutex_lock(lock);
    fork_process();
    if (child > 0)
        mutex_unlock(lock);
    return 0;
}

/* The task that forks is the first to run; the leaf after it is left behind in the parent. */
static void come_back_to_isolated_wait(void *arg)
{
    (void)arg;
    await_bench();
    group = (rove_group){.is_isolated = true};
    atomic_store(&leaves, 0);
    TEST_CHECK(rove_group_spawn(&group, fork_with_isolation_locked, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_spawn(&group, leaf, NULL) == ROVE_OK, "spawn");
    rove_status status = rove_group_wait(&group);
    if (child == 0)
        _exit(status == ROVE_FORKED && atomic_load(&leaves) == 0 ? 0 : 1);
    TEST_CHECK(status == ROVE_OK && atomic_load(&leaves) == 1, "wait: %s", rove_status_text(status));
    check_child();
}

static void test_a_child_comes_back_to_an_isolated_wait_whose_queue_is_locked(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(rove_run(runtime, come_back_to_isolated_wait, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* A forked task that runs elsewhere until it may end. */
struct part {
    rove_task task;
    atomic_bool is_begun;
    atomic_bool may_end;
};

static void part_run(rove_task *task)
{
    struct part *part = (struct part *)task;
    atomic_store(&part->is_begun, true);
    while (!atomic_load(&part->may_end))
        test_yield();
}

static void nothing_run(rove_task *task)
{
    (void)task;
}

/* Until the part is taken, forks and joins something else: thereby it hears that there is somebody who would. */
static void fork_until_stolen(struct part *part)
{
    rove_fork(&part->task, part_run);
    while (!atomic_load(&part->is_begun)) {
        rove_task other;
        rove_fork(&other, nothing_run);
        TEST_CHECK(rove_join(&other, nothing_run) == ROVE_OK, "join");
        test_yield();
    }
}

static int join_with_isolation_locked(void *arg)
{
    (void)arg;
    struct part part = {.is_begun = false};
    struct rovei_mutex *lock = &group.isolation->tasks.lock;
    fork_until_stolen(&part);
    mutex_lock(lock);
    fork_process();
    if (child == 0)
        _exit(rove_join(&part.task, part_run) == ROVE_FORKED ? 0 : 1);
    mutex_unlock(lock);
    check_child();
    atomic_store(&part.may_end, true);
    TEST_CHECK(rove_join(&part.task, part_run) == ROVE_OK, "join in the parent");
    return 0;
}

static void join_in_isolation(void *arg)
{
    (void)arg;
    group = (rove_group){.is_isolated = true};
    TEST_CHECK(rove_group_spawn(&group, join_with_isolation_locked, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

/* Three workers: one waits, in isolation, one has the task, one takes its part. */
static void test_a_child_joins_in_isolation_though_its_queue_is_locked(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(rove_run(runtime, join_in_isolation, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static int fork_with_group_locked(void *arg)
{
    (void)arg;
    __atomic_fetch_or(&group.state, GROUP_LOCK, __ATOMIC_ACQUIRE);
    fork_process();
    if (child > 0)
        __atomic_fetch_and(&group.state, ~(uint64_t)GROUP_LOCK, __ATOMIC_RELEASE);
    return 0;
}

/* The group's only task: its end is the end of the group, which in the parent somebody may wait to be told of. */
static void come_back_to_group(void *arg)
{
    (void)arg;
    await_bench();
    group = (rove_group){.runtime = NULL};
    TEST_CHECK(rove_group_spawn(&group, fork_with_group_locked, NULL) == ROVE_OK, "spawn");
    rove_status status = rove_group_wait(&group);
    if (child == 0)
        _exit(status == ROVE_FORKED || status == ROVE_OK ? 0 : 1);
    TEST_CHECK(status == ROVE_OK, "wait: %s", rove_status_text(status));
    check_child();
}

static void test_a_child_comes_back_to_a_wait_for_a_group_that_is_locked(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(rove_run(runtime, come_back_to_group, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_comes_back_to_an_isolated_wait_whose_queue_is_locked),
        cmocka_unit_test(test_a_child_joins_in_isolation_though_its_queue_is_locked),
        cmocka_unit_test(test_a_child_comes_back_to_a_wait_for_a_group_that_is_locked),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
