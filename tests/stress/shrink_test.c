/*
 * A worker becomes one too many while it holds 10^5 tasks and is deep in waits: it stays until its stack is empty, then
 * leaves, and the others take over what it holds.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/idle.h>
#include <support/support.h>

enum { WORKERS = 4, HELD = 100000, NESTED = 3 };

static rove_runtime *runtime;
static struct test_once once;
static rove_group held; /* static, so that its tasks do not have to be waited for by who spawns them */
static atomic_int held_by;
static _Atomic int64_t taken_over;

static int mark(void *arg)
{
    if (rove_worker_id() != atomic_load_explicit(&held_by, memory_order_relaxed))
        atomic_fetch_add_explicit(&taken_over, 1, memory_order_relaxed);
    test_once_mark(&once, (int64_t)(intptr_t)arg);
    return 0;
}

static int wait_nested(void *arg)
{
    int depth = *(int *)arg, below = depth - 1;
    if (depth == 0)
        return 0;
    int id = rove_worker_id();
    rove_group group = {0};
    TEST_CHECK(rove_group_spawn(&group, wait_nested, &below) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(rove_worker_id() == id, "worker %d has become %d in a wait", id, rove_worker_id());
    return 0;
}

/* On a pool thread. Which worker has to leave is for the runtime to say; half of the time this one becomes one too many
 * before it holds the tasks, and half of the time afterwards. */
static int hold_and_shrink(void *arg)
{
    bool is_early = *(bool *)arg;
    int depth = NESTED;
    atomic_store(&held_by, rove_worker_id());
    if (is_early)
        TEST_CHECK(rove_set_workers(runtime, 1) == ROVE_OK, "shrink");
    for (int64_t i = 0; i < once.count; i++)
        TEST_CHECK(rove_group_spawn(&held, mark, (void *)(intptr_t)i) == ROVE_OK, "spawn");
    if (!is_early)
        TEST_CHECK(rove_set_workers(runtime, 1) == ROVE_OK, "shrink");
    return wait_nested(&depth);
}

/* Sooner or later no more threads are active than are wanted. */
static void await_target(void)
{
    while (atomic_load(&runtime->pool_active) + atomic_load(&runtime->guest_active) != 1)
        test_yield();
}

static void while_holding_tasks(void)
{
    int64_t rounds = test_scaled(100, 5);
    int64_t in_all = 0;
    runtime = test_runtime(WORKERS);
    /* And until something is taken over, which takes somebody who comes in time. */
    for (int64_t round = 0; round < rounds || in_all == 0; round++) {
        bool is_early = round % 2;
        rove_group group = {.runtime = runtime};
        held = (rove_group){.runtime = runtime};
        atomic_store(&taken_over, 0);
        test_once_init(&once, test_is_sanitized() ? HELD / 10 : HELD);
        TEST_CHECK(rove_set_workers(runtime, WORKERS) == ROVE_OK, "grow");
        TEST_CHECK(rove_group_spawn(&group, hold_and_shrink, &is_early) == ROVE_OK, "spawn");
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        TEST_CHECK(rove_group_wait(&held) == ROVE_OK, "wait for what was held");
        test_once_check(&once);
        test_once_fini(&once);
        await_target();
        in_all += atomic_load(&taken_over);
    }
    printf("  %lld rounds or more, %lld tasks taken over\n", (long long)rounds, (long long)in_all);
    test_runtime_end(runtime);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {{"while_holding_tasks", while_holding_tasks}};
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
