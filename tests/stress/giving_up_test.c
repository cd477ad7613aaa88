/*
 * Work that comes exactly when the last searcher gives up: each task is placed so long after the one before that the
 * worker which ran that one is about to stop searching, somewhat before or after. It runs, and its placer does nothing
 * that would help.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/support.h>

/* How long idle workers search; with 0 they give up at once. */
static const int64_t spins_ns[] = {0, 2000, 20000};

enum { SPINS = sizeof spins_ns / sizeof *spins_ns, AROUND_NS = 4000 };

static struct test_once once;
static struct test_random randoms;
static rove_runtime *runtime;
static int64_t spin_ns;

static int mark(void *arg)
{
    test_once_mark(&once, (int64_t)(intptr_t)arg);
    return 0;
}

/* Waits until the task before has run, and then for about as long as a searcher has patience. */
static void await_end_of_search(int64_t number)
{
    while (number > 0 && !__atomic_load_n(&once.runs[number - 1], __ATOMIC_ACQUIRE))
        test_yield();
    int64_t least = spin_ns > AROUND_NS ? spin_ns - AROUND_NS : 0;
    test_spin_ns(least + (int64_t)test_random_below(&randoms, 2 * AROUND_NS));
}

static void spawn_from_here(void *arg)
{
    (void)arg;
    rove_group group = {.runtime = runtime};
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        await_end_of_search(number);
        TEST_CHECK(rove_group_spawn(&group, mark, (void *)(intptr_t)number) == ROVE_OK, "spawn");
    }
    while (!__atomic_load_n(&once.runs[once.made - 1], __ATOMIC_ACQUIRE))
        test_yield();
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void run_with(int workers, bool as_worker)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.spin_ns = spin_ns;
    runtime = test_runtime_with(&config);
    randoms = test_random_make((uint64_t)(spin_ns + workers));
    test_once_init(&once, test_scaled(100000, 2000) / (4 * SPINS));
    if (as_worker)
        TEST_CHECK(rove_run(runtime, spawn_from_here, NULL) == ROVE_OK, "run");
    else
        spawn_from_here(NULL);
    test_once_check(&once);
    test_once_fini(&once);
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    printf("  %d workers that search for %lld ns: %llu parks, %llu wakes\n", workers, (long long)spin_ns,
           (unsigned long long)stats.parks, (unsigned long long)stats.wakes);
    test_runtime_end(runtime);
}

static void run_all(int fewest, bool as_worker)
{
    for (int i = 0; i < SPINS; i++) {
        spin_ns = spins_ns[i];
        run_with(fewest, as_worker);
        run_with(2 * fewest, as_worker);
    }
}

static void from_outside(void)
{
    run_all(1, false);
}

static void from_a_worker(void)
{
    run_all(2, true);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"from_outside", from_outside},
        {"from_a_worker", from_a_worker},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
