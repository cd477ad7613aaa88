/*
 * Futures that end while jobs which wait for them are submitted and canceled: each job runs or is discarded, once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, THREADS = 3, FUTURES = 3 };

static rove_runtime *runtime;
static rove_pool *pool;
static atomic_int arrived;

static int begin(void **state)
{
    (void)state;
    runtime = test_runtime(2);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_runtime_end(runtime);
    return 0;
}

struct raced {
    atomic_int runs;
    atomic_int discards;
};

static int run(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add(&((struct raced *)arg)->runs, 1);
    return 0;
}

static void discard(void *arg)
{
    atomic_fetch_add(&((struct raced *)arg)->discards, 1);
}

enum { JOBS = 20 };

/* What one thread does in a round: submits jobs after all futures, ends futures, cancels. */
struct part {
    rove_future *futures;
    struct raced jobs[JOBS];
    int accepted;
    bool ends;
    bool cancels_pool;
    struct test_random random;
};

static void submit_and_cancel(struct part *part)
{
    rove_future *after[FUTURES];
    for (int i = 0; i < FUTURES; i++)
        after[i] = &part->futures[i];
    for (int i = 0; i < JOBS; i++) {
        rove_ticket ticket;
        rove_job job = {
            .fn = run, .arg = &part->jobs[i], .on_discard = discard, .after = after, .after_count = FUTURES};
        rove_status status = rove_pool_submit_job(pool, &job, ROVE_NEVER, &ticket);
        TEST_CHECK(status == ROVE_OK || status == ROVE_DRAINING || status == ROVE_CLOSED || status == ROVE_CANCELED,
                   "%s", rove_status_text(status));
        if (status != ROVE_OK)
            break;
        part->accepted++;
        if (test_random_below(&part->random, 2)) {
            status = rove_job_cancel(pool, ticket);
            TEST_CHECK(status == ROVE_OK || status == ROVE_INVALID, "%s", rove_status_text(status));
        }
    }
    if (part->cancels_pool)
        TEST_CHECK(rove_pool_cancel(pool) == ROVE_OK, "cancel");
}

static void take_part(void *arg)
{
    struct part *part = arg;
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < THREADS)
        test_yield();
    if (!part->ends) {
        submit_and_cancel(part);
        return;
    }
    for (int i = 0; i < FUTURES; i++) {
        test_spin_ns((int64_t)test_random_below(&part->random, 20000));
        rove_status status = test_random_below(&part->random, 4) ? rove_future_set(&part->futures[i], NULL)
                                                                 : rove_future_fail(&part->futures[i], 3);
        TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
    }
}

static void play_round(uint64_t number)
{
    static struct part parts[THREADS];
    rove_future futures[FUTURES] = {{.fn = NULL}};
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = ROVE_UNBOUNDED;
    pool = test_pool(&config);
    for (int i = 0; i < FUTURES; i++)
        assert_int_equal(rove_future_promise(&futures[i]), ROVE_OK);
    atomic_store(&arrived, 0);
    for (int i = 0; i < THREADS; i++) {
        parts[i] = (struct part){.futures = futures, .ends = i == 0, .cancels_pool = i == 1 && number % 2};
        parts[i].random = test_random_make(number * THREADS + (uint64_t)i);
    }
    test_on_threads(THREADS, take_part, parts, sizeof parts[0]);
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    for (int i = 1; i < THREADS; i++)
        for (int k = 0; k < JOBS; k++) {
            const struct raced *raced = &parts[i].jobs[k];
            assert_int_equal(atomic_load(&raced->runs) + atomic_load(&raced->discards), k < parts[i].accepted);
        }
    test_pool_end(pool);
    for (int i = 0; i < FUTURES; i++)
        rove_future_wait(&futures[i], NULL);
}

static void test_each_job_runs_or_is_discarded_once(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < (uint64_t)test_scaled(300, 30); i++)
        play_round(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_job_runs_or_is_discarded_once, begin, end),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
