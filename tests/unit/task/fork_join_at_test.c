/*
 * Fork and join with the place in the deque as arguments: what the plain form promises holds, and the slot that a fork
 * returns or a join stores is where the next fork goes, whatever has been stolen in between.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MANY = 5000 };

/* On a worker, `slot` must be where the next fork goes. On other threads it has no meaning. */
static void check_slot(const rove_deque *deque, int64_t slot)
{
    int64_t here;
    TEST_CHECK(rove_deque_here(&here) == deque, "the deque of this thread has changed");
    TEST_CHECK(rove_worker_id() < 0 || here == slot, "the next fork goes to %lld, not to %lld", (long long)here,
               (long long)slot);
}

/* A task that counts its runs and says who ran it. */
struct probe {
    rove_task task;
    atomic_int runs;
    int worker;
};

static void probe_task(rove_task *task)
{
    struct probe *probe = (struct probe *)task;
    probe->worker = rove_worker_id();
    atomic_fetch_add(&probe->runs, 1);
}

static void fork_many_then_join(void *arg)
{
    struct probe *probes = arg;
    int64_t slot;
    rove_deque *deque = rove_deque_here(&slot);
    for (int i = 0; i < MANY; i++) {
        slot = rove_fork_at(deque, slot, &probes[i].task, probe_task);
        check_slot(deque, slot);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        int outcome = rove_join_at(deque, &slot, &probes[i].task);
        check_slot(deque, slot);
        if (outcome == ROVE_JOIN_RUNS)
            probe_task(&probes[i].task);
        else
            TEST_CHECK(outcome == ROVE_OK, "join %d returned %d", i, outcome);
        TEST_CHECK(atomic_load(&probes[i].runs) == 1, "task %d ran %d times", i, atomic_load(&probes[i].runs));
    }
}

static void test_each_of_many_tasks_runs_once(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        struct probe *probes = calloc(MANY, sizeof *probes);
        assert_int_equal(rove_run(runtime, fork_many_then_join, probes), ROVE_OK);
        free(probes);
        test_runtime_end(runtime);
    }
}

static void test_no_worker_is_told_to_run_its_tasks(void **state)
{
    (void)state;
    struct probe *probes = calloc(MANY, sizeof *probes);
    fork_many_then_join(probes);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(probes[i].worker, -1);
    free(probes);
}

/* Memory that runs out on demand. */
struct memory {
    atomic_bool refuse;
    atomic_int refusals;
};

static void *memory_allocate(size_t size, size_t alignment, void *arg)
{
    struct memory *memory = arg;
    if (atomic_load(&memory->refuse)) {
        atomic_fetch_add(&memory->refusals, 1);
        return NULL;
    }
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void memory_release(void *block, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    free(block);
}

static void test_tasks_that_cannot_be_queued_are_run_by_their_joins(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        struct memory memory = {.refusals = 0};
        rove_config config;
        rove_config_default(&config);
        config.workers = workers;
        config.allocator = (rove_allocator){memory_allocate, memory_release, &memory};
        rove_runtime *runtime = test_runtime_with(&config);
        struct probe *probes = calloc(MANY, sizeof *probes);
        assert_int_equal(rove_run(runtime, fork_many_then_join, probes), ROVE_OK);
        for (int i = 0; i < MANY; i++)
            atomic_store(&probes[i].runs, 0);
        test_runtime_end(runtime);

        runtime = test_runtime_with(&config);
        atomic_store(&memory.refuse, true);
        assert_int_equal(rove_run(runtime, fork_many_then_join, probes), ROVE_OK);
        if (workers == 1) /* others may have stolen quickly enough for the first ring to do */
            assert_true(memory.refusals > 0);
        atomic_store(&memory.refuse, false);
        free(probes);
        test_runtime_end(runtime);
    }
}

/* Forks a task and waits until somebody else has run it; its join then tells where the deque, now empty, goes on. */
static void fork_until_stolen(void *arg)
{
    struct probe *probe = arg;
    int64_t slot;
    rove_deque *deque = rove_deque_here(&slot);
    slot = rove_fork_at(deque, slot, &probe->task, probe_task);
    while (atomic_load(&probe->runs) == 0) {
        struct probe small = {.runs = 0};
        rove_fork(&small.task, probe_task);
        TEST_CHECK(rove_join(&small.task, probe_task) == ROVE_OK, "join of a plain fork");
        test_yield();
    }
    TEST_CHECK(rove_join_at(deque, &slot, &probe->task) == ROVE_OK, "join of a stolen task");
    check_slot(deque, slot);
    TEST_CHECK(probe->worker >= 0 && probe->worker != rove_worker_id(), "run by worker %d", probe->worker);

    struct probe next = {.runs = 0};
    slot = rove_fork_at(deque, slot, &next.task, probe_task);
    check_slot(deque, slot);
    if (rove_join_at(deque, &slot, &next.task) == ROVE_JOIN_RUNS)
        probe_task(&next.task);
    TEST_CHECK(atomic_load(&next.runs) == 1 && atomic_load(&probe->runs) == 1, "%d and %d runs",
               atomic_load(&next.runs), atomic_load(&probe->runs));
}

