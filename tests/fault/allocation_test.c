/*
 * The N-th allocation fails, for every N that there is: while a runtime is made, while it works, while it grows. The
 * answer is an error or a slower way; nothing is lost, and nothing stays allocated.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/heap.h>
#include <support/storm.h>

static struct test_heap heap;

static rove_config config_make(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.allocator = test_heap_allocator(&heap);
    return config;
}

/* What makes a deque grow, for which fault.slots refuses memory, and a value too large for the stack. */
static rove_task many[20000];

static void many_task(rove_task *task)
{
    (void)task;
}

static void large_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    ((int64_t *)value)[7] += end - begin;
}

static void large_combine(void *left, void *right, void *arg)
{
    (void)arg;
    ((int64_t *)left)[7] += ((int64_t *)right)[7];
}

static void grow(void *arg)
{
    enum { COUNT = sizeof many / sizeof *many };
    static const int64_t zeros[1000];
    static int64_t result[1000];
    (void)arg;
    for (int i = 0; i < COUNT; i++)
        rove_fork(&many[i], many_task);
    for (int i = COUNT - 1; i >= 0; i--)
        TEST_CHECK(rove_join(&many[i], many_task) == ROVE_OK, "join %d", i);
    rove_reduction reduction = {sizeof zeros, zeros, large_body, large_combine, NULL};
    TEST_CHECK(rove_reduce(0, 100000, &reduction, result) == ROVE_OK && result[7] == 100000, "a large reduction");
}

static int grow_task(void *arg)
{
    grow(arg);
    return 0;
}

/* Work of every kind. Returns false if even the call could not be taken for want of memory. */
static bool work(rove_runtime *runtime, uint64_t stream)
{
    storm_in(runtime, 1500, stream, STORM_ALL);
    rove_status status = rove_run(runtime, grow, NULL);
    TEST_CHECK(status == ROVE_OK || status == ROVE_NO_MEMORY, "run: %s", rove_status_text(status));
    rove_group group = {.runtime = runtime};
    rove_status spawned = rove_group_spawn(&group, grow_task, NULL);
    TEST_CHECK(spawned == ROVE_OK || spawned == ROVE_NO_MEMORY, "spawn: %s", rove_status_text(spawned));
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    status = rove_set_workers(runtime, 5);
    TEST_CHECK(status == ROVE_OK || status == ROVE_NO_MEMORY || status == ROVE_NO_THREADS, "workers: %s",
               rove_status_text(status));
    storm_in(runtime, 500, stream + 1, STORM_ALL);
    return status == ROVE_OK;
}

/* A life in which allocations fail, then, if it came to life, one good piece of work. Returns how often it allocated
 * while failures were on. */
static int64_t life_with_failures(int64_t first, int64_t last)
{
    rove_config config = config_make(3);
    rove_runtime *runtime = NULL;
    rove_report report = {""};
    test_heap_refuse(&heap, first, last);
    rove_status status = rove_runtime_create(&runtime, &config, &report);
    TEST_CHECK(status == ROVE_OK || status == ROVE_NO_MEMORY || status == ROVE_NO_THREADS, "failure %lld: %s: %s",
               (long long)first, rove_status_text(status), report.text);
    TEST_CHECK((status == ROVE_OK) == (runtime != NULL), "a status and a runtime that do not fit");
    TEST_CHECK(status == ROVE_OK || report.text[0], "no word about failure %lld", (long long)first);
    int64_t calls = 0;
    if (runtime) {
        test_watch_runtime(runtime);
        work(runtime, (uint64_t)first);
        calls = heap.calls;
        test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
        TEST_CHECK(work(runtime, (uint64_t)first + 7), "the runtime is not usable after failure %lld",
                   (long long)first);
        test_runtime_end(runtime);
    }
    test_heap_check(&heap, "failure", first);
    return runtime ? calls : INT64_MAX;
}

static void each_allocation_once(void)
{
    int beyond = 0; /* how often in a row the failure would have come after the end */
    int64_t failure = 0, step = test_is_sanitized() ? 3 : 1;
    for (; beyond < 5; failure += step)
        beyond = life_with_failures(failure, failure + 1) <= failure ? beyond + 1 : 0;
    printf("  %lld allocations\n", (long long)failure);
    TEST_CHECK(failure > 10, "the allocator is hardly used");
}

static void all_allocations_from_one_on(void)
{
    int beyond = 0;
    int64_t step = test_is_sanitized() ? 3 : 1;
    for (int64_t failure = 0; beyond < 5 && failure < 1000; failure += step)
        beyond = life_with_failures(failure, INT64_MAX) <= failure ? beyond + 1 : 0;
}

/* A run of failures, somewhere. */
static void a_run_of_failures(void)
{
    struct test_random random = test_random_make(1);
    int64_t rounds = test_scaled(100, 10);
    for (int64_t i = 0; i < rounds; i++) {
        int64_t first = (int64_t)test_random_below(&random, 100);
        life_with_failures(first, first + 1 + (int64_t)test_random_below(&random, 30));
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"each_allocation_once", each_allocation_once},
        {"all_allocations_from_one_on", all_allocations_from_one_on},
        {"a_run_of_failures", a_run_of_failures},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 60);
}
