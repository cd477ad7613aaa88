/*
 * Futures under contention: freed the moment their waits return, set and followed at the same moment, set by several at
 * once, canceled as they begin. Each function runs once or never, and everybody hears the same.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

enum { THREADS = 4, FOLLOWERS = 8, POISON = 0xa5 };

static int add(void *arg, void *before, void **value)
{
    *value = (void *)((intptr_t)before + (intptr_t)arg);
    return 0;
}

static rove_future *future_make(rove_runtime *runtime)
{
    rove_future *future = calloc(1, sizeof *future);
    TEST_CHECK(future, "no memory");
    future->group.runtime = runtime;
    return future;
}

/* Waits, giving up now and then, and frees the future at once. */
static void future_take(rove_future *future, intptr_t expected, struct test_random *random)
{
    void *value = NULL;
    rove_status status;
    do {
        int64_t patience = (int64_t)test_random_below(random, 20000);
        status = patience % 4 ? rove_future_wait(future, &value)
                              : rove_future_wait_until(future, rove_clock() + patience, &value);
    } while (status == ROVE_PENDING);
    TEST_CHECK(status == ROVE_OK && (intptr_t)value == expected, "%s, %lld instead of %lld", rove_status_text(status),
               (long long)(intptr_t)value, (long long)expected);
    memset(future, POISON, sizeof *future);
    free(future);
}

/* A tree of futures, each of which follows a random earlier one; the first is started, promised, or promised and set by
 * a task. All are waited for and freed in an order in which nobody loses what it follows. */
struct maker {
    rove_runtime *runtime;
    uint64_t stream;
    int64_t rounds;
};

static int set_later(void *arg)
{
    TEST_CHECK(rove_future_set(arg, (void *)1) == ROVE_OK, "set");
    return 0;
}

static void tree_use(struct maker *maker, struct test_random *random)
{
    rove_future *futures[FOLLOWERS];
    rove_group setters = {.runtime = maker->runtime};
    intptr_t expected[FOLLOWERS] = {1};
    int count = 1 + (int)test_random_below(random, FOLLOWERS), kind = (int)test_random_below(random, 3);
    for (int i = 0; i < count; i++)
        futures[i] = future_make(maker->runtime);
    rove_status status = kind == 0 ? rove_future_start(futures[0], add, (void *)1) : rove_future_promise(futures[0]);
    TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
    if (kind == 1)
        TEST_CHECK(rove_group_spawn(&setters, set_later, futures[0]) == ROVE_OK, "spawn");
    for (int i = 1; i < count; i++) {
        int above = (int)test_random_below(random, (uint64_t)i);
        expected[i] = expected[above] + i;
        TEST_CHECK(rove_future_then(futures[above], futures[i], add, (void *)(intptr_t)i) == ROVE_OK, "then");
    }
    if (kind == 2)
        set_later(futures[0]);
    for (int i = count; i-- > 0;)
        future_take(futures[i], expected[i], random);
    TEST_CHECK(rove_group_wait(&setters) == ROVE_OK, "wait");
}

static void maker_run(void *arg)
{
    struct maker *maker = arg;
    struct test_random random = test_random_make(maker->stream);
    for (int64_t round = 0; round < maker->rounds; round++)
        tree_use(maker, &random);
}

static void maker_run_as_worker(void *arg)
{
    struct maker *maker = arg;
    rove_status status = rove_run(maker->runtime, maker_run, maker);
    TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
}

static void make_and_free(void (*run)(void *arg), int64_t rounds)
{
    for (int workers = 1; workers <= 4; workers *= 2) {
        struct maker makers[THREADS];
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < THREADS; i++)
            makers[i] = (struct maker){runtime, (uint64_t)(workers * 10 + i), rounds};
        test_on_threads(THREADS, run, makers, sizeof makers[0]);
        test_runtime_end(runtime);
    }
}

static void freed_by_threads_outside(void)
{
    make_and_free(maker_run, test_scaled(1500, 50));
}

static void freed_by_workers(void)
{
    make_and_free(maker_run_as_worker, test_scaled(6000, 100));
}

/* Threads that do the same to one promise at the same moment. */
static struct {
    rove_runtime *runtime;
    pthread_barrier_t barrier;
    int64_t rounds;
    rove_future source;
    rove_future followers[THREADS];
    atomic_int runs;
    atomic_int settled; /* how many were the first */
    atomic_intptr_t winner;
} race;

static int count_and_add(void *arg, void *before, void **value)
{
    atomic_fetch_add(&race.runs, 1);
    return add(arg, before, value);
}

static void race_prepare(int64_t round, bool is_started)
{
    memset(&race.source, 0, sizeof race.source);
    memset(race.followers, 0, sizeof race.followers);
    race.source.group.runtime = race.runtime;
    for (int i = 0; i < THREADS; i++)
        race.followers[i].group.runtime = race.runtime;
    atomic_store(&race.runs, 0);
    atomic_store(&race.settled, 0);
    atomic_store(&race.winner, 0);
    rove_status status = is_started ? rove_future_start(&race.source, count_and_add, (void *)(intptr_t)round)
                                    : rove_future_promise(&race.source);
    TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
}

