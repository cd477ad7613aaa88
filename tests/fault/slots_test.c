/*
 * The array of a deque cannot grow: at each of its sizes, at the first one, from one moment to the next, because of a
 * limit on memory or on address space. What cannot be queued is run where it was to be joined; nothing is lost, nothing
 * runs twice, and thieves take what is queued all the while.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/slots.h>
#include <support/storm.h>
#include <sys/resource.h>

/* So many slots of the first array can be used. */
enum { SLOTS_AT_FIRST = TEST_SLOTS_AT_FIRST / sizeof(rove_slot) - 1 };

/* Tasks that fork three tasks each, in one form or the other. */
enum { ROW = 3, EACH = 1 + ROW, MANY_MOST = 200000 };

struct node {
    rove_task task;
    int64_t number;
};

static struct test_once once;
static atomic_int stolen;
static _Thread_local bool is_owner;

static void leaf_task(rove_task *task)
{
    test_once_mark(&once, ((struct node *)task)->number);
}

/* Where the task number `i` of a row is joined that began at `slot`, and whose last fork has returned `next`. */
static rove_slot *row_slot(rove_slot *slot, int64_t i, rove_slot *next)
{
    return i < next - slot ? slot + i : next;
}

/* Returns whether the task was still here, and has run. */
static bool join_node(rove_deque *deque, rove_slot *slot, struct node *node, rove_task_fn *fn)
{
    int outcome = rove_join_at(deque, slot, &node->task);
    if (outcome == ROVE_JOIN_RUNS)
        fn(&node->task);
    else
        TEST_CHECK(outcome == ROVE_OK, "join of task %lld: %d", (long long)node->number, outcome);
    return outcome == ROVE_JOIN_RUNS;
}

static void node_task(rove_task *task)
{
    int64_t number = ((struct node *)task)->number;
    struct node row[ROW];
    test_once_mark(&once, number);
    if (!is_owner)
        atomic_fetch_add(&stolen, 1);
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_slot *next = slot;
    bool is_plain = number / EACH % 2;
    for (int i = 0; i < ROW; i++) {
        row[i].number = number + 1 + i;
        if (is_plain)
            rove_fork(&row[i].task, leaf_task);
        else
            next = rove_fork_at(deque, next, &row[i].task, leaf_task);
    }
    for (int i = ROW - 1; i >= 0; i--)
        if (is_plain)
            TEST_CHECK(rove_join(&row[i].task, leaf_task) == ROVE_OK, "join of task %lld", (long long)number);
        else
            join_node(deque, row_slot(slot, i, next), &row[i], leaf_task);
}

/* What a case does as the owner of a deque. */
struct job {
    int count;
    int slots; /* that the owner's array can have, or 0 if that depends */
    void (*at_half)(void);
};

static struct node nodes[MANY_MOST];

static void fork_in_a_row(void *arg)
{
    struct job *job = arg;
    is_owner = true;
    for (int i = 0; i < job->count; i++) {
        nodes[i].number = (int64_t)i * EACH;
        rove_fork(&nodes[i].task, node_task);
        if (i == job->count / 2 && job->at_half)
            job->at_half();
    }
    for (int i = job->count - 1; i >= 0; i--)
        TEST_CHECK(rove_join(&nodes[i].task, node_task) == ROVE_OK, "join %d", i);
    is_owner = false;
}

static void fork_at_in_a_row(void *arg)
{
    struct job *job = arg;
    is_owner = true;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_slot *next = slot;
    for (int i = 0; i < job->count; i++) {
        nodes[i].number = (int64_t)i * EACH;
        next = rove_fork_at(deque, next, &nodes[i].task, node_task);
        if (i == job->count / 2 && job->at_half)
            job->at_half();
    }
    int64_t used = next - slot;
    TEST_CHECK(!job->slots || used == (job->count < job->slots ? job->count : job->slots), "%lld slots used",
               (long long)used);
    for (int64_t i = job->count - 1; i >= 0; i--)
        join_node(deque, row_slot(slot, i, next), &nodes[i], node_task);
    rove_slot *after;
    TEST_CHECK(rove_deque_here(&after) == deque && after == slot, "the deque does not go on where it began");
    is_owner = false;
}

