/*
 * fork(2) while runtimes are at work. The child calls the inherited runtime and is refused, uses the default runtime,
 * makes one of its own, or just leaves; and it never hangs. It may be forked by a thread outside, or by a task, from
 * which it may also come back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <rove/rove.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/storm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SECONDS = 30 };

struct fib {
    rove_task task;
    int n;
    long value;
};

static void fib_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    if (self->n < 2) {
        self->value = self->n;
        return;
    }
    struct fib left = {.n = self->n - 1}, right = {.n = self->n - 2};
    rove_fork(&left.task, fib_task);
    fib_task(&right.task);
    TEST_CHECK(rove_join(&left.task, fib_task) == ROVE_OK, "join");
    self->value = left.value + right.value;
}

static void fib_run(void *arg)
{
    fib_task(arg);
}

static int fib_spawned(void *arg)
{
    fib_task(arg);
    return 0;
}

/* In the child. Each returns 0, or which of its steps went wrong. */

static int use_inherited(rove_runtime *runtime)
{
    struct fib fib = {.n = 10};
    rove_group group = {.runtime = runtime};
    rove_stats stats;
    size_t spawned = 7;
    if (rove_run(runtime, fib_run, &fib) != ROVE_FORKED)
        return 1;
    if (rove_group_spawn(&group, fib_spawned, &fib) != ROVE_FORKED)
        return 2;
    if (rove_group_spawn_many(&group, fib_spawned, &fib, 0, 3, &spawned) != ROVE_FORKED || spawned != 0)
        return 3;
    if (rove_set_workers(runtime, 2) != ROVE_FORKED)
        return 4;
    if (rove_runtime_stats(runtime, &stats) != ROVE_FORKED)
        return 5;
    if (rove_group_wait(&group) != ROVE_OK) /* it is empty */
        return 6;
    if (rove_runtime_shutdown(runtime) != ROVE_FORKED)
        return 7;
    if (rove_runtime_destroy(runtime) != ROVE_FORKED)
        return 8;
    return rove_run(runtime, fib_run, &fib) == ROVE_FORKED ? 0 : 9;
}

static int use_default(rove_runtime *runtime)
{
    (void)runtime;
    struct fib fib = {.n = 15};
    rove_group group = {0};
    if (rove_run(NULL, fib_run, &fib) != ROVE_OK || fib.value != 610)
        return 11;
    if (rove_group_spawn(&group, fib_spawned, &fib) != ROVE_OK || rove_group_wait(&group) != ROVE_OK)
        return 12;
    storm_in(NULL, 500, 3, STORM_ALL);
    return 0;
}

static int make_own(rove_runtime *runtime)
{
    rove_runtime *own = NULL;
    if (use_inherited(runtime) != 0)
        return 21;
    if (rove_runtime_create(&own, NULL, NULL) != ROVE_OK)
        return 22;
    storm_in(own, 500, 4, STORM_ALL);
    return rove_runtime_destroy(own) == ROVE_OK ? 0 : 23;
}

static int fork_again(rove_runtime *runtime)
{
    pid_t grandchild = fork();
    if (grandchild == 0) {
        alarm(CHILD_SECONDS);
        _exit(use_inherited(runtime) || use_default(runtime));
    }
    int status;
    if (grandchild < 0 || waitpid(grandchild, &status, 0) != grandchild || status != 0)
        return 31;
    return use_default(runtime);
}

static int leave(rove_runtime *runtime)
{
    (void)runtime;
    if (test_is_sanitized())
        _exit(0); /* what only the stacks of the parent's threads refer to would be called a leak */
    exit(0);      /* with destructors and all */
}

static int (*const child_cases[])(rove_runtime *runtime) = {use_inherited, use_default, make_own, fork_again, leave};

enum { CHILD_CASES = sizeof child_cases / sizeof *child_cases };

