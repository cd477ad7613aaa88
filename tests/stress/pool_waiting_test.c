/*
 * Waiting in pools: many readers of one stream, many batches in one pool, and a stop while everybody waits. Every
 * record comes to one reader, every batch ends with all that it holds and is not touched any more, and everybody comes
 * back.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <support/support.h>

enum { READERS = 6, SUBMITTERS = 2, BATCHERS = 4, BATCH_MOST = 24, AT_ONCE = 5, CASE_SECONDS = 250 };

static struct {
    rove_runtime *runtime;
    rove_pool *pool;
    struct test_once once;
    atomic_llong next;
    atomic_int submitters;
    int64_t rounds;
} table;

static void begin(int workers, rove_pool_config config)
{
    table.runtime = test_runtime(workers);
    test_watch_runtime(table.runtime);
    config.runtime = table.runtime;
    TEST_CHECK(rove_pool_create(&table.pool, &config, NULL) == ROVE_OK, "create");
}

static void end(void)
{
    TEST_CHECK(rove_pool_destroy(table.pool) == ROVE_OK, "destroy");
    test_watch_runtime(NULL);
    test_runtime_end(table.runtime);
}

static int do_nothing(void *arg, void **value)
{
    (void)arg;
    (void)value;
    return 0;
}

/* Submits until nothing is left; the last one that is done closes the pool. */
static void submit_all(void)
{
    int64_t id;
    while ((id = atomic_fetch_add(&table.next, 1)) < table.once.count) {
        rove_job job = {.fn = do_nothing, .id = (uint64_t)id};
        rove_status status = rove_pool_submit_job(table.pool, &job, ROVE_NEVER, NULL);
        TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    }
    if (atomic_fetch_sub(&table.submitters, 1) == 1)
        TEST_CHECK(rove_pool_close(table.pool) == ROVE_OK, "close");
}

/* Reads to the end in the manner of its number: one by one or several at once, for ever or with little patience. */
static void read_all(void *arg)
{
    int number = *(const int *)arg;
    size_t most = number % 2 ? 1 : AT_ONCE;
    bool is_patient = number % 3 == 0;
    rove_result results[AT_ONCE];
    rove_status status = ROVE_OK;
    while (status != ROVE_CLOSED) {
        size_t count;
        int64_t until = is_patient ? ROVE_NEVER : rove_clock() + 20 * ROVE_MICROSECOND;
        status = rove_pool_next_batch(table.pool, results, most, until, &count);
        TEST_CHECK(status == ROVE_OK || status == ROVE_CLOSED || (status == ROVE_TIMED_OUT && !is_patient), "next: %s",
                   rove_status_text(status));
        TEST_CHECK((status == ROVE_OK) == (count > 0) && count <= most, "%zu records", count);
        for (size_t i = 0; i < count; i++)
            test_once_mark(&table.once, (int64_t)results[i].id);
    }
}

/* Some of the readers are workers, if there is room for guests. */
static void read_or_submit(void *arg)
{
    int number = *(const int *)arg;
    if (number >= READERS)
        submit_all();
    else if (number < 2)
        TEST_CHECK(rove_run(table.runtime, read_all, arg) == ROVE_OK, "run");
    else
        read_all(arg);
}

static void read_and_submit(int workers, size_t results_capacity, rove_overflow overflow)
{
    rove_pool_config config;
    int threads[READERS + SUBMITTERS];
    rove_pool_config_default(&config);
    config.has_results = true;
    config.capacity = 16;
    config.results_capacity = results_capacity;
    config.overflow = overflow;
    test_once_init(&table.once, test_scaled(40000, 500));
    atomic_store(&table.next, 0);
    atomic_store(&table.submitters, SUBMITTERS);
    begin(workers, config);
    for (int i = 0; i < READERS + SUBMITTERS; i++)
        threads[i] = i;
    test_on_threads(READERS + SUBMITTERS, read_or_submit, threads, sizeof threads[0]);
    end();
    test_once_check(&table.once);
    test_once_fini(&table.once);
}

static void many_readers(void)
{
    for (int workers = 1; workers <= 4; workers *= 2) {
        read_and_submit(workers, 1, ROVE_OVERFLOW_BLOCK);
        read_and_submit(workers, 7, ROVE_OVERFLOW_BLOCK);
        read_and_submit(workers, 1, ROVE_OVERFLOW_GROW);
    }
}

/* What a job of a batch does, chosen by its index and the turn of its batch. */
static int end_somehow(void *arg, void **value)
{
    uintptr_t what = (uintptr_t)arg;
    (void)value;
    if (what % 11 == 0)
        test_yield();
    return what % 17 == 0 ? (int)what + 1 : 0;
}

