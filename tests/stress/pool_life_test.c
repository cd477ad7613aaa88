/*
 * The end of a pool against everything that goes on in it: each job is run, discarded, or refused; and pools that come
 * and go leave nothing behind.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <support/heap.h>
#include <support/pool.h>

enum { WATCH_SECONDS = 250, PLAYERS = 4, JOBS_MOST = 4000 };

/* What one pool has been given, and what came of it. */
static struct {
    rove_pool *pool;
    rove_runtime *runtime;
    _Atomic int64_t accepted, ran, discarded, made;
    uint64_t round;
    int end; /* how it is brought about */
} life;

static int run(void *arg, void **value)
{
    (void)arg;
    (void)value;
    atomic_fetch_add(&life.ran, 1);
    return 0;
}

static void discard(void *arg)
{
    (void)arg;
    atomic_fetch_add(&life.discarded, 1);
}

static bool is_refusal(rove_status status)
{
    return status == ROVE_DRAINING || status == ROVE_CLOSED || status == ROVE_CANCELED;
}

static void submit_until_refused(struct test_random *random)
{
    rove_job job = {.fn = run, .on_discard = discard};
    while (atomic_fetch_add(&life.made, 1) < JOBS_MOST) {
        uint64_t way = test_random_below(random, 4);
        int64_t until = way == 0 ? 0 : way == 1 ? rove_clock() + 20000 : ROVE_NEVER;
        rove_status status = rove_pool_submit_job(life.pool, &job, until, NULL);
        if (is_refusal(status))
            return;
        TEST_CHECK(status == ROVE_OK || (status == ROVE_FULL && way == 0) || (status == ROVE_TIMED_OUT && way == 1),
                   "submit: %s", rove_status_text(status));
        atomic_fetch_add(&life.accepted, status == ROVE_OK);
    }
}

static void end_it(struct test_random *random)
{
    for (uint64_t i = test_random_below(random, 200); i > 0; i--)
        test_yield();
    switch (life.end) {
    case 0:
        TEST_CHECK(rove_pool_close(life.pool) == ROVE_OK, "close");
        break;
    case 1:
        TEST_CHECK(rove_pool_cancel(life.pool) == ROVE_OK, "cancel");
        break;
    case 2:
        TEST_CHECK(rove_pool_drain(life.pool, ROVE_NEVER) == ROVE_OK, "drain");
        TEST_CHECK(rove_pool_get_state(life.pool) == ROVE_POOL_CLOSED, "a drain that has not closed");
        break;
    case 3:
        rove_pool_request_stop(life.pool);
        break;
    default:
        TEST_CHECK(rove_runtime_shutdown(life.runtime) == ROVE_OK, "shutdown");
    }
}

static void play(void *arg)
{
    int number = *(int *)arg;
    struct test_random random = test_random_make(life.round * PLAYERS + (uint64_t)number);
    if (number == 0)
        end_it(&random);
    else
        submit_until_refused(&random);
}

/* Whether the pool is drained before it is destroyed, or destroyed with jobs in it. */
static void one_end(rove_runtime *runtime, int end, uint64_t round, bool drains)
{
    static int numbers[PLAYERS] = {0, 1, 2, 3};
    struct test_random random = test_random_make(round);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = test_random_below(&random, 4) * 3;
    config.width = (int)test_random_below(&random, 3);
    life.runtime = runtime;
    life.round = round;
    life.end = end;
    life.pool = test_pool(&config);
    life.accepted = life.ran = life.discarded = life.made = 0;
    test_on_threads(PLAYERS, play, numbers, sizeof numbers[0]);
    if (drains) {
        test_pool_end(life.pool);
    } else {
        rove_status status = rove_pool_destroy(life.pool);
        TEST_CHECK(status == ROVE_OK, "destroy: %s", rove_status_text(status));
    }
    TEST_CHECK(atomic_load(&life.accepted) == atomic_load(&life.ran) + atomic_load(&life.discarded),
               "round %llu: %lld jobs were accepted, %lld have run, %lld were discarded", (unsigned long long)round,
               (long long)life.accepted, (long long)life.ran, (long long)life.discarded);
    TEST_CHECK(!drains || end % 2 == 1 || atomic_load(&life.discarded) == 0, "%lld jobs of a drained pool discarded",
               (long long)life.discarded);
}

