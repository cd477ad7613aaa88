/*
 * The N-th allocation fails, for every N that there is: while a runtime is made, while it works, while it grows. The
 * answer is an error or a slower way; nothing is lost, and nothing stays allocated.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/storm.h>

/* Fails the allocations from number `first_failure` up to but not including `last_failure`, counted from 0. */
static struct {
    atomic_int_least64_t calls;
    atomic_int_least64_t bytes_out;
    _Atomic int64_t first_failure;
    _Atomic int64_t last_failure;
} heap;

static void *heap_allocate(size_t size, size_t alignment, void *arg)
{
    TEST_CHECK(arg == &heap, "the allocator got another argument");
    TEST_CHECK(alignment && (alignment & (alignment - 1)) == 0, "an alignment of %zu", alignment);
    int64_t call = atomic_fetch_add(&heap.calls, 1);
    if (call >= atomic_load(&heap.first_failure) && call < atomic_load(&heap.last_failure))
        return NULL;
    alignment = alignment < sizeof(void *) ? sizeof(void *) : alignment;
    void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    TEST_CHECK(memory, "no memory for %zu bytes, in earnest", size);
    atomic_fetch_add(&heap.bytes_out, (int64_t)size);
    return memory;
}

static void heap_release(void *memory, size_t size, void *arg)
{
    TEST_CHECK(arg == &heap, "the allocator got another argument");
    if (memory)
        atomic_fetch_sub(&heap.bytes_out, (int64_t)size);
    free(memory);
}

static void heap_fail(int64_t first, int64_t last)
{
    atomic_store(&heap.calls, 0);
    atomic_store(&heap.first_failure, first);
    atomic_store(&heap.last_failure, last);
}

static rove_config config_make(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.allocator = (rove_allocator){heap_allocate, heap_release, &heap};
    return config;
}

/* What makes a ring grow and a value too large for the stack. */
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
    heap_fail(first, last);
    rove_status status = rove_runtime_create(&runtime, &config, &report);
    TEST_CHECK(status == ROVE_OK || status == ROVE_NO_MEMORY || status == ROVE_NO_THREADS, "failure %lld: %s: %s",
               (long long)first, rove_status_text(status), report.text);
    TEST_CHECK((status == ROVE_OK) == (runtime != NULL), "a status and a runtime that do not fit");
    TEST_CHECK(status == ROVE_OK || report.text[0], "no word about failure %lld", (long long)first);
    int64_t calls = 0;
    if (runtime) {
        test_watch_runtime(runtime);
        work(runtime, (uint64_t)first);
        calls = atomic_load(&heap.calls);
        heap_fail(INT64_MAX, INT64_MAX);
        TEST_CHECK(work(runtime, (uint64_t)first + 7), "the runtime is not usable after failure %lld",
                   (long long)first);
        test_runtime_end(runtime);
    }
    TEST_CHECK(atomic_load(&heap.bytes_out) == 0, "failure %lld leaves %lld bytes", (long long)first,
               (long long)atomic_load(&heap.bytes_out));
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
