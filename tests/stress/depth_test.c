/*
 * Depth: nested groups, recursion that forks at every level, forks without a join in between, and spawns without an
 * end.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

enum { BIG_STACK_MIB = 2048 };

/* Runs fn(arg) as a guest of the runtime, on a thread with a big stack: a guest uses the stack of its caller. */
struct deep_call {
    rove_runtime *runtime;
    void (*fn)(void *arg);
    void *arg;
};

static void *deep_call_run(void *arg)
{
    struct deep_call *call = arg;
    rove_status status = rove_run(call->runtime, call->fn, call->arg);
    TEST_CHECK(status == ROVE_OK, "run: %s", rove_status_text(status));
    return NULL;
}

static void run_deep(rove_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    struct deep_call call = {runtime, fn, arg};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    TEST_CHECK(pthread_attr_setstacksize(&attributes, (size_t)BIG_STACK_MIB << 20) == 0, "stack size");
    int error = pthread_create(&thread, &attributes, deep_call_run, &call);
    TEST_CHECK(error == 0, "a thread with a big stack: %s", strerror(error));
    pthread_attr_destroy(&attributes);
    pthread_join(thread, NULL);
}

static rove_runtime *runtime_deep(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.stack_size = (size_t)BIG_STACK_MIB << 20;
    return test_runtime_with(&config);
}

/* A chain of groups, each with one task that makes the next. */
static atomic_int chain_length;

static int chain(void *arg)
{
    int depth = *(int *)arg, below = depth - 1;
    atomic_fetch_add(&chain_length, 1);
    if (depth == 0)
        return 77;
    rove_group group = {0};
    TEST_CHECK(rove_group_spawn(&group, chain, &below) == ROVE_OK, "spawn at depth %d", depth);
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED, "the error of the last one is lost at depth %d", depth);
    return rove_group_error(&group);
}

static void chain_run(void *arg)
{
    TEST_CHECK(chain(arg) == 77, "the error of the last one is another");
}

static void nested_groups(void)
{
    int depth = (int)test_scaled(10000, 500);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers); /* with stacks as they are by default */
        for (int i = 0; i < 5; i++) {
            atomic_store(&chain_length, 0);
            TEST_CHECK(rove_run(runtime, chain_run, &depth) == ROVE_OK, "run");
            TEST_CHECK(atomic_load(&chain_length) == depth + 1, "%d tasks", atomic_load(&chain_length));
        }
        test_runtime_end(runtime);
    }
}

/* How many levels of so many frames each: ThreadSanitizer ends at 65535 frames. */
static int64_t levels(int64_t wanted, int frames)
{
    int64_t most = 65535 / frames;
    return test_is_thread_sanitized() && wanted > most ? most : wanted;
}

static void nested_groups_on_big_stacks(void)
{
    int depth = (int)levels(test_scaled(200000, 500), 12);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = runtime_deep(workers);
        atomic_store(&chain_length, 0);
        run_deep(runtime, chain_run, &depth);
        TEST_CHECK(atomic_load(&chain_length) == depth + 1, "%d tasks", atomic_load(&chain_length));
        test_runtime_end(runtime);
    }
}

/* Recursion by calls, with a fork at each level that stays until the recursion is back. */
static struct test_once once;

struct level {
    rove_task task;
    int64_t number;
};

static void level_task(rove_task *task)
{
    test_once_mark(&once, ((struct level *)task)->number);
}

static void descend(int64_t depth)
{
    struct level level = {.number = depth};
    rove_fork(&level.task, level_task);
    if (depth > 0)
        descend(depth - 1);
    TEST_CHECK(rove_join(&level.task, level_task) == ROVE_OK, "join at depth %lld", (long long)depth);
}

static void descend_run(void *arg)
{
    descend(*(int64_t *)arg);
}

static void fork_at_each_level(void)
{
    int64_t depth = levels(test_scaled(1000000, 1000), 4);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = runtime_deep(workers);
        test_once_init(&once, depth + 1);
        run_deep(runtime, descend_run, &depth);
        test_once_check(&once);
        test_once_fini(&once);
        test_runtime_end(runtime);
    }
}

