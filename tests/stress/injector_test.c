/*
 * 64 threads that are no workers spawn 10^7 tasks in all into groups: their own, or one for all. Nothing is lost.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <support/support.h>

enum { THREADS = 64, BATCH = 500 };

/* A thread that spawns. Its task numbers begin at `first`. */
struct spawner {
    rove_runtime *runtime;
    rove_group *common; /* NULL: a group of its own, for each batch */
    int64_t first;
    int64_t count;
    uint64_t stream;
};

static struct test_once once;

static int mark(void *arg)
{
    test_once_mark(&once, (int64_t)(intptr_t)arg);
    return 0;
}

static void spawn_range(rove_group *group, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        rove_status status = rove_group_spawn(group, mark, (void *)(intptr_t)i);
        TEST_CHECK(status == ROVE_OK, "spawn: %s", rove_status_text(status));
    }
}

static void wait_for(rove_group *group)
{
    rove_status status = rove_group_wait(group);
    TEST_CHECK(status == ROVE_OK, "wait: %s", rove_status_text(status));
}

static void spawn_in_batches(void *arg)
{
    struct spawner *spawner = arg;
    struct test_random random = test_random_make(spawner->stream);
    int64_t at = spawner->first, end = at + spawner->count;
    while (at < end) {
        rove_group group = {.runtime = spawner->runtime};
        int64_t batch = 1 + (int64_t)test_random_below(&random, 2 * BATCH);
        batch = batch < end - at ? batch : end - at;
        spawn_range(&group, at, at + batch);
        wait_for(&group);
        at += batch;
    }
}

static void spawn_into_common(void *arg)
{
    struct spawner *spawner = arg;
    spawn_range(spawner->common, spawner->first, spawner->first + spawner->count);
}

static void run_spawners(int workers, int64_t per_thread, rove_group *common, void (*fn)(void *))
{
    rove_runtime *runtime = test_runtime(workers);
    struct spawner spawners[THREADS];
    test_once_init(&once, THREADS * per_thread);
    for (int i = 0; i < THREADS; i++)
        spawners[i] = (struct spawner){runtime, common, i * per_thread, per_thread, (uint64_t)i};
    if (common)
        *common = (rove_group){.runtime = runtime};
    test_on_threads(THREADS, fn, spawners, sizeof spawners[0]);
    if (common)
        wait_for(common);
    test_once_check(&once);
    test_once_fini(&once);
    test_runtime_end(runtime);
}

static void own_groups(void)
{
    int64_t per_thread = test_scaled(10000000 / THREADS / 4, BATCH);
    run_spawners(2, per_thread, NULL, spawn_in_batches);
    run_spawners(4, per_thread, NULL, spawn_in_batches);
}

static void common_group(void)
{
    static rove_group common;
    int64_t per_thread = test_scaled(10000000 / THREADS / 20, BATCH);
    for (int round = 0; round < 10; round++)
        run_spawners(1 + round % 4, per_thread, &common, spawn_into_common);
}

/* Workers spawn at the same time as the others, into the same group. */
static int spawn_from_inside(void *arg)
{
    struct spawner *spawner = arg;
    spawn_range(spawner->common, spawner->first, spawner->first + spawner->count);
    return 0;
}

static void spawn_a_spawner(void *arg)
{
    struct spawner *spawner = arg;
    rove_status status = rove_group_spawn(spawner->common, spawn_from_inside, spawner);
    TEST_CHECK(status == ROVE_OK, "spawn: %s", rove_status_text(status));
}

static void from_inside(void)
{
    static rove_group common;
    int64_t per_thread = test_scaled(10000000 / THREADS / 20, BATCH);
    for (int round = 0; round < 10; round++) {
        rove_runtime *runtime = test_runtime(1 + round % 4);
        struct spawner spawners[THREADS];
        test_once_init(&once, THREADS * per_thread);
        common = (rove_group){.runtime = runtime};
        for (int i = 0; i < THREADS; i++)
            spawners[i] = (struct spawner){runtime, &common, i * per_thread, per_thread, (uint64_t)i};
        test_on_threads(THREADS, spawn_a_spawner, spawners, sizeof spawners[0]);
        wait_for(&common);
        test_once_check(&once);
        test_once_fini(&once);
        test_runtime_end(runtime);
    }
}

/* One task at a time to workers that are about to sleep or asleep: each must wake one. */
static void one_by_one(void)
{
    int64_t rounds = test_scaled(100000, 1000);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        test_once_init(&once, rounds);
        rove_group group = {.runtime = runtime};
        for (int64_t i = 0; i < rounds; i++) {
            spawn_range(&group, i, i + 1);
            while (!__atomic_load_n(&once.runs[i], __ATOMIC_ACQUIRE))
                test_yield(); /* and not a wait, which would run it itself */
        }
        wait_for(&group);
        test_once_check(&once);
        test_once_fini(&once);
        test_runtime_end(runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"own_groups", own_groups},
        {"common_group", common_group},
        {"from_inside", from_inside},
        {"one_by_one", one_by_one},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
