/*
 * Broadcasts while workers come and go: with the number of workers, with guests, with blocking regions, with runtimes
 * that call each other, at the end of a runtime, and where a worker forks the process. Each broadcast runs at most once
 * on each worker, and as often as it says it has reached one; where nobody comes or goes, that is all of them.
 */
#define _GNU_SOURCE
#include "runtime/sched/runtime.h"

#include <errno.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <support/storm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 12, IDS = 512, STORM = 300 };

static struct {
    rove_runtime *runtime;
    rove_runtime *other;
    rove_group group; /* tasks that follow each other until it is over */
    atomic_bool over;
    _Atomic int64_t broadcasts;
    _Atomic int64_t closed; /* broadcasts that were refused */
    int64_t rounds;
} field;

static void field_begin(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.spares = 3;
    field.runtime = test_runtime_with(&config);
    field.group = (rove_group){.runtime = field.runtime};
    atomic_store(&field.over, false);
    atomic_store(&field.broadcasts, 0);
    atomic_store(&field.closed, 0);
    test_watch_runtime(field.runtime);
}

static void field_end(void)
{
    printf("  %lld broadcasts, %lld refused\n", (long long)atomic_load(&field.broadcasts),
           (long long)atomic_load(&field.closed));
    test_watch_runtime(NULL);
    test_runtime_end(field.runtime);
}

/* Where a broadcast has run, by the number of the worker. The bytes are written by one worker each. */
struct visits {
    rove_runtime *runtime;
    unsigned char at[IDS];
};

static void visit(void *arg)
{
    struct visits *visits = arg;
    int worker = rove_worker_id();
    TEST_CHECK(rove_current_runtime() == visits->runtime, "on no worker of the runtime");
    TEST_CHECK(worker >= 0 && worker < IDS, "on worker %d", worker);
    visits->at[worker]++;
}

/* Broadcasts. Returns how many workers it has reached, or -1 if the runtime is closed. `is_blocking`: the caller is in a
 * blocking region, and so none of them. */
static int broadcast_from(rove_runtime *runtime, bool is_blocking)
{
    struct visits visits = {.runtime = runtime};
    int self = rove_current_runtime() == runtime ? rove_worker_id() : -1;
    int reached = 0, sum = 0;
    rove_status status = rove_broadcast(runtime, visit, &visits, &reached);
    if (status == ROVE_CLOSED) {
        atomic_fetch_add(&field.closed, 1);
        return -1;
    }
    TEST_CHECK(status == ROVE_OK, "broadcast: %s", rove_status_text(status));
    for (int i = 0; i < IDS; i++) {
        TEST_CHECK(visits.at[i] <= 1, "%d times on worker %d", visits.at[i], i);
        sum += visits.at[i];
    }
    TEST_CHECK(sum == reached, "run %d times, but it has reached %d", sum, reached);
    TEST_CHECK(self < 0 || visits.at[self] == !is_blocking, "%d times on the caller, worker %d", visits.at[self], self);
    atomic_fetch_add(&field.broadcasts, 1);
    return reached;
}

static int broadcast(rove_runtime *runtime)
{
    return broadcast_from(runtime, false);
}

static void broadcast_until_over(void)
{
    while (!atomic_load(&field.over))
        broadcast(field.runtime);
}

static void storm_here(uint64_t stream)
{
    struct storm storm;
    storm_init(&storm, STORM, stream, STORM_ALL);
    storm_run(&storm);
    storm_fini(&storm);
}

/* A task that works, broadcasts or blocks, and is followed by another like it. A worker that is one too many leaves
 * between them. */
static int link_task(void *arg)
{
    struct test_random *random = arg;
    switch (test_random_below(random, 4)) {
    case 0:
        broadcast(field.runtime);
        break;
    case 1:
        storm_here(test_random_next(random));
        broadcast(field.other ? field.other : field.runtime);
        break;
    default:
        storm_here(test_random_next(random));
    }
    if (!atomic_load(&field.over))
        TEST_CHECK(rove_group_spawn(&field.group, link_task, random) == ROVE_OK, "spawn");
    return 0;
}

static int blocking_link_task(void *arg)
{
    rove_blocking_begin();
    test_yield();
    broadcast_from(field.runtime, true);
    rove_blocking_end();
    if (!atomic_load(&field.over))
        TEST_CHECK(rove_group_spawn(&field.group, blocking_link_task, arg) == ROVE_OK, "spawn");
    return 0;
}