/* Recursion through forks: each task forks the next level and joins it at once. */
static void tunnel_task(rove_task *task)
{
    struct level *self = (struct level *)task;
    test_once_mark(&once, self->number);
    if (self->number == 0)
        return;
    struct level next = {.number = self->number - 1};
    rove_fork(&next.task, tunnel_task);
    TEST_CHECK(rove_join(&next.task, tunnel_task) == ROVE_OK, "join at depth %lld", (long long)self->number);
}

static void tunnel_run(void *arg)
{
    struct level top = {.number = *(int64_t *)arg};
    tunnel_task(&top.task);
}

static void fork_the_next_level(void)
{
    int64_t depth = levels(test_scaled(1000000, 1000), 4);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = runtime_deep(workers);
        test_once_init(&once, depth + 1);
        run_deep(runtime, tunnel_run, &depth);
        test_once_check(&once);
        test_once_fini(&once);
        test_runtime_end(runtime);
    }
}

/* 10^7 forks before the first join, in both forms: the deque grows as far as it must, and shrinks to nothing. */
static rove_task *many;

static void many_task(rove_task *task)
{
    test_once_mark(&once, task - many);
}

static void many_run(void *arg)
{
    int64_t count = *(int64_t *)arg;
    for (int64_t i = 0; i < count; i++)
        rove_fork(&many[i], many_task);
    for (int64_t i = count - 1; i >= 0; i--)
        TEST_CHECK(rove_join(&many[i], many_task) == ROVE_OK, "join %lld", (long long)i);
}

static void many_at_run(void *arg)
{
    int64_t count = *(int64_t *)arg;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_slot *next = slot;
    for (int64_t i = 0; i < count; i++)
        next = rove_fork_at(deque, next, &many[i], many_task);
    TEST_CHECK(next == slot + count, "%lld of them are queued", (long long)(next - slot));
    for (int64_t i = count - 1; i >= 0; i--) {
        int outcome = rove_join_at(deque, slot + i, &many[i]);
        if (outcome == ROVE_JOIN_RUNS)
            many_task(&many[i]);
        else
            TEST_CHECK(outcome == ROVE_OK, "join %lld", (long long)i);
    }
}

static void many_forks_before_a_join(void)
{
    int64_t count = test_scaled(10000000, 10000);
    many = calloc((size_t)count, sizeof *many);
    TEST_CHECK(many, "no memory for %lld tasks", (long long)count);
    for (int i = 0; i < 6; i++) {
        rove_runtime *runtime = test_runtime(1 << i / 2);
        test_once_init(&once, count);
        TEST_CHECK(rove_run(runtime, i % 2 ? many_at_run : many_run, &count) == ROVE_OK, "run");
        test_once_check(&once);
        test_once_fini(&once);
        rove_stats stats;
        rove_runtime_stats(runtime, &stats);
        TEST_CHECK(stats.inline_runs == 0, "%llu were not queued", (unsigned long long)stats.inline_runs);
        test_runtime_end(runtime);
    }
    free(many);
}

/* A task that spawns on and on, while others take what it spawns: the deque is only as large as what is open. */
enum { BACKLOG = 20000 };

struct stream {
    int64_t count;
    atomic_llong done;
    unsigned char *numbers; /* one address for each task */
};

static struct stream stream;

static int stream_task(void *arg)
{
    test_once_mark(&once, (unsigned char *)arg - stream.numbers);
    atomic_fetch_add_explicit(&stream.done, 1, memory_order_relaxed);
    return 0;
}