/* What the status of a batch has to say, by its results. */
static rove_status batch_status(const rove_batch *batch, size_t count)
{
    size_t succeeded = 0, failed = 0;
    for (size_t i = 0; i < count; i++) {
        rove_status status = batch->results[i].status;
        succeeded += status == ROVE_OK;
        failed += status == ROVE_FAILED;
        TEST_CHECK(status == ROVE_OK || status == ROVE_FAILED || status == ROVE_CANCELED || status == ROVE_REJECTED,
                   "the result of job %zu is missing", i);
    }
    TEST_CHECK(rove_batch_successes(batch) == succeeded, "%zu of %zu successes counted", rove_batch_successes(batch),
               succeeded);
    TEST_CHECK((rove_batch_error(batch) != 0) == (failed > 0), "error %d", rove_batch_error(batch));
    if (batch->stop_after > 0 && succeeded >= batch->stop_after)
        return ROVE_OK;
    return failed > 0 ? ROVE_FAILED : succeeded < count ? ROVE_CANCELED : ROVE_OK;
}

static rove_status submit_batch(rove_batch *batch, size_t count, size_t cancel_at)
{
    for (size_t i = 0; i < count; i++) {
        if (i == cancel_at)
            rove_batch_cancel(batch);
        uintptr_t what = (uintptr_t)batch->count + i;
        rove_job job = {.fn = end_somehow, .arg = (void *)what, .batch = batch, .index = i};
        rove_status status = rove_pool_submit_job(table.pool, &job, ROVE_NEVER, NULL);
        TEST_CHECK(status == ROVE_OK || status == ROVE_CANCELED, "submit: %s", rove_status_text(status));
        if (status)
            batch->results[i] = (rove_result){.status = ROVE_REJECTED};
    }
    return ROVE_OK;
}

/* One batch after the other, each in memory that is wiped after its wait. */
static void make_batches(void *arg)
{
    struct test_random random = test_random_make((uint64_t) * (const int *)arg);
    for (int64_t round = 0; round < table.rounds; round++) {
        rove_result results[BATCH_MOST];
        size_t count = test_random_below(&random, BATCH_MOST + 1);
        size_t cancel_at = test_random_below(&random, 4 * BATCH_MOST);
        memset(results, 0xff, sizeof results);
        rove_batch batch = {.results = results,
                            .count = BATCH_MOST,
                            .policy = (rove_policy)test_random_below(&random, 2),
                            .stop_after = test_random_below(&random, 3) ? 0 : 1 + test_random_below(&random, 5)};
        submit_batch(&batch, count, cancel_at);
        rove_status status = ROVE_PENDING;
        while (status == ROVE_PENDING)
            status = rove_batch_wait(&batch, test_random_below(&random, 2) ? ROVE_NEVER : rove_clock() + 5000);
        rove_status expected = batch_status(&batch, count);
        TEST_CHECK(status == expected, "%s, and not %s", rove_status_text(status), rove_status_text(expected));
        memset(&batch, 0xff, sizeof batch);
    }
}

static void make_batches_somewhere(void *arg)
{
    if (*(const int *)arg == 0)
        TEST_CHECK(rove_run(table.runtime, make_batches, arg) == ROVE_OK, "run");
    else
        make_batches(arg);
}

static void many_batches(void)
{
    int threads[BATCHERS];
    rove_pool_config config;
    rove_pool_config_default(&config);
    config.capacity = 8;
    table.rounds = test_scaled(2000, 50);
    for (int i = 0; i < BATCHERS; i++)
        threads[i] = i;
    for (int workers = 1; workers <= 4; workers *= 2) {
        begin(workers, config);
        test_on_threads(BATCHERS, make_batches_somewhere, threads, sizeof threads[0]);
        end();
    }
}

/* In a pool whose stream is full and that nobody reads. */
static void wait_until_stopped(void *arg)
{
    rove_batch *batch = arg;
    rove_result result;
    rove_status status;
    if (batch->count == 0) {
        while ((status = rove_pool_submit(table.pool, do_nothing, NULL)) == ROVE_OK)
            continue;
        TEST_CHECK(status == ROVE_CANCELED || status == ROVE_DRAINING || status == ROVE_CLOSED, "submit: %s",
                   rove_status_text(status));
    } else if (batch->count == 1) {
        rove_job job = {.fn = do_nothing, .batch = batch};
        while ((status = rove_pool_submit_job(table.pool, &job, rove_clock() + 1000, NULL)) == ROVE_TIMED_OUT)
            continue;
        rove_batch_wait(batch, ROVE_NEVER);
    } else if (batch->count == 2) {
        TEST_CHECK(rove_pool_wait(table.pool, ROVE_NEVER) == ROVE_OK, "wait");
    } else {
        test_yield();
        rove_pool_request_stop(table.pool);
        while (rove_pool_next(table.pool, &result, ROVE_NEVER) == ROVE_OK)
            continue;
    }
}

static void a_stop_while_all_wait(void)
{
    int64_t rounds = test_scaled(600, 30);
    rove_pool_config config;
    rove_pool_config_default(&config);
    config.has_results = true;
    config.capacity = 2;
    config.results_capacity = 1;
    for (int64_t round = 0; round < rounds; round++) {
        rove_batch batches[5];
        begin(1 + (int)(round % 3), config);
        for (size_t i = 0; i < 5; i++)
            batches[i] = (rove_batch){.count = i % 4};
        test_on_threads(5, wait_until_stopped, batches, sizeof batches[0]);
        end();
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"many_readers", many_readers},
        {"many_batches", many_batches},
        {"a_stop_while_all_wait", a_stop_while_all_wait},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0], CASE_SECONDS);
}
