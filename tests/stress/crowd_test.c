/*
 * Far more workers than processors: 200 that work, and 256 that rob one busy owner.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/idle.h>
#include <support/storm.h>

enum { CROWD = 200, THIEVES = 256, GUESTS = 8 };

/* ThreadSanitizer's state for so many threads would fill the memory. */
static int few_if_sanitized(int workers)
{
    return test_is_sanitized() ? workers / 4 : workers;
}

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

static void all_work(void)
{
    int workers = few_if_sanitized(CROWD);
    rove_runtime *runtime = test_runtime(workers);
    struct guest guests[GUESTS];
    storm_in(runtime, test_scaled(1000000, 1000), 1, STORM_ALL);
    storm_in(runtime, test_scaled(1000000, 1000), 2, STORM_FORK | STORM_CALL);
    for (int i = 0; i < GUESTS; i++)
        guests[i] = (struct guest){runtime, (uint64_t)i, test_scaled(40, 2)};
    test_on_threads(GUESTS, guest_run, guests, sizeof guests[0]);
    test_runtime_end(runtime);
}

/* The owner's tasks; a leaf of some 50 microseconds keeps it from hearing doorbells, so thieves have to force. */
struct job {
    rove_task task;
    int64_t number;
};

static struct test_once once;

static void mark_forked(rove_task *task)
{
    test_once_mark(&once, ((struct job *)task)->number);
}

static void fork_and_be_busy(void *arg)
{
    (void)arg;
    for (int64_t number = 0; number < once.count; number += 4) {
        struct job jobs[4];
        for (int i = 0; i < 4; i++) {
            jobs[i].number = number + i;
            rove_fork(&jobs[i].task, mark_forked);
            test_spin_ns(50000);
        }
        for (int i = 3; i >= 0; i--)
            TEST_CHECK(rove_join(&jobs[i].task, mark_forked) == ROVE_OK, "join");
    }
}

/* Each forced publication interrupts all processors, so however many thieves there are, at most one is made in 20
 * microseconds. */
static void all_rob_one(void)
{
    enum { INTERVAL_NS = 20000, SLACK = 2 };
    int workers = few_if_sanitized(THIEVES);
    rove_runtime *runtime = test_runtime(workers);
    int64_t start = test_now_ns();
    rove_stats stats;
    do { /* until one is made, as thieves may be served by doorbells, or have no processor, for long; if they never force
            or steal, the watchdog comes */
        test_once_init(&once, test_scaled(20000, 1000) / 4 * 4);
        TEST_CHECK(rove_run(runtime, fork_and_be_busy, NULL) == ROVE_OK, "run");
        test_once_check(&once);
        test_once_fini(&once);
        TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    } while ((stats.forced == 0 && atomic_load(&runtime->has_barrier)) || stats.stolen_forks == 0);
    int64_t most = (test_now_ns() - start) / INTERVAL_NS + SLACK;
    printf("  %d workers: %llu tasks stolen, %llu forced publications, at most %lld allowed\n", workers,
           (unsigned long long)stats.stolen_forks, (unsigned long long)stats.forced, (long long)most);
    TEST_CHECK((int64_t)stats.forced <= most, "%llu forced publications", (unsigned long long)stats.forced);
    test_runtime_end(runtime);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"all_work", all_work},
        {"all_rob_one", all_rob_one},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
