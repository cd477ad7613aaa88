/*
 * Everything that changes who works, at once: the number of workers set by hand and by itself, blocking regions and
 * phases, while storms rage. Each task runs once. And far more workers than processors.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/storm.h>
#include <time.h>

enum { MOST = 32, PLAYERS = 5, CROWD = 200 };

static struct {
    rove_runtime *runtime;
    atomic_bool over;
    int64_t changes;
    int64_t tasks;
    atomic_int rounds;
} field;

static void change_once(struct test_random *random, int64_t number)
{
    rove_status status = ROVE_OK;
    int a = 1 + (int)test_random_below(random, MOST), b = 1 + (int)test_random_below(random, MOST);
    switch (test_random_below(random, 4)) {
    case 0:
        status = rove_set_workers(field.runtime, number % 2 ? 1 : MOST);
        break;
    case 1:
        status = rove_set_workers(field.runtime, a);
        break;
    case 2:
        status = rove_auto_workers(field.runtime, 1, 0);
        break;
    default:
        status = rove_auto_workers(field.runtime, a < b ? a : b, a < b ? b : a);
    }
    TEST_CHECK(status == ROVE_OK, "change %lld: %s", (long long)number, rove_status_text(status));
}

/* Every snapshot of the history is a chain, whoever makes decisions meanwhile. */
static void check_chain(void)
{
    rove_scale_decision history[ROVE_SCALE_HISTORY];
    size_t count = rove_scale_history(field.runtime, history, ROVE_SCALE_HISTORY);
    for (size_t i = 0; i < count; i++) {
        TEST_CHECK(history[i].after >= 1 && history[i].after <= MOST, "%d workers", history[i].after);
        TEST_CHECK(i + 1 == count || history[i].before == history[i + 1].after, "from %d, after a change to %d",
                   history[i].before, history[i + 1].after);
        TEST_CHECK(i + 1 == count || history[i].time >= history[i + 1].time, "not the newest first");
    }
}

