/*
 * Many threads that submit: nothing is lost and nothing runs twice, whoever waits gets in, and threads that come, submit
 * and go leave nothing behind.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <support/heap.h>
#include <support/pool.h>

enum { SUBMITTERS = 64, WATCH_SECONDS = 250 };

static struct test_once once;
static rove_pool *pool;
static _Atomic int64_t next_item;
static int64_t last_item; /* the first one that is not to be submitted; set while nobody submits */

/* Items by their address. */
static char *marks;

static int mark_place(void *arg, void **value)
{
    (void)value;
    test_once_mark(&once, (char *)arg - marks);
    return 0;
}

static int mark(void *arg, void **value)
{
    (void)value;
    test_once_mark(&once, (int64_t)(intptr_t)arg);
    return 0;
}

/* Takes items until there are none, and submits each in one of the ways. */
static void submit_items(void *arg)
{
    struct test_random random = test_random_make((uint64_t)(uintptr_t)arg);
    for (;;) {
        int64_t item = atomic_fetch_add(&next_item, 1);
        if (item >= last_item)
            return;
        void *number = (void *)(intptr_t)item;
        rove_job job = {.fn = mark, .arg = number, .priority = (int)test_random_below(&random, 3)};
        rove_status status = ROVE_OK;
        switch (test_random_below(&random, 4)) {
        case 0:
            while ((status = rove_pool_try_submit(pool, mark, number)) == ROVE_FULL)
                test_yield();
            break;
        case 1:
            while ((status = rove_pool_submit_job(pool, &job, rove_clock() + 50000, NULL)) == ROVE_TIMED_OUT)
                continue;
            break;
        case 2:
            status = rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
            break;
        default:
            status = rove_pool_submit(pool, mark, number);
        }
        TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    }
}

static void run_items(int workers, size_t capacity, int64_t items, bool has_results)
{
    rove_runtime *runtime = test_runtime(workers);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = capacity;
    config.levels = 3;
    config.has_results = has_results;
    config.results_capacity = 1;
    config.overflow = ROVE_OVERFLOW_DROP_OLDEST;
    pool = test_pool(&config);
    test_once_init(&once, items);
    last_item = items;
    atomic_store(&next_item, 0);
    test_on_threads(SUBMITTERS, submit_items, NULL, 0);
    TEST_CHECK(rove_pool_drain(pool, ROVE_NEVER) == ROVE_OK, "drain");
    test_once_check(&once);
    rove_pool_stats stats = test_pool_stats(pool);
    TEST_CHECK(stats.completed == (uint64_t)items, "%llu have completed", (unsigned long long)stats.completed);
    TEST_CHECK(stats.results_dropped == (has_results ? (uint64_t)items - 1 : 0), "%llu were dropped",
               (unsigned long long)stats.results_dropped);
    test_once_fini(&once);
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void into_a_bounded_queue(void)
{
    run_items(2, 1024, test_scaled(1000000, 20000), false);
}

static void into_a_tiny_queue(void)
{
    for (size_t capacity = 0; capacity <= 4; capacity += 2)
        run_items(3, capacity, test_scaled(20000, 500), capacity == 2);
}

static void into_a_queue_without_a_bound(void)
{
    run_items(2, ROVE_UNBOUNDED, test_scaled(200000, 5000), true);
}

/* Arguments by the thousand, into a queue that holds a few. */
static void submit_thousands(void *arg)
{
    enum { THOUSAND = 1000 };
    (void)arg;
    for (;;) {
        int64_t first = atomic_fetch_add(&next_item, THOUSAND);
        if (first >= last_item)
            return;
        size_t submitted = 0;
        rove_status status = rove_pool_submit_many(pool, mark_place, marks + first, 1, THOUSAND, &submitted);
        TEST_CHECK(status == ROVE_OK && submitted == THOUSAND, "many: %s", rove_status_text(status));
    }
}

static void many_at_once(void)
{
    rove_runtime *runtime = test_runtime(3);
    for (size_t capacity = 1; capacity <= 10000; capacity *= 100) {
        rove_pool_config config = test_pool_config(runtime);
        config.capacity = capacity;
        pool = test_pool(&config);
        test_once_init(&once, test_scaled(capacity == 1 ? 50 : 500, 5) * 1000);
        marks = (char *)once.runs;
        last_item = once.count;
        atomic_store(&next_item, 0);
        test_on_threads(8, submit_thousands, NULL, 0);
        test_pool_end(pool);
        test_once_check(&once);
        test_once_fini(&once);
    }
    test_runtime_end(runtime);
}

/* Threads that have submitted something end, by the thousand. */
static void threads_that_come_and_go(void)
{
    enum { AT_ONCE = 10, SLACK_KIB = 8 << 10 };
    static struct test_heap heap;
    rove_config runtime_config;
    rove_config_default(&runtime_config);
    runtime_config.workers = 2;
    runtime_config.oversubscribe = true;
    runtime_config.allocator = test_heap_allocator(&heap);
    rove_runtime *runtime = test_runtime_with(&runtime_config);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = 4;
    config.levels = 3;
    pool = test_pool(&config);
    int64_t rounds = test_scaled(10000 / AT_ONCE, 20), resident = 0;
    test_once_init(&once, rounds * AT_ONCE * 3);
    int threads = test_thread_count();
    for (int64_t i = 0; i < rounds; i++) {
        last_item = (i + 1) * AT_ONCE * 3;
        atomic_store(&next_item, i * AT_ONCE * 3);
        test_on_threads(AT_ONCE, submit_items, NULL, 0);
        if (i == rounds / 4)
            resident = test_resident_kib();
    }
    test_wait_for_threads(threads);
    TEST_CHECK(test_is_sanitized() || test_resident_kib() <= resident + SLACK_KIB, "%lld KiB, %lld before",
               (long long)test_resident_kib(), (long long)resident);
    test_pool_end(pool);
    test_once_check(&once);
    test_once_fini(&once);
    test_runtime_end(runtime);
    test_heap_check(&heap, "threads", rounds);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"into_a_bounded_queue", into_a_bounded_queue},
        {"into_a_tiny_queue", into_a_tiny_queue},
        {"into_a_queue_without_a_bound", into_a_queue_without_a_bound},
        {"many_at_once", many_at_once},
        {"threads_that_come_and_go", threads_that_come_and_go},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, WATCH_SECONDS);
}
