/*
 * The N-th allocation fails, for every N that there is, while a pool is made and while it works: the answer is an error,
 * and what was accepted is not lost: it ends once, and its result comes once.
 */
#include <rove/rove.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/heap.h>
#include <support/pool.h>

enum { JOBS = 300 };

static struct test_heap heap;
static _Atomic int64_t ran, discarded;
static rove_pool *pool;

static int run(void *arg, void **value)
{
    *value = arg;
    atomic_fetch_add(&ran, 1);
    return 0;
}

static int fail_first(void *arg, void **value)
{
    if (rove_current_job()->attempt == 1)
        return 1;
    return run(arg, value);
}

static int submit_more(void *arg, void **value)
{
    atomic_int *accepted = arg;
    rove_job job = {.fn = run};
    for (int i = 0; i < 5; i++) {
        rove_status status = rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
        TEST_CHECK(status == ROVE_OK || status == ROVE_NO_MEMORY, "submit inside: %s", rove_status_text(status));
        atomic_fetch_add(accepted, status == ROVE_OK);
    }
    return run(arg, value);
}

static void discard(void *arg)
{
    (void)arg;
    atomic_fetch_add(&discarded, 1);
}

static bool is_legal(rove_status status)
{
    return status == ROVE_OK || status == ROVE_NO_MEMORY || status == ROVE_NO_THREADS;
}

/* Jobs of every kind. Returns how many were accepted; `*refused` counts the others. */
static int submit_all(int *refused)
{
    static rove_future futures[JOBS];
    static rove_future *after[JOBS];
    atomic_int inside = 0;
    int accepted = 0;
    for (int i = 0; i < JOBS; i++) {
        futures[i] = (rove_future){.fn = NULL};
        after[i] = &futures[i];
        rove_job job = {.fn = run, .on_discard = discard, .id = (uint64_t)i, .key = (uint64_t)i % 7};
        job.future = i % 3 == 0 ? &futures[i] : NULL;
        if (i % 3 == 1 && rove_future_is_done(&futures[i - 1])) {
            job.after = &after[i - 1];
            job.after_count = 1;
        } else if (i % 5 == 0) {
            job.fn = fail_first;
            job.retry = (rove_retry){.attempts = 2, .backoff = i % 2 ? 0 : 1000};
        } else if (i % 17 == 0) {
            job.fn = submit_more;
            job.arg = &inside;
        }
        rove_status status = rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
        TEST_CHECK(is_legal(status), "submit: %s", rove_status_text(status));
        accepted += status == ROVE_OK;
        *refused += status != ROVE_OK;
        if (job.future && status == ROVE_OK && i % 2)
            TEST_CHECK(rove_future_wait(job.future, NULL) == ROVE_OK, "future %d", i);
        TEST_CHECK(status == ROVE_OK || !job.future || rove_future_wait(job.future, NULL) == ROVE_INVALID,
                   "a future of a job that was refused");
    }
    size_t many = 0;
    rove_status status = rove_pool_submit_many(pool, run, NULL, 0, JOBS, &many);
    TEST_CHECK(is_legal(status) && (status != ROVE_OK || many == JOBS), "many: %s", rove_status_text(status));
    TEST_CHECK(rove_pool_wait(pool, ROVE_NEVER) == ROVE_OK, "wait");
    return accepted + (int)many + atomic_load(&inside);
}

static void run_batch(int *accepted)
{
    static rove_result results[JOBS];
    rove_batch batch = {.results = results, .count = JOBS};
    rove_status status = rove_batch_run(&batch, pool, run, NULL, 0, JOBS);
    TEST_CHECK(is_legal(status), "batch: %s", rove_status_text(status));
    int ok = 0, rejected = 0;
    for (int i = 0; i < JOBS; i++) {
        ok += results[i].status == ROVE_OK;
        rejected += results[i].status == ROVE_REJECTED;
    }
    TEST_CHECK(ok + rejected == JOBS && (status != ROVE_OK || ok == JOBS), "%d ok, %d rejected: %s", ok, rejected,
               rove_status_text(status));
    *accepted += ok;
}

