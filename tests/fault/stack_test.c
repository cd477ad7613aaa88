/*
 * Pool threads whose stack is small, and small in comparison with the thread-local data that the system puts on top of
 * it. They may help less while they wait, but they work, sleep, wake and end.
 */
#include <rove/rove.h>
#include <support/storm.h>

enum { TLS_SIZE = 160 << 10 };

static __thread volatile char thread_local_data[TLS_SIZE];

static void touch(void *arg)
{
    (void)arg;
    thread_local_data[0] = 1;
    thread_local_data[TLS_SIZE - 1] = 1;
}

static void work_on_stacks_of(size_t size)
{
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_config config;
        rove_config_default(&config);
        config.workers = workers;
        config.oversubscribe = true;
        config.stack_size = test_is_sanitized() ? size * 8 : size;
        rove_runtime *runtime = test_runtime_with(&config);
        TEST_CHECK(rove_run(runtime, touch, NULL) == ROVE_OK, "run");
        for (uint64_t round = 0; round < 200; round++)
            storm_in(runtime, 60, round, STORM_ALL);
        /* Nobody but the pool threads can do this. */
        rove_group group = {.runtime = runtime};
        struct storm storm;
        storm_init(&storm, 50, 1, STORM_SPAWN_OUTER);
        TEST_CHECK(rove_group_spawn(&group, storm_task, &storm) == ROVE_OK, "spawn");
        while (__atomic_load_n(&storm.once.runs[0], __ATOMIC_ACQUIRE) == 0)
            test_yield();
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        storm_fini(&storm);
        test_runtime_end(runtime);
    }
}

static void small_stack_large_tls(void)
{
    work_on_stacks_of(256 << 10);
}

static void ordinary_stack(void)
{
    work_on_stacks_of(1 << 20);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"small_stack_large_tls", small_stack_large_tls},
        {"ordinary_stack", ordinary_stack},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 40);
}