/* Each task is joined after the next level is back, so all are open at the deepest point. */
static void descend(rove_deque *deque, rove_slot *slot, int depth)
{
    struct node node = {.number = (int64_t)depth * EACH};
    rove_slot *next = rove_fork_at(deque, slot, &node.task, node_task);
    if (depth > 0)
        descend(deque, next, depth - 1);
    join_node(deque, slot, &node, node_task);
}

static void fork_at_each_level(void *arg)
{
    struct job *job = arg;
    is_owner = true;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    descend(deque, slot, job->count - 1);
    is_owner = false;
}

/* At each level a task is forked twice that is prepared once. The levels below use its slot too if there is no other. */
static void descend_twice(rove_deque *deque, rove_slot *slot, int depth, int count)
{
    struct node node;
    rove_prepare_at(deque, slot, &node.task, leaf_task);
    for (int i = 0; i < 2; i++) {
        node.number = depth + i * count;
        rove_slot *next = rove_fork_prepared_at(deque, slot, &node.task);
        if (i == 0 && depth > 0)
            descend_twice(deque, next, depth - 1, count);
        if (!join_node(deque, slot, &node, leaf_task))
            rove_prepare_at(deque, slot, &node.task, leaf_task);
    }
}

static void fork_again_at_each_level(void *arg)
{
    struct job *job = arg;
    is_owner = true;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    descend_twice(deque, slot, job->count - 1, job->count);
    for (int64_t i = 2 * job->count; i < (int64_t)job->count * EACH; i++)
        test_once_mark(&once, i); /* not there in this way */
    is_owner = false;
}

static int node_spawned(void *arg)
{
    node_task(arg);
    return 0;
}