/* Makes a pool and uses it. Returns whether it could be made. */
static bool use_a_pool(const rove_pool_config *config, int64_t failure, bool is_good)
{
    rove_report report = {""};
    pool = NULL;
    rove_status status = rove_pool_create(&pool, config, &report);
    TEST_CHECK(is_good ? status == ROVE_OK : is_legal(status), "failure %lld: create: %s", (long long)failure,
               rove_status_text(status));
    TEST_CHECK((status == ROVE_OK) == (pool != NULL), "a status and a pool that do not fit");
    TEST_CHECK(status == ROVE_OK || report.text[0], "no word about failure %lld", (long long)failure);
    if (!pool)
        return false;
    atomic_store(&ran, 0);
    atomic_store(&discarded, 0);
    int refused = 0, accepted = submit_all(&refused), records = 0;
    run_batch(&accepted);
    TEST_CHECK(!is_good || refused == 0, "%d jobs were refused though there is memory", refused);
    TEST_CHECK(rove_pool_drain(pool, ROVE_NEVER) == ROVE_OK, "drain");
    TEST_CHECK(atomic_load(&ran) + atomic_load(&discarded) == accepted,
               "failure %lld: %d were accepted, %lld ran, %lld were discarded", (long long)failure, accepted,
               (long long)ran, (long long)discarded);
    for (rove_result result; config->has_results && rove_pool_next(pool, &result, 0) == ROVE_OK;)
        records++;
    rove_pool_stats stats = test_pool_stats(pool);
    TEST_CHECK(!config->has_results || (uint64_t)records + stats.results_dropped == stats.submitted,
               "failure %lld: %d records, %llu dropped, %llu jobs", (long long)failure, records,
               (unsigned long long)stats.results_dropped, (unsigned long long)stats.submitted);
    TEST_CHECK(stats.submitted == (uint64_t)accepted, "%llu submitted, %d accepted",
               (unsigned long long)stats.submitted, accepted);
    test_pool_end(pool);
    return true;
}

static rove_pool_config config_of(rove_runtime *runtime, int kind)
{
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = kind == 0 ? ROVE_UNBOUNDED : 2000;
    config.levels = 3;
    config.placement = kind == 1 ? ROVE_PLACE_KEYED : ROVE_PLACE_SHARED;
    config.lanes = 3;
    config.has_results = true;
    config.results_capacity = 10;
    config.overflow = kind == 2 ? ROVE_OVERFLOW_DROP_OLDEST : ROVE_OVERFLOW_GROW;
    config.stuck_after = kind == 1 ? 1000 * ROVE_SECOND : 0;
    config.catches_aborts = true;
    config.is_serial = kind == 3;
    return config;
}

/* A runtime, a pool that works while allocations fail, and one that works when they do not. Returns how often they
 * allocated while failures were on. */
static int64_t life_with_failures(int kind, int64_t first, int64_t last)
{
    rove_config runtime_config;
    rove_config_default(&runtime_config);
    runtime_config.workers = 2;
    runtime_config.oversubscribe = true;
    runtime_config.allocator = test_heap_allocator(&heap);
    test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
    rove_runtime *runtime = test_runtime_with(&runtime_config);
    rove_pool_config config = config_of(runtime, kind);
    test_heap_refuse(&heap, first, last);
    bool is_made = use_a_pool(&config, first, false);
    int64_t calls = is_made ? atomic_load(&heap.calls) : INT64_MAX;
    test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
    use_a_pool(&config, first, true);
    test_runtime_end(runtime);
    test_heap_check(&heap, "failure", first);
    return calls;
}

enum { KINDS = 4, BEYOND = 3, FAILURES_MOST = 400 };

static void each_allocation_once(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        int beyond = 0; /* how often in a row the failure would have come after the end */
        int64_t failure = 0, step = test_is_sanitized() ? 3 : 1;
        for (; beyond < BEYOND && failure < FAILURES_MOST; failure += step)
            beyond = life_with_failures(kind, failure, failure + 1) <= failure ? beyond + 1 : 0;
        printf("  kind %d: %lld allocations\n", kind, (long long)failure);
        TEST_CHECK(failure > 3, "the allocator is hardly used");
    }
}

static void all_allocations_from_one_on(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        int beyond = 0;
        int64_t step = test_is_sanitized() ? 3 : 1;
        for (int64_t failure = 0; beyond < BEYOND && failure < FAILURES_MOST; failure += step)
            beyond = life_with_failures(kind, failure, INT64_MAX) <= failure ? beyond + 1 : 0;
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"each_allocation_once", each_allocation_once},
        {"all_allocations_from_one_on", all_allocations_from_one_on},
    };
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 100);
}
