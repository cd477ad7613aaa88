/*
 * Eight threads wait for one group, again and again: all return, and none before the last task has ended.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <support/support.h>

enum { WAITERS = 8, TASKS = 3 };

static struct {
    rove_runtime *runtime;
    rove_group group;
    pthread_barrier_t barrier;
    int64_t rounds;
    atomic_int executed;
    bool as_workers; /* half of the waiters wait inside rove_run */
} table;

static int execute(void *arg)
{
    atomic_fetch_add(&table.executed, 1);
    return arg ? 5 : 0;
}

static void wait_once(void *arg)
{
    int64_t round = *(int64_t *)arg;
    rove_status expected = round % 4 == 3 ? ROVE_FAILED : ROVE_OK, status = rove_group_wait(&table.group);
    TEST_CHECK(status == expected, "round %lld: %s", (long long)round, rove_status_text(status));
    TEST_CHECK(atomic_load(&table.executed) == TASKS, "round %lld: back after %d tasks", (long long)round,
               atomic_load(&table.executed));
}

static void spawn_tasks(int64_t round)
{
    atomic_store(&table.executed, 0);
    for (int i = 0; i < TASKS; i++) {
        bool fails = i == 1 && round % 4 == 3;
        rove_status status = rove_group_spawn(&table.group, execute, fails ? &table : NULL);
        TEST_CHECK(status == ROVE_OK, "spawn: %s", rove_status_text(status));
    }
}

static void waiter(void *arg)
{
    int number = *(int *)arg;
    for (int64_t round = 0; round < table.rounds; round++) {
        if (number == round % WAITERS)
            spawn_tasks(round);
        pthread_barrier_wait(&table.barrier);
        if (table.as_workers && number % 2)
            TEST_CHECK(rove_run(table.runtime, wait_once, &round) == ROVE_OK, "run");
        else
            wait_once(&round);
        pthread_barrier_wait(&table.barrier);
    }
}

static void run_waiters(int workers, int64_t rounds, bool as_workers)
{
    int numbers[WAITERS];
    for (int i = 0; i < WAITERS; i++)
        numbers[i] = i;
    table.runtime = test_runtime(workers);
    table.group = (rove_group){.runtime = table.runtime};
    table.rounds = rounds;
    table.as_workers = as_workers;
    pthread_barrier_init(&table.barrier, NULL, WAITERS);
    test_on_threads(WAITERS, waiter, numbers, sizeof numbers[0]);
    pthread_barrier_destroy(&table.barrier);
    test_runtime_end(table.runtime);
}

static void outside(void)
{
    for (int workers = 1; workers <= 4; workers *= 2)
        run_waiters(workers, test_scaled(20000, 100), false);
}

static void half_of_them_workers(void)
{
    for (int workers = 1; workers <= 4; workers *= 2)
        run_waiters(workers, test_scaled(14000, 100), true);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"outside", outside},
        {"half_of_them_workers", half_of_them_workers},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
