/*
 * The number of workers goes up and down between 1 and 32 while storms rage: each task runs once, and the numbers of
 * the workers stay in their range.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/storm.h>
#include <time.h>

enum { MOST = 32, STORMERS = 2 };

static struct {
    rove_runtime *runtime;
    atomic_bool over;
    int64_t changes;
    bool is_paced; /* between the least and the most, every millisecond */
    int64_t tasks;
    atomic_int storms;
} field;

static void change_until_over(void)
{
    struct test_random random = test_random_make(7);
    for (int64_t i = 0; i < field.changes; i++) {
        int workers = i % 2 ? 1 : field.is_paced ? MOST : 2 + (int)test_random_below(&random, MOST - 1);
        rove_status status = rove_set_workers(field.runtime, workers);
        TEST_CHECK(status == ROVE_OK, "set to %d: %s", workers, rove_status_text(status));
        TEST_CHECK(rove_worker_count(field.runtime) == workers, "set to %d, but there are %d", workers,
                   rove_worker_count(field.runtime));
        if (field.is_paced)
            nanosleep(&(struct timespec){0, 1000000}, NULL);
        else if (test_random_below(&random, 4) == 0)
            test_yield();
    }
    atomic_store(&field.over, true);
}

static void player(void *arg)
{
    int number = *(int *)arg;
    if (number == 0) {
        change_until_over();
        return;
    }
    for (int64_t round = 0; !atomic_load(&field.over); round++) {
        storm_in(field.runtime, field.tasks, (uint64_t)(number * 1000000 + round), STORM_ALL);
        atomic_fetch_add(&field.storms, 1);
    }
}

static void play(int64_t changes, int64_t tasks)
{
    int numbers[STORMERS + 1] = {0, 1, 2};
    field.runtime = test_runtime(1);
    field.changes = changes;
    field.tasks = tasks;
    atomic_store(&field.over, false);
    atomic_store(&field.storms, 0);
    test_on_threads(STORMERS + 1, player, numbers, sizeof numbers[0]);
    printf("  %lld changes, %d storms\n", (long long)changes, atomic_load(&field.storms));
    TEST_CHECK(rove_set_workers(field.runtime, 2) == ROVE_OK && rove_worker_count(field.runtime) == 2, "in the end");
    storm_in(field.runtime, tasks, 1, STORM_ALL);
    test_runtime_end(field.runtime);
}

static void large_storms(void)
{
    play(test_scaled(2000, 20), 50000);
}

static void small_storms(void)
{
    play(test_scaled(3000, 20), 100);
}

static void every_millisecond(void)
{
    field.is_paced = true;
    play(test_scaled(3000, 20), 20000);
    field.is_paced = false;
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int mark_task(void *arg)
{
    void **pair = arg;
    test_once_mark(pair[0], (int64_t)(intptr_t)pair[1]);
    free(pair);
    return 0;
}

/* Makes its own worker one too many while it holds tasks and waits: it leaves when this is over. */
static void spawn_and_shrink(void *arg)
{
    struct test_once *once = arg;
    rove_group group = {0}, nested = {0};
    for (int64_t i = 0; i < once->count; i++) {
        void **pair = malloc(2 * sizeof *pair);
        TEST_CHECK(pair, "no memory for a task");
        pair[0] = once;
        pair[1] = (void *)(intptr_t)i;
        TEST_CHECK(rove_group_spawn(&group, mark_task, pair) == ROVE_OK, "spawn");
        if (i == once->count / 2) {
            TEST_CHECK(rove_set_workers(rove_current_runtime(), 1) == ROVE_OK, "shrink");
            TEST_CHECK(rove_group_spawn(&nested, do_nothing, once) == ROVE_OK, "spawn");
            TEST_CHECK(rove_group_wait(&nested) == ROVE_OK, "a nested wait");
        }
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static int spawn_and_shrink_task(void *arg)
{
    spawn_and_shrink(arg);
    return 0;
}

static void shrink_while_holding_tasks(void)
{
    int64_t rounds = test_scaled(200, 5);
    rove_runtime *runtime = test_runtime(4);
    for (int64_t round = 0; round < rounds; round++) {
        struct test_once onces[4];
        rove_group group = {.runtime = runtime};
        TEST_CHECK(rove_set_workers(runtime, 2 + (int)(round % 6)) == ROVE_OK, "grow");
        for (int i = 0; i < 4; i++) {
            test_once_init(&onces[i], 3000);
            TEST_CHECK(rove_group_spawn(&group, spawn_and_shrink_task, &onces[i]) == ROVE_OK, "spawn");
        }
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        for (int i = 0; i < 4; i++) {
            test_once_check(&onces[i]);
            test_once_fini(&onces[i]);
        }
    }
    test_runtime_end(runtime);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"large_storms", large_storms},
        {"small_storms", small_storms},
        {"every_millisecond", every_millisecond},
        {"shrink_while_holding_tasks", shrink_while_holding_tasks},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 90);
}