static void change_until_over(void)
{
    struct test_random random = test_random_make(7);
    for (int64_t i = 0; i < field.changes; i++) {
        change_once(&random, i);
        int workers = rove_worker_count(field.runtime);
        TEST_CHECK(workers >= 1 && workers <= MOST, "%d workers", workers);
        if (test_random_below(&random, 8) == 0)
            check_chain();
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    atomic_store(&field.over, true);
}

static void phases_until_over(void)
{
    struct test_random random = test_random_make(8);
    int open = 0;
    while (!atomic_load(&field.over)) {
        if (open == 0 || (open < 3 && test_random_below(&random, 2))) {
            TEST_CHECK(rove_phase_begin(field.runtime) == ROVE_OK, "begin");
            open++;
        } else {
            TEST_CHECK(rove_phase_end(field.runtime) == ROVE_OK, "end");
            open--;
        }
        nanosleep(&(struct timespec){0, 3000000}, NULL);
    }
    for (; open > 0; open--)
        TEST_CHECK(rove_phase_end(field.runtime) == ROVE_OK, "end");
    TEST_CHECK(rove_phase_end(field.runtime) == ROVE_INVALID, "one end more than there were begins");
}

/* Tasks that block, some of them within each other's regions, and spawn before, in and after. */
struct blocker {
    struct test_once *once;
    int64_t first;
    int64_t count;
    uint64_t stream;
};

static int block_some(void *arg);

static void block_halves(struct blocker *self)
{
    int64_t half = (self->count - 1) / 2;
    struct blocker parts[2] = {{self->once, self->first + 1, half, self->stream * 2 + 1},
                               {self->once, self->first + 1 + half, self->count - 1 - half, self->stream * 2 + 2}};
    rove_group group = {0};
    for (int i = 0; i < 2; i++)
        if (parts[i].count > 0)
            TEST_CHECK(rove_group_spawn(&group, block_some, &parts[i]) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static int block_some(void *arg)
{
    struct blocker *self = arg;
    struct test_random random = test_random_make(self->stream);
    int depth = (int)test_random_below(&random, 3);
    test_once_mark(self->once, self->first);
    for (int i = 0; i < depth; i++)
        rove_blocking_begin();
    if (depth && test_random_below(&random, 4) == 0)
        nanosleep(&(struct timespec){0, 50000}, NULL);
    bool is_within = depth && test_random_below(&random, 8) == 0;
    if (is_within) /* not advised, but right */
        block_halves(self);
    for (int i = 0; i < depth; i++)
        rove_blocking_end();
    if (!is_within)
        block_halves(self);
    return 0;
}

static void block_until_over(uint64_t stream)
{
    int64_t round = 0;
    do { /* once at least, however late this thread begins */
        struct test_once once;
        test_once_init(&once, 500);
        struct blocker all = {&once, 0, once.count, stream + (uint64_t)round++ * 7919};
        rove_group group = {.runtime = field.runtime};
        TEST_CHECK(rove_group_spawn(&group, block_some, &all) == ROVE_OK, "spawn");
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        test_once_check(&once);
        test_once_fini(&once);
        atomic_fetch_add(&field.rounds, 1);
    } while (!atomic_load(&field.over));
}

static void player(void *arg)
{
    int number = *(int *)arg;
    switch (number) {
    case 0:
        change_until_over();
        return;
    case 1:
        phases_until_over();
        return;
    case 2:
        block_until_over(1000);
        return;
    default:
        for (int64_t round = 0; !atomic_load(&field.over); round++) {
            storm_in(field.runtime, field.tasks, (uint64_t)(number * 1000000 + round), STORM_ALL);
            atomic_fetch_add(&field.rounds, 1);
        }
    }
}

static void play(int64_t changes, int64_t tasks)
{
    int numbers[PLAYERS] = {0, 1, 2, 3, 4}, threads = test_thread_count();
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.oversubscribe = true;
    config.workers_max = MOST;
    config.spares = 6;
    field.runtime = test_runtime_with(&config);
    field.changes = changes;
    field.tasks = tasks;
    atomic_store(&field.over, false);
    atomic_store(&field.rounds, 0);
    test_on_threads(PLAYERS, player, numbers, sizeof numbers[0]);
    rove_stats stats;
    TEST_CHECK(rove_set_workers(field.runtime, 2) == ROVE_OK && rove_worker_count(field.runtime) == 2, "in the end");
    storm_in(field.runtime, tasks, 1, STORM_ALL);
    TEST_CHECK(rove_runtime_stats(field.runtime, &stats) == ROVE_OK, "statistics");
    TEST_CHECK(stats.blocks > 0 && stats.blocks_bare <= stats.blocks, "%llu of %llu regions without a spare",
               (unsigned long long)stats.blocks_bare, (unsigned long long)stats.blocks);
    printf("  %lld changes, %d rounds, %llu regions\n", (long long)changes, atomic_load(&field.rounds),
           (unsigned long long)stats.blocks);
    test_runtime_end(field.runtime);
    test_wait_for_threads(threads);
}

static void large_storms(void)
{
    play(test_scaled(300, 30), 20000);
}

static void small_storms(void)
{
    play(test_scaled(500, 30), 100);
}

static void crowd_storm(void *arg)
{
    storm_in(field.runtime, test_scaled(20000, 1000), (uint64_t) * (int *)arg, STORM_ALL);
}

/* Two hundred workers on however few processors there are: the answers are right. */
static void crowd(void)
{
    int numbers[3] = {1, 2, 3};
    field.runtime = test_runtime(CROWD);
    for (int round = 0; round < 3; round++) {
        test_on_threads(3, crowd_storm, numbers, sizeof numbers[0]);
        if (round == 1)
            TEST_CHECK(rove_auto_workers(field.runtime, 1, CROWD) == ROVE_OK, "automatic");
    }
    test_runtime_end(field.runtime);
}

/* Runtimes that end while everything that could change them is on. */
static void short_lives(void)
{
    int64_t lives = test_scaled(200, 10);
    int threads = test_thread_count();
    for (int64_t i = 0; i < lives; i++) {
        rove_config config;
        rove_config_default(&config);
        config.workers = 1 + (int)(i % 4);
        config.oversubscribe = true;
        config.workers_min = (int)(i % 2);
        config.spares = (int)(i % 3);
        field.runtime = test_runtime_with(&config);
        struct test_once once;
        test_once_init(&once, 60);
        struct blocker all = {&once, 0, once.count, (uint64_t)i};
        rove_group group = {.runtime = field.runtime};
        TEST_CHECK(rove_group_spawn(&group, block_some, &all) == ROVE_OK, "spawn");
        if (i % 5 == 0)
            TEST_CHECK(rove_auto_workers(field.runtime, 1, 4) == ROVE_OK, "automatic");
        if (i % 4 == 3)
            TEST_CHECK(rove_runtime_shutdown(field.runtime) == ROVE_OK, "shutdown");
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        test_once_check(&once);
        test_once_fini(&once);
        test_runtime_end(field.runtime);
    }
    test_wait_for_threads(threads);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"large_storms", large_storms},
        {"small_storms", small_storms},
        {"crowd", crowd},
        {"short_lives", short_lives},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 90);
}
