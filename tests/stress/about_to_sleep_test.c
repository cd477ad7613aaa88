/*
 * Work placed at the moment when a worker has said that it sleeps and does not sleep yet. Each case is another source
 * of work; in each, the placer then stays busy and does nothing that would help.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/idle.h>
#include <support/support.h>

static rove_runtime *runtime;
static struct test_once once;
static struct test_random randoms;

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
        test_yield();
}

/* Returns right after a worker has announced that it sleeps, or so much later that it is at any step of that. */
static void await_sleeper(uint32_t sleepers)
{
    idle_await(runtime, sleepers);
    test_spin_ns((int64_t)test_random_below(&randoms, 3000));
}

static void spawn_mark(rove_group *group, int64_t number)
{
    rove_status status = rove_group_spawn(group, mark, (void *)(intptr_t)number);
    TEST_CHECK(status == ROVE_OK, "spawn: %s", rove_status_text(status));
}

static void begin(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.spin_ns = 1000;
    runtime = test_runtime_with(&config);
    randoms = test_random_make((uint64_t)workers);
    test_once_init(&once, test_scaled(10000, 200));
}

static void end(void)
{
    test_once_check(&once);
    test_once_fini(&once);
    test_runtime_end(runtime);
}

static void as_worker(int workers, void (*fn)(void *arg))
{
    begin(workers);
    TEST_CHECK(rove_run(runtime, fn, NULL) == ROVE_OK, "run");
    end();
}

/* The injector. */
static void injected(void)
{
    begin(1);
    rove_group group = {.runtime = runtime};
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        await_sleeper(1);
        spawn_mark(&group, number);
        await_mark(number);
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    end();
}

/* The private part of a deque whose owner then does something long. */
static void fork_and_stay_busy(void *arg)
{
    (void)arg;
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        struct job job = {.number = number};
        await_sleeper(1);
        rove_fork(&job.task, mark_forked);
        await_mark(number);
        TEST_CHECK(rove_join(&job.task, mark_forked) == ROVE_OK, "join");
    }
}

static void spawn_and_stay_busy(void *arg)
{
    (void)arg;
    rove_group group = {0};
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        await_sleeper(1);
        spawn_mark(&group, number);
        await_mark(number);
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

/* Without membarrier a push may go unheard until the next one. */
static bool has_barrier(void)
{
    begin(1);
    bool has = atomic_load(&runtime->has_barrier);
    test_once_fini(&once);
    test_runtime_end(runtime);
    if (!has)
        printf("  skipped: there is no membarrier here\n");
    return has;
}

static void forked(void)
{
    if (has_barrier())
        as_worker(2, fork_and_stay_busy);
}

static void spawned(void)
{
    if (has_barrier())
        as_worker(2, spawn_and_stay_busy);
}

/* What a guest leaves behind when it goes. */
static rove_group left;

static void spawn_and_leave(void *arg)
{
    await_sleeper(1);
    spawn_mark(&left, (int64_t)(intptr_t)arg);
}

static void left_by_a_guest(void)
{
    begin(2);
    left = (rove_group){.runtime = runtime};
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        TEST_CHECK(rove_run(runtime, spawn_and_leave, (void *)(intptr_t)number) == ROVE_OK, "run");
        await_mark(number);
    }
    TEST_CHECK(rove_group_wait(&left) == ROVE_OK, "wait");
    end();
}

/* What a worker leaves behind that goes to work for another runtime. */
static rove_runtime *elsewhere;

static void stay_away(void *number)
{
    await_mark((int64_t)(intptr_t)number);
}

static void spawn_and_go_elsewhere(void *arg)
{
    (void)arg;
    rove_group group = {0};
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        await_sleeper(1);
        spawn_mark(&group, number);
        TEST_CHECK(rove_run(elsewhere, stay_away, (void *)(intptr_t)number) == ROVE_OK, "run elsewhere");
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void left_by_one_who_goes_elsewhere(void)
{
    elsewhere = test_runtime(1);
    as_worker(2, spawn_and_go_elsewhere);
    TEST_CHECK(rove_runtime_destroy(elsewhere) == ROVE_OK, "destroy");
}

/* A worker that is added while tasks lie in private, or are just being pushed. */
static void grow_and_fork(void *arg)
{
    (void)arg;
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        struct job job = {.number = number};
        bool is_forked_first = number % 2;
        if (is_forked_first)
            rove_fork(&job.task, mark_forked);
        TEST_CHECK(rove_set_workers(runtime, 2) == ROVE_OK, "grow");
        if (!is_forked_first)
            rove_fork(&job.task, mark_forked);
        await_mark(number);
        TEST_CHECK(rove_join(&job.task, mark_forked) == ROVE_OK, "join");
        TEST_CHECK(rove_set_workers(runtime, 1) == ROVE_OK, "shrink");
    }
}

static void seen_by_a_new_worker(void)
{
    if (has_barrier())
        as_worker(1, grow_and_fork);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"injected", injected},
        {"forked", forked},
        {"spawned", spawned},
        {"left_by_a_guest", left_by_a_guest},
        {"left_by_one_who_goes_elsewhere", left_by_one_who_goes_elsewhere},
        {"seen_by_a_new_worker", seen_by_a_new_worker},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