static void spawn_in_a_row(void *arg)
{
    struct job *job = arg;
    is_owner = true;
    rove_group group = {0};
    for (int i = 0; i < job->count; i++) {
        nodes[i].number = (int64_t)i * EACH;
        TEST_CHECK(rove_group_spawn(&group, node_spawned, &nodes[i]) == ROVE_OK, "spawn %d", i);
        if (i == job->count / 2 && job->at_half)
            job->at_half();
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    is_owner = false;
}

static const struct {
    const char *name;
    void (*run)(void *arg);
} ways[] = {
    {"fork", fork_in_a_row},        {"fork_at", fork_at_in_a_row},
    {"levels", fork_at_each_level}, {"again", fork_again_at_each_level},
    {"spawn", spawn_in_a_row},
};

enum { WAYS = sizeof ways / sizeof *ways };

/* Runs the job in each way; returns how many tasks were run because they could not be queued. */
static uint64_t run_each_way(rove_runtime *runtime, struct job job)
{
    rove_stats before, after;
    rove_runtime_stats(runtime, &before);
    for (int way = 0; way < WAYS; way++) {
        test_once_init(&once, (int64_t)job.count * EACH);
        TEST_CHECK(rove_run(runtime, ways[way].run, &job) == ROVE_OK, "%s", ways[way].name);
        test_once_check(&once);
        test_once_fini(&once);
    }
    rove_runtime_stats(runtime, &after);
    return after.inline_runs - before.inline_runs;
}

static void each_size(void)
{
    for (int workers = 1; workers <= 4; workers *= 2)
        for (int times = 0; times < 4; times++) {
            test_slots_limit((size_t)TEST_SLOTS_AT_FIRST << times);
            atomic_store(&stolen, 0);
            rove_runtime *runtime = test_runtime(workers);
            int slots = ((SLOTS_AT_FIRST + 1) << times) - 1, count = 2 * slots;
            uint64_t refused = 0;
            for (int64_t rounds = test_scaled(30, 3); rounds > 0; rounds--)
                refused += run_each_way(runtime, (struct job){count, slots, NULL});
            TEST_CHECK(refused > 0, "nothing was refused");
            printf("  %d workers, %d slots: %llu tasks not queued, %d stolen\n", workers, slots,
                   (unsigned long long)refused, atomic_load(&stolen));
            test_runtime_end(runtime);
            test_slots_limit(SIZE_MAX);
        }
}

/* By one worker, so that nothing is stolen and the figures are exact. */
static void what_is_counted(void)
{
    test_slots_limit(2 * TEST_SLOTS_AT_FIRST);
    rove_runtime *runtime = test_runtime(1);
    enum { SLOTS = 2 * (SLOTS_AT_FIRST + 1) - 1, BEYOND = 100 };
    struct job job = {SLOTS + BEYOND, SLOTS, NULL};
    uint64_t expected[WAYS] = {BEYOND, BEYOND, BEYOND, 2 * BEYOND, BEYOND};
    for (int way = 0; way < WAYS; way++) {
        rove_stats before, after;
        test_once_init(&once, (int64_t)job.count * EACH);
        rove_runtime_stats(runtime, &before);
        TEST_CHECK(rove_run(runtime, ways[way].run, &job) == ROVE_OK, "%s", ways[way].name);
        rove_runtime_stats(runtime, &after);
        test_once_check(&once);
        test_once_fini(&once);
        /* Some of those that were not queued are run where there is no room for theirs. */
        uint64_t inline_runs = after.inline_runs - before.inline_runs, growths = after.growths - before.growths;
        TEST_CHECK(inline_runs >= expected[way] && inline_runs <= expected[way] * EACH + ROW, "%s: %llu not queued",
                   ways[way].name, (unsigned long long)inline_runs);
        TEST_CHECK(growths == (way == 0 || way == WAYS - 1), "%s: grown %llu times", ways[way].name,
                   (unsigned long long)growths);
    }
    test_runtime_end(runtime);
    test_slots_limit(SIZE_MAX);
}

/* Not even the first slots are to be had. */
static void nothing_at_first(void)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    int mappings = test_mapping_count();
    for (int i = 0; i < 5; i++) {
        rove_runtime *runtime = NULL;
        rove_report report = {""};
        test_slots_limit(0);
        rove_status status = rove_runtime_create(&runtime, &config, &report);
        test_slots_limit(SIZE_MAX);
        TEST_CHECK(status == ROVE_NO_MEMORY && !runtime && report.text[0], "%s", rove_status_text(status));
    }
    TEST_CHECK(test_is_sanitized() || test_mapping_count() <= mappings + 2, "address space is left behind");
    rove_runtime *runtime = test_runtime(2);
    TEST_CHECK(run_each_way(runtime, (struct job){100, 100, NULL}) == 0, "memory is still refused");
    test_runtime_end(runtime);
}

/* Memory comes and goes: an array that was refused once keeps its size, for what is open and for good. */
static void memory_comes_back(void)
{
    test_slots_limit(SIZE_MAX);
}

static void refused_for_a_while(void)
{
    for (int64_t round = 0; round < test_scaled(50, 5); round++) {
        rove_runtime *runtime = test_runtime(1 << round % 3);
        test_slots_limit(TEST_SLOTS_AT_FIRST);
        run_each_way(runtime, (struct job){3 * SLOTS_AT_FIRST, 0, memory_comes_back});
        run_each_way(runtime, (struct job){3 * SLOTS_AT_FIRST, 0, NULL});
        test_runtime_end(runtime);
    }
}