static void fork_and_check(rove_runtime *runtime, uint64_t which)
{
    pid_t child = fork();
    TEST_CHECK(child >= 0, "fork: %s", strerror(errno));
    if (child == 0) {
        alarm(CHILD_SECONDS); /* ends a child that hangs */
        _exit(child_cases[which % CHILD_CASES](runtime));
    }
    int status;
    TEST_CHECK(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
    TEST_CHECK(!WIFSIGNALED(status), "child %d of case %llu: signal %d", (int)child,
               (unsigned long long)(which % CHILD_CASES), WTERMSIG(status));
    TEST_CHECK(WEXITSTATUS(status) == 0, "case %llu: step %d went wrong in the child",
               (unsigned long long)(which % CHILD_CASES), WEXITSTATUS(status));
}

/* Threads that keep the runtime and the default runtime busy. */
static struct {
    rove_runtime *runtime;
    atomic_bool over;
    int child_cases; /* how many of them are used */
} load;

static void load_run(void *arg)
{
    int number = *(int *)arg;
    for (uint64_t round = 0; !atomic_load(&load.over); round++)
        storm_in(number % 2 ? load.runtime : NULL, 2000, round * 10 + (uint64_t)number, STORM_ALL);
}

static void fork_until_done(void *arg)
{
    int64_t rounds = test_scaled(500, 20);
    (void)arg;
    for (int64_t i = 0; i < rounds; i++)
        fork_and_check(load.runtime, (uint64_t)(i % load.child_cases));
    atomic_store(&load.over, true);
}

static void player(void *arg)
{
    if (*(int *)arg == 0)
        fork_until_done(arg);
    else
        load_run(arg);
}

/* A sanitizer's own locks may be held by another thread at the moment of the fork. */
static bool skip_sanitized(void)
{
    if (test_is_sanitized())
        printf("  skipped under a sanitizer\n");
    return test_is_sanitized();
}

static void under_load(void)
{
    if (skip_sanitized())
        return;
    int numbers[] = {0, 1, 2};
    load.runtime = test_runtime(4);
    load.child_cases = CHILD_CASES;
    storm_in(NULL, 100, 1, STORM_ALL); /* makes the default runtime */
    atomic_store(&load.over, false);
    test_on_threads(3, player, numbers, sizeof numbers[0]);
    test_runtime_end(load.runtime);
}

/* Runtimes are being made and destroyed by other threads at the moment of the fork: no lock of theirs may be left
 * locked in the child. The child does not exit() here: the C library's own list of exit functions may be locked,
 * because hwloc loads plugins. */
static void create_and_destroy(void *arg)
{
    if (*(int *)arg == 0) {
        fork_until_done(arg);
        return;
    }
    while (!atomic_load(&load.over)) {
        rove_runtime *runtime = NULL;
        TEST_CHECK(rove_runtime_create(&runtime, NULL, NULL) == ROVE_OK, "create");
        TEST_CHECK(rove_runtime_destroy(runtime) == ROVE_OK, "destroy");
    }
}

static void during_creation(void)
{
    if (skip_sanitized())
        return;
    int numbers[] = {0, 1, 2};
    load.runtime = test_runtime(2);
    load.child_cases = CHILD_CASES - 1;
    atomic_store(&load.over, false);
    test_on_threads(3, create_and_destroy, numbers, sizeof numbers[0]);
    test_runtime_end(load.runtime);
}

/* Nothing has run in the parent, or the runtimes are asleep. */
static void while_idle(void)
{
    rove_runtime *runtime = test_runtime(4);
    int64_t rounds = test_scaled(100, 10);
    for (int64_t i = 0; i < rounds; i++) {
        fork_and_check(runtime, (uint64_t)i);
        if (i % 7 == 6)
            storm_in(runtime, 100, (uint64_t)i, STORM_ALL);
    }
    test_runtime_end(runtime);
}

/* A task forks the process. In the child, this thread is still inside the task, its workers are gone: what it joins or
 * waits for has run, or gives ROVE_FORKED; new work is refused, or runs here; and nothing hangs. */
struct leaf {
    rove_task task;
    int runs;
};

static void leaf_task(rove_task *task)
{
    ((struct leaf *)task)->runs++;
}

static int leaf_spawned(void *arg)
{
    leaf_task(arg);
    return 0;
}

static int child_of_a_task(rove_group *group, struct leaf *forked)
{
    rove_status status = rove_join(&forked->task, leaf_task);
    if (status != ROVE_FORKED && (status != ROVE_OK || forked->runs != 1))
        return 41;
    status = rove_group_wait(group);
    if (status != ROVE_OK && status != ROVE_FORKED)
        return 42;
    struct leaf fresh = {.runs = 0};
    rove_fork(&fresh.task, leaf_task);
    status = rove_join(&fresh.task, leaf_task);
    if (status != ROVE_OK || fresh.runs != 1)
        return 43;
    return 0;
}

static void task_that_forks(void *arg)
{
    (void)arg;
    struct leaf forked = {.runs = 0}, spawned[20] = {{.runs = 0}};
    rove_group group = {0};
    for (int i = 0; i < 20; i++)
        TEST_CHECK(rove_group_spawn(&group, leaf_spawned, &spawned[i]) == ROVE_OK, "spawn");
    rove_fork(&forked.task, leaf_task);
    pid_t child = fork();
    TEST_CHECK(child >= 0, "fork: %s", strerror(errno));
    if (child == 0) {
        alarm(CHILD_SECONDS);
        _exit(child_of_a_task(&group, &forked));
    }
    int status;
    TEST_CHECK(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
    TEST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child of a task: status %x", (unsigned)status);
    TEST_CHECK(rove_join(&forked.task, leaf_task) == ROVE_OK && forked.runs == 1, "join in the parent");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait in the parent");
    for (int i = 0; i < 20; i++)
        TEST_CHECK(spawned[i].runs == 1, "task %d ran %d times", i, spawned[i].runs);
}

static void from_a_task(void)
{
    int64_t rounds = test_scaled(200, 10);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int64_t i = 0; i < rounds; i++)
            TEST_CHECK(rove_run(runtime, task_that_forks, NULL) == ROVE_OK, "run");
        test_runtime_end(runtime);
    }
}

