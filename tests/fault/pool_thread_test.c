/*
 * A runtime for which no thread could be had, and pools on it: threads from outside that wait for room, results,
 * batches or the end run the jobs themselves.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <string.h>
#include <support/support.h>

enum { JOBS = 200, THREADS = 4, CASE_SECONDS = 60 };

static atomic_bool is_refusing;
static rove_pool *pool;
static atomic_int runs;

typedef int create_fn(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg);

/* Stands before the C library's function of this name. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
    static _Atomic(create_fn *) real;
    create_fn *create = atomic_load(&real);
    if (!create) {
        void *symbol = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&create, &symbol, sizeof create);
        atomic_store(&real, create);
    }
    return atomic_load(&is_refusing) ? EAGAIN : create(thread, attributes, start, arg);
}

static int count_run(void *arg, void **value)
{
    (void)arg;
    (void)value;
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void submit_jobs(void *arg)
{
    (void)arg;
    for (int i = 0; i < JOBS; i++) {
        rove_status status = rove_pool_submit(pool, count_run, NULL);
        TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    }
}

static void read_jobs(void *arg)
{
    rove_result result;
    (void)arg;
    for (int i = 0; i < JOBS; i++) {
        rove_status status = rove_pool_next(pool, &result, ROVE_NEVER);
        TEST_CHECK(status == ROVE_OK, "next: %s", rove_status_text(status));
    }
}

static void submit_or_read(void *arg)
{
    if (*(const int *)arg % 2)
        read_jobs(NULL);
    else
        submit_jobs(NULL);
}

static void run_batch(void *arg)
{
    char items[JOBS];
    rove_batch batch = {.count = 0};
    (void)arg;
    rove_status status = rove_batch_run(&batch, pool, count_run, items, 1, JOBS);
    TEST_CHECK(status == ROVE_OK && rove_batch_successes(&batch) == JOBS, "batch: %s", rove_status_text(status));
}

/* Runs `fn` on several threads, in a pool without threads. */
static void without_threads(int threads, size_t results_capacity, void (*fn)(void *arg))
{
    int numbers[THREADS] = {0, 1, 2, 3};
    rove_config config;
    rove_pool_config pool_config;
    rove_runtime *runtime;
    rove_report report;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    atomic_store(&is_refusing, true);
    rove_status status = rove_runtime_create(&runtime, &config, &report);
    atomic_store(&is_refusing, false);
    TEST_CHECK(status == ROVE_OK, "create: %s", report.text);
    test_watch_runtime(runtime);
    rove_pool_config_default(&pool_config);
    pool_config.runtime = runtime;
    pool_config.capacity = 4;
    pool_config.has_results = results_capacity > 0;
    pool_config.results_capacity = results_capacity;
    TEST_CHECK(rove_pool_create(&pool, &pool_config, NULL) == ROVE_OK, "create");
    atomic_store(&runs, 0);
    if (threads == 1)
        fn(numbers);
    else
        test_on_threads(threads, fn, numbers, sizeof numbers[0]);
    TEST_CHECK(rove_pool_drain(pool, ROVE_NEVER) == ROVE_OK, "drain");
    int expected = fn == submit_or_read ? JOBS * threads / 2 : JOBS * threads;
    TEST_CHECK(atomic_load(&runs) == expected, "%d of %d jobs", atomic_load(&runs), expected);
    TEST_CHECK(rove_pool_destroy(pool) == ROVE_OK, "destroy");
    test_runtime_end(runtime);
}

static void submissions(void)
{
    without_threads(1, 0, submit_jobs);
    without_threads(THREADS, 0, submit_jobs);
}

static void readers(void)
{
    without_threads(2, 1, submit_or_read);
    without_threads(THREADS, 3, submit_or_read);
}

static void batches(void)
{
    without_threads(1, 0, run_batch);
    without_threads(THREADS, 0, run_batch);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"submissions", submissions},
        {"readers", readers},
        {"batches", batches},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0], CASE_SECONDS);
}