static void submitters_against_the_end(void)
{
    int64_t rounds = test_scaled(10000, 100);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int64_t i = 0; i < rounds / 3; i++)
            one_end(runtime, (int)(i % 4), (uint64_t)i, i % 3 != 0);
        test_runtime_end(runtime);
    }
}

static void submitters_against_the_shutdown_of_the_runtime(void)
{
    int64_t rounds = test_scaled(500, 20);
    for (int64_t i = 0; i < rounds; i++) {
        rove_runtime *runtime = test_runtime(1 + (int)(i % 3));
        one_end(runtime, 4, (uint64_t)i, i % 2);
        test_runtime_end(runtime);
    }
}

/* Everything that a pool can have, so that everything must be given back. */
static void one_short_life(rove_runtime *runtime, uint64_t number)
{
    struct test_random random = test_random_make(number);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = number % 5 == 0 ? ROVE_UNBOUNDED : test_random_below(&random, 100);
    config.levels = 1 + (int)test_random_below(&random, ROVE_LEVELS_MAX);
    config.placement = (rove_placement)test_random_below(&random, 6);
    config.lanes = (int)test_random_below(&random, 5);
    config.has_results = number % 2;
    config.results_capacity = 1 + test_random_below(&random, 50);
    config.overflow = (rove_overflow)test_random_below(&random, 3);
    config.stuck_after = number % 7 == 0 ? 1000 * ROVE_SECOND : 0;
    config.catches_aborts = number % 3 == 0;
    rove_pool *pool = test_pool(&config);
    atomic_int runs = 0;
    rove_future late = {.group = {.runtime = runtime}}, *const after[] = {&late};
    TEST_CHECK(rove_future_promise(&late) == ROVE_OK, "promise");
    for (uint64_t i = test_random_below(&random, 40); i > 0; i--) {
        rove_job job = {.fn = test_count_job, .arg = &runs, .key = i};
        job.after = i % 16 == 3 ? after : NULL;
        job.after_count = i % 16 == 3 ? 1 : 0;
        if (number % 11 == 0)
            job.retry = (rove_retry){.attempts = 2, .backoff = 1000};
        rove_status status = rove_pool_submit_job(pool, &job, 0, NULL);
        TEST_CHECK(status == ROVE_OK || status == ROVE_FULL, "submit: %s", rove_status_text(status));
    }
    if (number % 4 == 1)
        TEST_CHECK(rove_pool_cancel(pool) == ROVE_OK, "cancel");
    TEST_CHECK(rove_future_set(&late, NULL) == ROVE_OK, "set"); /* jobs that wait for it end no sooner */
    TEST_CHECK(rove_pool_destroy(pool) == ROVE_OK, "destroy");
}

static void pools_that_come_and_go(void)
{
    enum { WARM_UP = 500, SLACK_BLOCKS = 64, SLACK_KIB = 8 << 10 };
    static struct test_heap heap;
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    config.allocator = test_heap_allocator(&heap);
    rove_runtime *runtime = test_runtime_with(&config);
    int threads = test_thread_count(), descriptors = test_descriptor_count();
    int64_t rounds = test_scaled(10000, 200), resident = 0, blocks = 0;
    for (int64_t i = 0; i < WARM_UP + rounds; i++) {
        if (i == WARM_UP) {
            resident = test_resident_kib();
            blocks = atomic_load(&heap.blocks);
        }
        one_short_life(runtime, (uint64_t)i);
    }
    test_wait_for_threads(threads);
    TEST_CHECK(test_descriptor_count() == descriptors, "%d descriptors instead of %d", test_descriptor_count(),
               descriptors);
    printf("  blocks %lld -> %lld, resident %lld KiB -> %lld KiB\n", (long long)blocks, (long long)heap.blocks,
           (long long)resident, (long long)test_resident_kib());
    TEST_CHECK(atomic_load(&heap.blocks) <= blocks + SLACK_BLOCKS, "%lld blocks, %lld before", (long long)heap.blocks,
               (long long)blocks);
    TEST_CHECK(test_is_sanitized() || test_resident_kib() <= resident + SLACK_KIB, "%lld KiB, %lld before",
               (long long)test_resident_kib(), (long long)resident);
    test_runtime_end(runtime);
    test_heap_check(&heap, "pools", rounds);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"submitters_against_the_end", submitters_against_the_end},
        {"submitters_against_the_shutdown_of_the_runtime", submitters_against_the_shutdown_of_the_runtime},
        {"pools_that_come_and_go", pools_that_come_and_go},
    };
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, WATCH_SECONDS);
}