enum { CHAINS = 3 };

static struct test_random randoms[CHAINS];

static void chains_begin(int chains, rove_group_fn *fn)
{
    for (int i = 0; i < chains; i++) {
        randoms[i] = test_random_make((uint64_t)(100 + i));
        TEST_CHECK(rove_group_spawn(&field.group, fn, &randoms[i]) == ROVE_OK, "spawn");
    }
}

static void chains_end(void)
{
    atomic_store(&field.over, true);
    TEST_CHECK(rove_group_wait(&field.group) == ROVE_OK, "wait");
}

static void change_workers(void)
{
    struct test_random random = test_random_make(7);
    for (int64_t i = 0; i < field.rounds; i++) {
        int workers = i % 2 ? 1 : 2 + (int)test_random_below(&random, MOST - 1);
        rove_status status = rove_set_workers(field.runtime, workers);
        TEST_CHECK(status == ROVE_OK, "set to %d: %s", workers, rove_status_text(status));
        if (i % 4 < 2)
            continue;
        while (atomic_load(&field.runtime->pool_active) != workers)
            test_yield();
        int reached = broadcast(field.runtime);
        TEST_CHECK(reached == workers, "reached %d of %d", reached, workers);
    }
    atomic_store(&field.over, true);
}

static void scaler_or_broadcaster(void *arg)
{
    if (*(int *)arg == 0)
        change_workers();
    else
        broadcast_until_over();
}

/* No guests and no blocking: when those that are too many have left, all that are wanted are reached. */
static void while_the_number_of_workers_changes(void)
{
    int numbers[] = {0, 1, 2};
    field_begin(1);
    field.rounds = test_scaled(2000, 40);
    chains_begin(CHAINS, link_task);
    test_on_threads(3, scaler_or_broadcaster, numbers, sizeof numbers[0]);
    chains_end();
    field_end();
}

static void visit_as_guest(void *arg)
{
    struct test_random *random = arg;
    if (test_random_below(random, 2))
        storm_here(test_random_next(random));
    if (test_random_below(random, 2))
        broadcast(field.runtime);
}

static void guest_or_broadcaster(void *arg)
{
    int number = *(int *)arg;
    struct test_random random = test_random_make((uint64_t)number);
    if (number == 0) {
        broadcast_until_over();
        return;
    }
    for (int64_t i = 0; i < field.rounds; i++)
        TEST_CHECK(rove_run(field.runtime, visit_as_guest, &random) == ROVE_OK, "run");
    atomic_store(&field.over, true);
}

static void while_guests_come_and_go(void)
{
    int numbers[] = {0, 1, 2, 3};
    for (int workers = 1; workers <= 4; workers *= 2) {
        field_begin(workers);
        field.rounds = test_scaled(1000, 20);
        test_on_threads(4, guest_or_broadcaster, numbers, sizeof numbers[0]);
        field_end();
    }
}

static void count_rounds(void *arg)
{
    if (*(int *)arg > 0) {
        broadcast_until_over();
        return;
    }
    for (int64_t i = 0; i < field.rounds; i++)
        broadcast(field.runtime);
    atomic_store(&field.over, true);
}

static void while_workers_block(void)
{
    int numbers[] = {0, 1};
    field_begin(3);
    field.rounds = test_scaled(2000, 40);
    chains_begin(CHAINS, blocking_link_task);
    test_on_threads(2, count_rounds, numbers, sizeof numbers[0]);
    chains_end();
    field_end();
}

static void across(void *arg)
{
    broadcast(field.other);
    if (*(int *)arg % 2)
        TEST_CHECK(rove_run(field.other, across, &(int){0}) == ROVE_OK, "across");
    broadcast(field.runtime);
}

static void across_and_back(void *arg)
{
    bool is_odd = *(int *)arg % 2;
    for (int64_t i = 0; i < field.rounds; i++)
        TEST_CHECK(rove_run(is_odd ? field.runtime : field.other, across, arg) == ROVE_OK, "run");
}

/* Workers of each of two runtimes broadcast to the other. */
static void between_runtimes(void)
{
    int numbers[] = {0, 1, 2, 3};
    field_begin(2);
    field.other = test_runtime(2);
    field.rounds = test_scaled(500, 20);
    chains_begin(CHAINS, link_task);
    test_on_threads(4, across_and_back, numbers, sizeof numbers[0]);
    chains_end();
    test_runtime_end(field.other);
    field.other = NULL;
    field_end();
}

