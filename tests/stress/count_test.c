/*
 * Very many tasks, each counted once and no more: no counter wraps, no index runs into another, and memory stays as it
 * is from the first ones on. A nightly run makes more than 10^9 of them.
 */
#include <rove/rove.h>
#include <stdio.h>
#include <support/support.h>

enum { LEVELS = 16, LEAVES = 1 << LEVELS, WORKERS = 4, SLACK_KIB = 8 << 10 };

/* How much memory there was after a tenth of the tasks; from then on there may be only a batch of tasks more. */
static int64_t resident;

/* A tree of forks with 2^16 leaves: counts itself. */
struct node {
    rove_task task;
    int level;
    int64_t tasks;
};

static void node_task(rove_task *task)
{
    struct node *self = (struct node *)task;
    self->tasks = 1;
    if (self->level == 0)
        return;
    struct node left = {.level = self->level - 1}, right = {.level = self->level - 1};
    rove_fork(&left.task, node_task);
    rove_fork(&right.task, node_task);
    TEST_CHECK(rove_join(&right.task, node_task) == ROVE_OK, "join");
    TEST_CHECK(rove_join(&left.task, node_task) == ROVE_OK, "join");
    self->tasks += left.tasks + right.tasks;
}

static void trees_run(void *arg)
{
    int64_t trees = *(int64_t *)arg;
    for (int64_t i = 0; i < trees; i++) {
        if (i == trees / 10)
            resident = test_resident_kib();
        struct node root = {.level = LEVELS};
        node_task(&root.task);
        TEST_CHECK(root.tasks == 2 * LEAVES - 1, "tree %lld has %lld tasks", (long long)i, (long long)root.tasks);
    }
}

/* Counters that do not share a line, one for each worker. */
struct place {
    _Alignas(128) int64_t tasks;
};

static struct place places[512];

static int count_here(void *arg)
{
    (void)arg;
    places[rove_worker_id()].tasks++;
    return 0;
}

static void spawns_run(void *arg)
{
    int64_t batches = *(int64_t *)arg;
    for (int64_t i = 0; i < batches; i++) {
        if (i == batches / 10)
            resident = test_resident_kib();
        rove_group group = {0};
        for (int j = 0; j < LEAVES; j++)
            TEST_CHECK(rove_group_spawn(&group, count_here, NULL) == ROVE_OK, "spawn");
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    }
}

static int64_t places_sum(void)
{
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        sum += places[i].tasks;
    return sum;
}

static rove_runtime *run_in_flat_memory(void (*fn)(void *arg), int64_t rounds)
{
    rove_runtime *runtime = test_runtime(WORKERS);
    TEST_CHECK(rove_worker_limit(runtime) <= (int)(sizeof places / sizeof *places), "%d places are needed",
               rove_worker_limit(runtime));
    TEST_CHECK(rove_run(runtime, fn, &rounds) == ROVE_OK, "run");
    printf("  resident %lld KiB -> %lld KiB\n", (long long)resident, (long long)test_resident_kib());
    TEST_CHECK(test_is_sanitized() || test_resident_kib() <= resident + SLACK_KIB, "%lld KiB, %lld before",
               (long long)test_resident_kib(), (long long)resident);
    return runtime;
}

static void forks(void)
{
    int64_t trees = test_scaled(1000, 20);
    printf("  %lld tasks\n", (long long)(trees * (2 * LEAVES - 1)));
    test_runtime_end(run_in_flat_memory(trees_run, trees));
}

static void spawns(void)
{
    int64_t batches = test_scaled(300, 20);
    printf("  %lld tasks\n", (long long)batches * LEAVES);
    rove_runtime *runtime = run_in_flat_memory(spawns_run, batches);
    TEST_CHECK(places_sum() == batches * LEAVES, "%lld tasks instead of %lld", (long long)places_sum(),
               (long long)batches * LEAVES);
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    TEST_CHECK(stats.spawned == stats.executed && stats.executed == (uint64_t)(batches * LEAVES),
               "%llu spawned, %llu executed", (unsigned long long)stats.spawned, (unsigned long long)stats.executed);
    test_runtime_end(runtime);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"forks", forks},
        {"spawns", spawns},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