static void stream_run(void *arg)
{
    struct test_random random = test_random_make(1);
    rove_group group = {0};
    int64_t backlog = BACKLOG;
    (void)arg;
    for (int64_t i = 0; i < stream.count; i++) {
        TEST_CHECK(rove_group_spawn(&group, stream_task, stream.numbers + i) == ROVE_OK, "spawn");
        if (i - atomic_load_explicit(&stream.done, memory_order_relaxed) < backlog)
            continue;
        int64_t rest = (int64_t)test_random_below(&random, BACKLOG);
        while (i - atomic_load_explicit(&stream.done, memory_order_relaxed) > rest)
            test_yield();
        backlog = 1 + (int64_t)test_random_below(&random, BACKLOG);
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void spawns_on_and_on(void)
{
    stream.count = test_scaled(3000000, 10000);
    stream.numbers = malloc((size_t)stream.count);
    TEST_CHECK(stream.numbers, "no memory");
    for (int workers = 2; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        test_once_init(&once, stream.count);
        atomic_store(&stream.done, 0);
        TEST_CHECK(rove_run(runtime, stream_run, NULL) == ROVE_OK, "run");
        test_once_check(&once);
        test_once_fini(&once);
        rove_stats stats;
        rove_runtime_stats(runtime, &stats);
        printf("  %d workers: %llu growths\n", workers, (unsigned long long)stats.growths);
        TEST_CHECK(stats.growths <= 8 && stats.inline_runs == 0, "%llu growths, %llu not queued",
                   (unsigned long long)stats.growths, (unsigned long long)stats.inline_runs);
        test_runtime_end(runtime);
    }
    free(stream.numbers);
}

/* 10^6 tasks in groups of twelve, each of which waits: whoever waits helps, but not to any depth. */
enum { BOMB_DEPTH_MOST = 64 }; /* the scheduler stops helping at 32; the tree of tasks itself is six deep */

static _Thread_local int bomb_depth;
static atomic_int bomb_deepest;

static int bomb_wait(void *arg);

static int bomb(void *arg)
{
    int depth = ++bomb_depth, deepest = atomic_load(&bomb_deepest);
    while (depth > deepest && !atomic_compare_exchange_weak(&bomb_deepest, &deepest, depth))
        continue;
    int result = bomb_wait(arg);
    bomb_depth--;
    return result;
}

static int bomb_wait(void *arg)
{
    int64_t *range = arg, begin = range[0] + 1, end = range[1];
    test_once_mark(&once, range[0]);
    rove_group group = {0};
    int64_t parts[12][2];
    for (int i = 0; i < 12 && begin < end; i++) {
        int64_t share = (end - begin + 11 - i) / (12 - i);
        parts[i][0] = begin;
        parts[i][1] = begin += share;
        TEST_CHECK(rove_group_spawn(&group, bomb, parts[i]) == ROVE_OK, "spawn");
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    return 0;
}

static void bomb_run(void *arg)
{
    bomb(arg);
}

static void wait_bomb(void)
{
    int64_t count = test_scaled(1000000, 1000);
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_config config;
        rove_config_default(&config);
        config.workers = workers;
        config.oversubscribe = true;
        config.stack_size = (size_t)(test_is_sanitized() ? 1024 : 256) << 10;
        rove_runtime *runtime = test_runtime_with(&config);
        int64_t range[2] = {0, count};
        test_once_init(&once, count);
        atomic_store(&bomb_deepest, 0);
        TEST_CHECK(rove_run(runtime, bomb_run, range) == ROVE_OK, "run");
        test_once_check(&once);
        test_once_fini(&once);
        printf("  %d workers: at most %d tasks on one stack\n", workers, atomic_load(&bomb_deepest));
        TEST_CHECK(atomic_load(&bomb_deepest) <= BOMB_DEPTH_MOST, "%d tasks on one stack", atomic_load(&bomb_deepest));
        test_runtime_end(runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"nested_groups", nested_groups},
        {"nested_groups_on_big_stacks", nested_groups_on_big_stacks},
        {"fork_at_each_level", fork_at_each_level},
        {"fork_the_next_level", fork_the_next_level},
        {"many_forks_before_a_join", many_forks_before_a_join},
        {"spawns_on_and_on", spawns_on_and_on},
        {"wait_bomb", wait_bomb},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 90);
}
