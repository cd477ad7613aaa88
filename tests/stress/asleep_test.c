/*
 * One task at a time to a runtime that is fast asleep: each starts, and nothing but the wake-up that it causes makes it
 * start. There is no timer anywhere that would hide a wake-up that is lost.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <support/idle.h>
#include <support/support.h>

static const int worker_counts[] = {1, 2, 4};

enum { WORKER_COUNTS = sizeof worker_counts / sizeof *worker_counts };

static struct test_once once;
static rove_runtime *runtime;

/* All cases together make 10^5. */
static int64_t rounds_each(void)
{
    return test_scaled(100000, 1000) / (WORKER_COUNTS + 3 * (WORKER_COUNTS - 1));
}

static int mark(void *arg)
{
    test_once_mark(&once, (int64_t)(intptr_t)arg);
    return 0;
}

struct job {
    rove_task task;
    int64_t number;
};

static void mark_forked(rove_task *task)
{
    test_once_mark(&once, ((struct job *)task)->number);
}

static void await_mark(int64_t number)
{
    while (!__atomic_load_n(&once.runs[number], __ATOMIC_ACQUIRE))
        test_yield(); /* and not a wait, which would run it itself */
}

static void begin(int workers)
{
    runtime = test_runtime(workers);
    test_once_init(&once, rounds_each());
}

static void end(void)
{
    test_once_check(&once);
    test_once_fini(&once);
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    TEST_CHECK(stats.wakes > 0, "nobody was ever woken");
    test_runtime_end(runtime);
}

static void from_outside(void)
{
    for (int i = 0; i < WORKER_COUNTS; i++) {
        begin(worker_counts[i]);
        rove_group group = {.runtime = runtime};
        for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
            idle_await(runtime, (uint32_t)worker_counts[i]);
            TEST_CHECK(rove_group_spawn(&group, mark, (void *)(intptr_t)number) == ROVE_OK, "spawn");
            await_mark(number);
        }
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        end();
    }
}

/* A worker goes on with a long task after it has given one away: the others must take it from there. The caller takes
 * the place of one pool thread, so one less is asleep. */
static void fork_to_sleepers(void *arg)
{
    uint32_t others = *(uint32_t *)arg;
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        struct job job = {.number = number};
        idle_await(runtime, others);
        rove_fork(&job.task, mark_forked);
        await_mark(number);
        TEST_CHECK(rove_join(&job.task, mark_forked) == ROVE_OK, "join");
    }
}

static void spawn_to_sleepers(void *arg)
{
    uint32_t others = *(uint32_t *)arg;
    rove_group group = {0};
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        idle_await(runtime, others);
        TEST_CHECK(rove_group_spawn(&group, mark, (void *)(intptr_t)number) == ROVE_OK, "spawn");
        await_mark(number);
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void from_a_worker(void (*fn)(void *arg))
{
    for (int i = 1; i < WORKER_COUNTS; i++) {
        uint32_t others = (uint32_t)worker_counts[i] - 1;
        begin(worker_counts[i]);
        TEST_CHECK(rove_run(runtime, fn, &others) == ROVE_OK, "run");
        end();
    }
}

static void forked_by_a_worker(void)
{
    from_a_worker(fork_to_sleepers);
}

static void spawned_by_a_worker(void)
{
    from_a_worker(spawn_to_sleepers);
}

/* As many tasks as there are workers, each of which lasts until all have begun: who is woken wakes the next. Their
 * arguments are their places in the oracle, because those lie side by side. */
static atomic_int begun;
static int together;

static int begin_together(void *arg)
{
    test_once_mark(&once, (unsigned char *)arg - once.runs);
    atomic_fetch_add(&begun, 1);
    while (atomic_load(&begun) < together)
        test_yield();
    return 0;
}

/* One by one, or by one call, which wakes one worker. */
static void spawn_together(rove_group *group, int64_t first, bool is_at_once)
{
    for (int i = 0; i < together && !is_at_once; i++)
        TEST_CHECK(rove_group_spawn(group, begin_together, &once.runs[first + i]) == ROVE_OK, "spawn");
    if (is_at_once)
        TEST_CHECK(rove_group_spawn_many(group, begin_together, &once.runs[first], 1, (size_t)together, NULL) ==
                       ROVE_OK,
                   "spawn");
}

static void a_burst(void)
{
    for (int i = 1; i < WORKER_COUNTS; i++) {
        together = worker_counts[i];
        begin(together);
        once.count -= once.count % together;
        for (int64_t number = 0; test_once_goes_on(&once, number); number += together) {
            rove_group group = {.runtime = runtime};
            idle_await(runtime, (uint32_t)together);
            atomic_store(&begun, 0);
            spawn_together(&group, number, number / together % 2);
            while (atomic_load(&begun) < together)
                test_yield();
            TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        }
        end();
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"from_outside", from_outside},
        {"forked_by_a_worker", forked_by_a_worker},
        {"spawned_by_a_worker", spawned_by_a_worker},
        {"a_burst", a_burst},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
