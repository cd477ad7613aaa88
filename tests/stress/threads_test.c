/*
 * Threads come and go: 10^5 of them live just long enough to call Rove, as guests, as spawners that leave their tasks
 * behind, or as both. Slots, threads and memory are back in the end.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/idle.h>
#include <support/storm.h>

enum { AT_ONCE = 8 };

static struct {
    rove_runtime *runtime; /* NULL: the default runtime */
    struct test_once once;
    rove_group left; /* tasks of threads that do not wait for them */
} field;

static int mark(void *arg)
{
    test_once_mark(&field.once, (int64_t)(intptr_t)arg);
    return 0;
}

struct job {
    rove_task task;
    int64_t number;
};

static void mark_forked(rove_task *task)
{
    test_once_mark(&field.once, ((struct job *)task)->number);
}

static void fork_and_join(void *arg)
{
    struct job job = {.number = (int64_t)(intptr_t)arg};
    rove_fork(&job.task, mark_forked);
    TEST_CHECK(rove_join(&job.task, mark_forked) == ROVE_OK, "join");
}

static void live(void *arg)
{
    int64_t number = *(int64_t *)arg;
    rove_group group = {.runtime = field.runtime};
    switch (number % 4) {
    case 0:
        TEST_CHECK(rove_run(field.runtime, fork_and_join, (void *)(intptr_t)number) == ROVE_OK, "run");
        break;
    case 1:
        TEST_CHECK(rove_group_spawn(&group, mark, (void *)(intptr_t)number) == ROVE_OK, "spawn");
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        break;
    case 2:
        TEST_CHECK(rove_group_spawn(&field.left, mark, (void *)(intptr_t)number) == ROVE_OK, "spawn");
        break;
    default:
        fork_and_join((void *)(intptr_t)number); /* on a thread that is no worker: serially */
    }
}

static void lives(int64_t begin, int64_t end)
{
    int64_t numbers[AT_ONCE];
    while (begin < end) {
        int count = 0;
        while (count < AT_ONCE && begin < end)
            numbers[count++] = begin++;
        test_on_threads(count, live, numbers, sizeof numbers[0]);
    }
}

static void come_and_go(rove_runtime *runtime)
{
    enum { SLACK_MAPPINGS = 32, SLACK_KIB = 16 << 10 };
    int64_t count = test_scaled(50000, 500), warm_up = count / 10;
    field.runtime = runtime;
    field.left = (rove_group){.runtime = runtime};
    test_once_init(&field.once, count);
    lives(0, warm_up);
    int threads = test_thread_count(), mappings = test_mapping_count();
    int64_t resident = test_resident_kib();
    lives(warm_up, count);
    TEST_CHECK(rove_group_wait(&field.left) == ROVE_OK, "wait");
    test_once_check(&field.once);
    test_once_fini(&field.once);
    test_wait_for_threads(threads);
    printf("  mappings %d -> %d, resident %lld KiB -> %lld KiB\n", mappings, test_mapping_count(), (long long)resident,
           (long long)test_resident_kib());
    if (test_is_sanitized())
        return; /* sanitizers keep freed memory */
    TEST_CHECK(test_mapping_count() <= mappings + SLACK_MAPPINGS, "%d mappings, %d before", test_mapping_count(),
               mappings);
    TEST_CHECK(test_resident_kib() <= resident + SLACK_KIB, "%lld KiB, %lld before", (long long)test_resident_kib(),
               (long long)resident);
}

static void with_a_runtime(void)
{
    rove_runtime *runtime = test_runtime(4);
    come_and_go(runtime);
    TEST_CHECK(atomic_load(&runtime->guest_active) == 0, "%d guests are left", atomic_load(&runtime->guest_active));
    test_runtime_end(runtime);
}

static void with_the_default_runtime(void)
{
    storm_in(NULL, 100, 1, STORM_ALL); /* makes it */
    come_and_go(NULL);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"with_a_runtime", with_a_runtime},
        {"with_the_default_runtime", with_the_default_runtime},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
