/*
 * Storms of spawns: forks, groups and calls mixed in one frame, nested, from inside and from outside.
 */
#include <rove/rove.h>
#include <stdio.h>
#include <support/storm.h>

static const int worker_counts[] = {1, 2, 4, 32};

enum { WORKER_COUNTS = sizeof worker_counts / sizeof *worker_counts };

static void storm_on_all_counts(int64_t tasks, unsigned ways)
{
    for (int i = 0; i < WORKER_COUNTS; i++) {
        rove_runtime *runtime = test_runtime(worker_counts[i]);
        TEST_CHECK(storm_in(runtime, tasks, (uint64_t)i, ways) == 0, "a spawn was refused");
        test_runtime_end(runtime);
    }
}

static void one_group(void)
{
    storm_on_all_counts(test_scaled(400000, 1000), STORM_SPAWN_OUTER | STORM_CALL);
}

static void nested_groups(void)
{
    storm_on_all_counts(test_scaled(400000, 1000), STORM_SPAWN_LOCAL);
}

static void forks_and_calls(void)
{
    storm_on_all_counts(test_scaled(800000, 1000), STORM_FORK | STORM_CALL);
}

static void forks_and_outer_spawns(void)
{
    storm_on_all_counts(test_scaled(400000, 1000), STORM_FORK | STORM_SPAWN_OUTER);
}

static void everything(void)
{
    storm_on_all_counts(test_scaled(800000, 1000), STORM_ALL);
}

/* Many small storms one after another, so that the runtime is mostly about to start, to finish, or to sleep. */
static void small_storms(void)
{
    for (int i = 0; i < WORKER_COUNTS; i++) {
        rove_runtime *runtime = test_runtime(worker_counts[i]);
        int64_t rounds = test_scaled(5000, 50);
        for (int64_t round = 0; round < rounds; round++)
            storm_in(runtime, 1 + round % 60, (uint64_t)round, STORM_ALL);
        test_runtime_end(runtime);
    }
}

/* Storms of several threads at once. */
struct guest {
    rove_runtime *runtime;
    uint64_t stream;
    int64_t rounds;
};

static void guest_run(void *arg)
{
    struct guest *guest = arg;
    for (int64_t round = 0; round < guest->rounds; round++)
        storm_in(guest->runtime, 2000, guest->stream * 1000 + (uint64_t)round, STORM_ALL);
}

static void many_threads(void)
{
    enum { GUESTS = 8 };
    for (int i = 0; i < WORKER_COUNTS; i++) {
        rove_runtime *runtime = test_runtime(worker_counts[i]);
        struct guest guests[GUESTS];
        for (int j = 0; j < GUESTS; j++)
            guests[j] = (struct guest){runtime, (uint64_t)j, test_scaled(15, 2)};
        test_on_threads(GUESTS, guest_run, guests, sizeof guests[0]);
        test_runtime_end(runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"one_group", one_group},
        {"nested_groups", nested_groups},
        {"forks_and_calls", forks_and_calls},
        {"forks_and_outer_spawns", forks_and_outer_spawns},
        {"everything", everything},
        {"small_storms", small_storms},
        {"many_threads", many_threads},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
