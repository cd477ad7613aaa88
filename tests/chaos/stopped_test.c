/*
 * A worker that is stopped between its store of `bottom` and its load: for as long as it stands there, thieves find
 * what it hides, publish it by force, and steal. Whether it sleeps or runs on a processor meanwhile makes no
 * difference: each task runs once.
 */
#include <chaos/chaos.h>
#include <rove/rove.h>
#include <stdio.h>
#include <support/support.h>
#include <time.h>

enum { OPEN = 5, STOP_MS = 5 };

static struct {
    rove_runtime *runtime;
    struct test_random random;
    int64_t stops;
    int64_t next; /* gaps until the next stop */
    int64_t seen; /* stops during which something was forced or stolen */
} owner;

static _Thread_local bool is_owner;
static struct test_once once;

static uint64_t interferences(void)
{
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(owner.runtime, &stats) == ROVE_OK, "statistics");
    return stats.forced + stats.steals;
}

/* Stands still until the others have done something, or for some milliseconds; half of the time it uses its processor
 * meanwhile, so that the barrier has to interrupt it. */
static void owner_stop(void)
{
    bool is_sleeping = test_random_below(&owner.random, 2);
    uint64_t before = interferences();
    struct timespec pause = {0, 50000}, now, start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        if (is_sleeping)
            nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (interferences() == before &&
             (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < STOP_MS);
    owner.seen += interferences() != before;
    owner.stops++;
}

static void owner_at_gap(void)
{
    if (!is_owner || --owner.next > 0)
        return;
    owner.next = INT64_MAX; /* none while it stops */
    owner_stop();
    owner.next = 1 + (int64_t)test_random_below(&owner.random, 40);
}

struct job {
    rove_task task;
    int64_t number;
};

static void job_forked(rove_task *task)
{
    test_once_mark(&once, ((struct job *)task)->number);
}

static int job_spawned(void *arg)
{
    job_forked(arg);
    return 0;
}

/* Some forks and some spawns, up to five at a time, until it has been stopped often enough. */
static void owner_run(void *arg)
{
    int64_t stops = *(int64_t *)arg, number = 0;
    is_owner = true;
    while (owner.stops < stops && number + OPEN <= once.count) {
        struct job jobs[OPEN];
        rove_group group = {0};
        int forks = (int)test_random_below(&owner.random, OPEN + 1);
        for (int i = 0; i < OPEN; i++) {
            jobs[i].number = number++;
            if (i < forks)
                rove_fork(&jobs[i].task, job_forked);
            else
                TEST_CHECK(rove_group_spawn(&group, job_spawned, &jobs[i]) == ROVE_OK, "spawn");
        }
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        while (forks-- > 0)
            TEST_CHECK(rove_join(&jobs[forks].task, job_forked) == ROVE_OK, "join");
    }
    is_owner = false;
    for (; number < once.count; number++)
        test_once_mark(&once, number);
}

static void between_store_and_load(void)
{
    int64_t stops = test_scaled(1000, 100);
    for (int workers = 2; workers <= 8; workers *= 2) {
        owner.runtime = test_runtime(workers);
        owner.random = test_random_make((uint64_t)workers);
        do { /* again if little has happened, as the others may have no processor for long; else the watchdog comes */
            owner.stops = owner.seen = 0;
            owner.next = 20;
            test_once_init(&once, stops * 100);
            TEST_CHECK(rove_run(owner.runtime, owner_run, &stops) == ROVE_OK, "run");
            test_once_check(&once);
            test_once_fini(&once);
            printf("  %d workers: stopped %lld times, %lld times something happened meanwhile\n", workers,
                   (long long)owner.stops, (long long)owner.seen);
            TEST_CHECK(owner.stops >= stops, "stopped only %lld times", (long long)owner.stops);
        } while (owner.seen * 10 < stops);
        test_runtime_end(owner.runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {{"between_store_and_load", between_store_and_load}};
    chaos_at_gap = owner_at_gap;
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 60);
}
