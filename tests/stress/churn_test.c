/*
 * Runtimes come and go: threads, descriptors, mappings and memory are back to where they were.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/heap.h>
#include <support/storm.h>

static struct test_heap heap;

static void one_life(uint64_t number)
{
    struct test_random random = test_random_make(number);
    rove_config config;
    rove_config_default(&config);
    config.workers = 1 + (int)test_random_below(&random, 4);
    config.oversubscribe = true;
    config.allocator = test_heap_allocator(&heap);
    rove_runtime *runtime = test_runtime_with(&config);
    switch (test_random_below(&random, 4)) {
    case 0: /* never used */
        break;
    case 1:
        TEST_CHECK(rove_set_workers(runtime, 1 + (int)test_random_below(&random, 6)) == ROVE_OK, "workers");
        storm_in(runtime, 20, number, STORM_ALL);
        break;
    case 2:
        TEST_CHECK(rove_runtime_shutdown(runtime) == ROVE_OK, "shutdown");
        break;
    default:
        storm_in(runtime, 1 + (int64_t)test_random_below(&random, 100), number, STORM_ALL);
    }
    test_runtime_end(runtime);
    test_heap_check(&heap, "life", (int64_t)number);
}

static void create_and_destroy(void)
{
    enum { WARM_UP = 200, SLACK_MAPPINGS = 32, SLACK_KIB = 16 << 10 };
    int threads = test_thread_count(), descriptors = test_descriptor_count();
    int64_t rounds = test_scaled(10000, 100);
    for (uint64_t i = 0; i < WARM_UP; i++)
        one_life(i);
    test_wait_for_threads(threads);
    int mappings = test_mapping_count();
    int64_t resident = test_resident_kib();
    for (int64_t i = 0; i < rounds; i++)
        one_life((uint64_t)i + WARM_UP);
    test_wait_for_threads(threads);
    printf("  mappings %d -> %d, resident %lld KiB -> %lld KiB\n", mappings, test_mapping_count(), (long long)resident,
           (long long)test_resident_kib());
    TEST_CHECK(test_descriptor_count() == descriptors, "%d descriptors instead of %d", test_descriptor_count(),
               descriptors);
    if (test_is_sanitized())
        return; /* sanitizers keep freed memory */
    TEST_CHECK(test_mapping_count() <= mappings + SLACK_MAPPINGS, "%d mappings, %d before", test_mapping_count(),
               mappings);
    TEST_CHECK(test_resident_kib() <= resident + SLACK_KIB, "%lld KiB, %lld before", (long long)test_resident_kib(),
               (long long)resident);
}

static void lives_of_one_thread(void *arg)
{
    uint64_t stream = *(uint64_t *)arg;
    int64_t rounds = test_scaled(500, 20);
    for (int64_t i = 0; i < rounds; i++) {
        rove_runtime *runtime = NULL;
        rove_config config;
        rove_config_default(&config);
        config.workers = 2;
        config.oversubscribe = true;
        TEST_CHECK(rove_runtime_create(&runtime, &config, NULL) == ROVE_OK, "create");
        storm_in(runtime, 50, stream * 1000 + (uint64_t)i, STORM_ALL);
        TEST_CHECK(rove_runtime_destroy(runtime) == ROVE_OK, "destroy");
    }
}

/* Several runtimes live at the same time, each in a thread that has nothing to do with the others. */
static void side_by_side(void)
{
    uint64_t streams[] = {1, 2, 3, 4};
    int threads = test_thread_count();
    test_on_threads(4, lives_of_one_thread, streams, sizeof streams[0]);
    test_wait_for_threads(threads);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"create_and_destroy", create_and_destroy},
        {"side_by_side", side_by_side},
    };
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 150);
}