/* Started before the end begins, so it may broadcast as long as it likes. */
static int broadcast_to_the_end(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        TEST_CHECK(broadcast(field.runtime) > 0, "the runtime is closed to its own tasks");
    return 0;
}

static void closer_or_broadcaster(void *arg)
{
    if (*(int *)arg > 0) {
        while (broadcast(field.runtime) >= 0)
            ;
        return;
    }
    rove_group group = {.runtime = field.runtime};
    for (int i = 0; i < 8; i++)
        TEST_CHECK(rove_group_spawn(&group, broadcast_to_the_end, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_runtime_shutdown(field.runtime) == ROVE_OK, "shutdown");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "what was accepted has run");
}

static void at_the_end(void)
{
    int numbers[] = {0, 1, 2};
    int64_t rounds = test_scaled(200, 10);
    for (int64_t i = 0; i < rounds; i++) {
        field.runtime = test_runtime(1 + (int)(i % 4));
        test_on_threads(3, closer_or_broadcaster, numbers, sizeof numbers[0]);
        test_runtime_end(field.runtime);
    }
}

/* How many of the broadcasts on this stack wait, so that a child of fork knows what it comes back to. */
static _Thread_local int broadcasts_below;
static bool is_child;

static void broadcast_around_fork(void)
{
    struct visits visits = {.runtime = field.runtime};
    int reached;
    broadcasts_below++;
    rove_status status = rove_broadcast(field.runtime, visit, &visits, &reached);
    broadcasts_below--;
    if (is_child)
        _exit(status == ROVE_FORKED && rove_broadcast(field.runtime, visit, &visits, NULL) == ROVE_FORKED ? 0 : 1);
    TEST_CHECK(status == ROVE_OK, "broadcast: %s", rove_status_text(status));
}

static int fork_link_task(void *arg)
{
    struct test_random *random = arg;
    if (test_random_below(random, 4) == 0) {
        pid_t child = fork();
        TEST_CHECK(child >= 0, "fork: %s", strerror(errno));
        if (child == 0) {
            alarm(30); /* ends a child that hangs */
            is_child = true;
            if (broadcasts_below > 0)
                return 0;
            _exit(rove_broadcast(field.runtime, visit, arg, NULL) == ROVE_FORKED ? 0 : 2);
        }
        int status;
        TEST_CHECK(waitpid(child, &status, 0) == child && status == 0, "the child ends with %x", (unsigned)status);
    }
    if (!atomic_load(&field.over))
        TEST_CHECK(rove_group_spawn(&field.group, fork_link_task, random) == ROVE_OK, "spawn");
    broadcast_around_fork();
    return 0;
}

static void fork_here(void *arg)
{
    pid_t child = fork();
    if (child == 0)
        alarm(30);
    *(pid_t *)arg = child;
}

static void count_or_fork(void *arg)
{
    if (*(int *)arg == 0) {
        count_rounds(arg);
        return;
    }
    while (!atomic_load(&field.over)) {
        pid_t child = -1;
        rove_status ran = rove_run(field.runtime, fork_here, &child);
        if (child == 0)
            _exit(0); /* it has left the parent's runtime, whoever held its locks at the moment of the fork */
        int status;
        TEST_CHECK(ran == ROVE_OK && child > 0, "run: %s, fork: %s", rove_status_text(ran), strerror(errno));
        TEST_CHECK(waitpid(child, &status, 0) == child && status == 0, "the child ends with %x", (unsigned)status);
    }
}

/* The next task of a chain runs on top of a broadcast that waits, and may fork there. */
static void while_workers_fork_the_process(void)
{
    if (test_is_sanitized()) { /* whose own locks may be held by another thread at that moment */
        printf("  skipped under a sanitizer\n");
        return;
    }
    int numbers[] = {0, 1};
    field_begin(3);
    field.rounds = test_scaled(500, 20);
    chains_begin(CHAINS, fork_link_task);
    test_on_threads(2, count_or_fork, numbers, sizeof numbers[0]);
    chains_end();
    field_end();
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"while_the_number_of_workers_changes", while_the_number_of_workers_changes},
        {"while_guests_come_and_go", while_guests_come_and_go},
        {"while_workers_block", while_workers_block},
        {"between_runtimes", between_runtimes},
        {"at_the_end", at_the_end},
        {"while_workers_fork_the_process", while_workers_fork_the_process},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