static void test_a_join_of_a_stolen_task_tells_where_to_go_on(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    for (int i = 0; i < 100; i++) {
        struct probe probe = {.runs = 0};
        assert_int_equal(rove_run(runtime, fork_until_stolen, &probe), ROVE_OK);
    }
    test_runtime_end(runtime);
}

/* A random tree. How it looks depends on the seeds of its nodes; how it is walked, on each of them too. */
struct tree {
    rove_task task;
    uint64_t seed;
    int depth;
    int64_t nodes;
};

enum { TREE_WAYS = 4 };

static int tree_children(struct tree *children, uint64_t seed, int depth)
{
    struct test_random random = {seed};
    int count = depth > 0 ? 1 + (int)test_random_below(&random, TREE_WAYS) : 0;
    for (int i = 0; i < count; i++)
        children[i] = (struct tree){.seed = test_random_next(&random) | 1, .depth = depth - 1};
    return count;
}

static int64_t tree_count(uint64_t seed, int depth)
{
    struct tree children[TREE_WAYS];
    int64_t nodes = 1;
    for (int count = tree_children(children, seed, depth); count-- > 0;)
        nodes += tree_count(children[count].seed, depth - 1);
    return nodes;
}

static void tree_task(rove_task *task);

/* All children by the plain form. */
static int64_t tree_walk(uint64_t seed, int depth)
{
    struct tree children[TREE_WAYS];
    int count = tree_children(children, seed, depth);
    for (int i = 0; i < count; i++)
        rove_fork(&children[i].task, tree_task);
    int64_t nodes = 1;
    while (count-- > 0) {
        TEST_CHECK(rove_join(&children[count].task, tree_task) == ROVE_OK, "join of child %d", count);
        nodes += children[count].nodes;
    }
    return nodes;
}

/* The last child is called; the others are forked, and those that are still here are run, in this form or the other. */
static int64_t tree_walk_at(rove_deque *deque, int64_t slot, uint64_t seed, int depth)
{
    struct tree children[TREE_WAYS];
    int count = tree_children(children, seed, depth);
    check_slot(deque, slot);
    if (count == 0)
        return 1;
    for (int i = 0; i < count - 1; i++) {
        slot = rove_fork_at(deque, slot, &children[i].task, tree_task);
        check_slot(deque, slot);
    }
    int64_t nodes = 1;
    bool plain = seed >> 60 & 1;
    nodes += plain ? tree_walk(children[count - 1].seed, depth - 1)
                   : tree_walk_at(deque, slot, children[count - 1].seed, depth - 1);
    for (int i = count - 1; i-- > 0;) {
        int outcome = rove_join_at(deque, &slot, &children[i].task);
        check_slot(deque, slot);
        TEST_CHECK(outcome == ROVE_JOIN_RUNS || outcome == ROVE_OK, "join of child %d returned %d", i, outcome);
        if (outcome == ROVE_JOIN_RUNS)
            children[i].nodes =
                i % 2 ? tree_walk(children[i].seed, depth - 1) : tree_walk_at(deque, slot, children[i].seed, depth - 1);
        nodes += children[i].nodes;
    }
    return nodes;
}

static void tree_task(rove_task *task)
{
    struct tree *self = (struct tree *)task;
    int64_t slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->nodes = tree_walk_at(deque, slot, self->seed, self->depth);
}

static void tree_run(void *arg)
{
    tree_task(arg);
}

static void test_both_forms_nest_at_random(void **state)
{
    (void)state;
    struct test_random random = test_random_make(1);
    for (int round = 0; round < 20; round++) {
        struct tree tree = {.seed = test_random_next(&random) | 1, .depth = 9};
        int64_t nodes = tree_count(tree.seed, tree.depth);
        tree_run(&tree);
        assert_int_equal(tree.nodes, nodes);
        rove_runtime *runtime = test_runtime(1 << round % 4);
        assert_int_equal(rove_run(runtime, tree_run, &tree), ROVE_OK);
        assert_int_equal(tree.nodes, nodes);
        test_runtime_end(runtime);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_of_many_tasks_runs_once),
        cmocka_unit_test(test_no_worker_is_told_to_run_its_tasks),
        cmocka_unit_test(test_tasks_that_cannot_be_queued_are_run_by_their_joins),
        cmocka_unit_test(test_a_join_of_a_stolen_task_tells_where_to_go_on),
        cmocka_unit_test(test_both_forms_nest_at_random),
    };
    printf("seed %llu\n", (unsigned long long)test_seed());
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