/* Each sets it, half of the time, and follows it. */
static void set_and_follow(int number, struct test_random *random)
{
    intptr_t mine = number + 1;
    test_spin_ns((int64_t)test_random_below(random, 500));
    if (number % 2 == 0) {
        rove_status status =
            number == 0 ? rove_future_fail(&race.source, (int)mine) : rove_future_set(&race.source, (void *)mine);
        TEST_CHECK(status == ROVE_OK || status == ROVE_INVALID, "%s", rove_status_text(status));
        if (status == ROVE_OK) {
            atomic_fetch_add(&race.settled, 1);
            atomic_store(&race.winner, mine);
        }
    }
    TEST_CHECK(rove_future_then(&race.source, &race.followers[number], count_and_add, (void *)10) == ROVE_OK, "then");
    rove_status status = rove_future_wait(&race.followers[number], NULL);
    TEST_CHECK(status == ROVE_OK || status == ROVE_FAILED, "%s", rove_status_text(status));
}

static void check_set(int number)
{
    void *value = NULL;
    intptr_t winner = atomic_load(&race.winner);
    rove_status status = rove_future_wait(&race.followers[number], &value);
    TEST_CHECK(atomic_load(&race.settled) == 1, "%d have set it", atomic_load(&race.settled));
    TEST_CHECK(status == (winner == 1 ? ROVE_FAILED : ROVE_OK), "%s, set by %d", rove_status_text(status), (int)winner);
    TEST_CHECK((intptr_t)value == (winner == 1 ? 0 : winner + 10), "value %lld", (long long)(intptr_t)value);
    TEST_CHECK(rove_future_error(&race.followers[number]) == (winner == 1 ? 1 : 0), "error %d",
               rove_future_error(&race.followers[number]));
    TEST_CHECK(atomic_load(&race.runs) == (winner == 1 ? 0 : THREADS), "%d followers ran", atomic_load(&race.runs));
}

static void set_thread(void *arg)
{
    int number = *(int *)arg;
    struct test_random random = test_random_make((uint64_t)number);
    for (int64_t round = 0; round < race.rounds; round++) {
        if (number == 0)
            race_prepare(round, false);
        pthread_barrier_wait(&race.barrier);
        set_and_follow(number, &random);
        pthread_barrier_wait(&race.barrier);
        check_set(number);
        pthread_barrier_wait(&race.barrier);
    }
}

/* One cancels a future that another has started, followers come meanwhile. */
static void cancel_thread(void *arg)
{
    int number = *(int *)arg;
    struct test_random random = test_random_make((uint64_t)number + 100);
    for (int64_t round = 1; round <= race.rounds; round++) {
        if (number == 0)
            race_prepare(round, true);
        pthread_barrier_wait(&race.barrier);
        test_spin_ns((int64_t)test_random_below(&random, 3000));
        if (number == 0)
            rove_scope_cancel(&race.source.group.scope);
        rove_status then = rove_future_then(&race.source, &race.followers[number], count_and_add, (void *)10);
        TEST_CHECK(then == ROVE_OK, "%s", rove_status_text(then));
        void *value = NULL;
        rove_status status = rove_future_wait(&race.followers[number], &value);
        rove_status above = rove_future_wait(&race.source, NULL);
        TEST_CHECK(status == above && (status == ROVE_OK || status == ROVE_CANCELED), "%s below %s",
                   rove_status_text(status), rove_status_text(above));
        TEST_CHECK((intptr_t)value == (status == ROVE_OK ? round + 10 : 0), "value %lld", (long long)(intptr_t)value);
        pthread_barrier_wait(&race.barrier);
        TEST_CHECK(atomic_load(&race.runs) == (status == ROVE_OK ? THREADS + 1 : 0), "%d runs",
                   atomic_load(&race.runs));
        pthread_barrier_wait(&race.barrier);
    }
}

static void race_run(void (*run)(void *arg), int64_t rounds)
{
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++)
        numbers[i] = i;
    for (int workers = 1; workers <= 4; workers *= 2) {
        race.runtime = test_runtime(workers);
        race.rounds = rounds;
        pthread_barrier_init(&race.barrier, NULL, THREADS);
        test_on_threads(THREADS, run, numbers, sizeof numbers[0]);
        pthread_barrier_destroy(&race.barrier);
        test_runtime_end(race.runtime);
    }
}

static void set_and_followed_at_once(void)
{
    race_run(set_thread, test_scaled(4000, 100));
}

static void canceled_as_they_begin(void)
{
    race_run(cancel_thread, test_scaled(4000, 100));
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"freed_by_threads_outside", freed_by_threads_outside},
        {"freed_by_workers", freed_by_workers},
        {"set_and_followed_at_once", set_and_followed_at_once},
        {"canceled_as_they_begin", canceled_as_they_begin},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 90);
}