/* The same at any moment, while everything is at work. */
static void refused_at_random(void)
{
    struct test_random random = test_random_make(1);
    for (int64_t round = 0; round < test_scaled(60, 6); round++) {
        test_slots_limit(TEST_SLOTS_AT_FIRST);
        rove_runtime *runtime = test_runtime(2 + (int)test_random_below(&random, 3));
        for (int i = 0; i < 5; i++) {
            test_slots_limit((size_t)TEST_SLOTS_AT_FIRST << test_random_below(&random, 5));
            storm_in(runtime, 2000, (uint64_t)(round * 5 + i), STORM_ALL);
            run_each_way(runtime, (struct job){1000, 0, i % 2 ? memory_comes_back : NULL});
        }
        test_runtime_end(runtime);
    }
    test_slots_limit(SIZE_MAX);
}

/* Limits of the system, in children. What the runtime does with malloc may fail there, too. */

static void limit_data(void)
{
    struct rlimit limit = {TEST_SLOTS_AT_FIRST, TEST_SLOTS_AT_FIRST};
    TEST_CHECK(setrlimit(RLIMIT_DATA, &limit) == 0, "setrlimit");
}

static int fork_under_a_data_limit(void *arg)
{
    rove_runtime *runtime = test_runtime(*(int *)arg);
    storm_in(runtime, 3000, 1, STORM_ALL);
    struct job job = {20 * SLOTS_AT_FIRST, 0, limit_data};
    test_once_init(&once, (int64_t)job.count * EACH);
    for (int way = 0; way < WAYS; way++) {
        if (ways[way].run == spawn_in_a_row)
            continue; /* it needs memory for each task */
        TEST_CHECK(rove_run(runtime, ways[way].run, &job) == ROVE_OK, "%s", ways[way].name);
        test_once_check(&once);
        for (int64_t i = 0; i < once.count; i++) /* there is no memory for another one */
            once.runs[i] = 0;
    }
    rove_stats stats;
    rove_runtime_stats(runtime, &stats);
    TEST_CHECK(stats.inline_runs > 0, "all were queued");
    test_runtime_end(runtime);
    return 0;
}

static int fork_in_little_address_space(void *arg)
{
    enum { MIB = 1 << 20 };
    long long pages;
    FILE *file = fopen("/proc/self/statm", "r");
    TEST_CHECK(file && fscanf(file, "%lld", &pages) == 1, "statm");
    fclose(file);
    rlim_t most = (rlim_t)pages * 4096 + (rlim_t)200 * MIB;
    TEST_CHECK(setrlimit(RLIMIT_AS, &(struct rlimit){most, most}) == 0, "setrlimit");
    rove_runtime *runtime = test_runtime(*(int *)arg);
    struct job job = {MANY_MOST, 0, NULL};
    test_once_init(&once, (int64_t)job.count * EACH);
    TEST_CHECK(rove_run(runtime, fork_at_in_a_row, &job) == ROVE_OK, "run");
    test_once_check(&once);
    test_once_fini(&once);
    rove_stats stats;
    rove_runtime_stats(runtime, &stats);
    TEST_CHECK(stats.inline_runs > 0, "all were queued");
    void *left = malloc((size_t)20 * MIB);
    TEST_CHECK(left, "the runtime has taken all the address space");
    free(left);
    test_runtime_end(runtime);
    return 0;
}

static void limits_of_the_system(void)
{
    static int (*const children[])(void *arg) = {fork_under_a_data_limit, fork_in_little_address_space};
    if (test_is_sanitized()) {
        printf("  skipped: sanitizers need memory and address space of their own\n");
        return;
    }
    for (int workers = 1; workers <= 4; workers *= 2)
        for (int i = 0; i < 2; i++) {
            struct test_outcome outcome = test_in_child(children[i], &workers, 60, false);
            TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == 0, "child %d with %d workers: end %d, code %d",
                       i, workers, (int)outcome.end, outcome.code);
        }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"each_size", each_size},
        {"what_is_counted", what_is_counted},
        {"nothing_at_first", nothing_at_first},
        {"refused_for_a_while", refused_for_a_while},
        {"refused_at_random", refused_at_random},
        {"limits_of_the_system", limits_of_the_system},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 60);
}