/* A task on a pool thread forks, and the child comes back from it: there it ends, without an error, and without having
 * run anything that its parent has queued. */
static struct {
    pid_t parent;
    atomic_int ended; /* tasks */
} back;

static int stay_in_parent(void *arg)
{
    (void)arg;
    TEST_CHECK(getpid() == back.parent, "a task of the parent's runs in the child");
    atomic_fetch_add(&back.ended, 1);
    return 0;
}

static int come_back(void *arg)
{
    (void)arg;
    pid_t child = fork();
    TEST_CHECK(child >= 0, "fork: %s", strerror(errno));
    if (child == 0) {
        sigset_t ends_it; /* pool threads have all signals blocked */
        sigemptyset(&ends_it);
        sigaddset(&ends_it, SIGALRM);
        pthread_sigmask(SIG_UNBLOCK, &ends_it, NULL);
        alarm(CHILD_SECONDS);
        return 0;
    }
    int status;
    TEST_CHECK(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
    TEST_CHECK(status == 0, "the child that comes back: status %x", (unsigned)status);
    return stay_in_parent(NULL);
}

static int come_back_through_a_wait(void *arg)
{
    (void)arg;
    rove_group group = {0};
    TEST_CHECK(rove_group_spawn(&group, stay_in_parent, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_spawn(&group, come_back, NULL) == ROVE_OK, "spawn"); /* the newest: it runs first */
    rove_status status = rove_group_wait(&group);
    if (getpid() != back.parent)
        return 0;
    TEST_CHECK(status == ROVE_OK, "wait: %s", rove_status_text(status));
    return stay_in_parent(NULL);
}

static void back_from_a_task(void)
{
    if (skip_sanitized())
        return;
    int64_t rounds = test_scaled(50, 5);
    back.parent = getpid();
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int64_t i = 0; i < rounds; i++) {
            rove_group group = {.runtime = runtime};
            atomic_store(&back.ended, 0);
            TEST_CHECK(rove_group_spawn(&group, come_back, NULL) == ROVE_OK, "spawn");
            TEST_CHECK(rove_group_spawn(&group, come_back_through_a_wait, NULL) == ROVE_OK, "spawn");
            while (atomic_load(&back.ended) < 4) /* a wait for the group would run them on this thread */
                test_yield();
            TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        }
        test_runtime_end(runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"while_idle", while_idle},
        {"under_load", under_load},
        {"during_creation", during_creation},
        {"from_a_task", from_a_task},
        {"back_from_a_task", back_from_a_task},
    };
    if (test_is_thread_sanitized()) {
        printf("skipped: ThreadSanitizer does not follow threads that are started after a fork\n");
        return 0;
    }
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
