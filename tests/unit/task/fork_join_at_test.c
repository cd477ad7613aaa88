/*
 * Fork and join with the place in the deque as arguments: what the plain form promises holds; a task is joined where it
 * was forked, and the next fork goes there again, whatever has been stolen in between. What holds when there is no
 * memory to queue tasks is in fault.slots.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/support.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MANY = 5000 };

/* `slot` must be where the next fork goes. */
static void check_slot(const rove_deque *deque, const rove_slot *slot)
{
    rove_slot *here;
    TEST_CHECK(rove_deque_here(&here) == deque, "the deque of this thread has changed");
    TEST_CHECK(here == slot, "the next fork goes %lld further", (long long)(here - slot));
}

/* Where the task number `i` of a row is joined that began at `slot`, and whose last fork has returned `next`. */
static rove_slot *row_slot(rove_slot *slot, int i, rove_slot *next)
{
    return i < next - slot ? slot + i : next;
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

static void fork_and_join_plainly(void)
{
    struct probe small = {.runs = 0};
    rove_fork(&small.task, probe_task);
    TEST_CHECK(rove_join(&small.task, probe_task) == ROVE_OK && atomic_load(&small.runs) == 1, "a plain fork");
}

static void join_probe(rove_deque *deque, rove_slot *slot, struct probe *probe)
{
    int outcome = rove_join_at(deque, slot, &probe->task);
    check_slot(deque, slot);
    if (outcome == ROVE_JOIN_RUNS)
        probe_task(&probe->task);
    else
        TEST_CHECK(outcome == ROVE_OK && probe->worker >= 0, "a join returned %d", outcome);
    TEST_CHECK(atomic_load(&probe->runs) == 1, "a task ran %d times", atomic_load(&probe->runs));
}

/* Forks in a row, with plain ones in between that are over before the next one of the row. */
static void fork_many_then_join(void *arg)
{
    struct probe *probes = arg;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_slot *next = slot;
    for (int i = 0; i < MANY; i++) {
        next = rove_fork_at(deque, next, &probes[i].task, probe_task);
        check_slot(deque, next);
        if (i % 10 == 0)
            fork_and_join_plainly();
    }
    TEST_CHECK(next == slot + (rove_worker_id() < 0 ? 0 : MANY), "%lld slots were used", (long long)(next - slot));
    for (int i = MANY - 1; i >= 0; i--) {
        join_probe(deque, row_slot(slot, i, next), &probes[i]);
        if (i % 10 == 0)
            fork_and_join_plainly();
    }
    check_slot(deque, slot);
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

static void fork_as_no_worker(void *arg)
{
    (void)arg;
    for (int round = 0; round < 20; round++) {
        struct probe *probes = calloc(MANY, sizeof *probes);
        fork_many_then_join(probes);
        for (int i = 0; i < MANY; i++)
            TEST_CHECK(probes[i].worker == -1, "run by worker %d", probes[i].worker);
        free(probes);
    }
}

static void test_no_worker_is_told_to_run_its_tasks(void **state)
{
    (void)state;
    enum { THREADS = 6 };
    char args[THREADS];
    fork_as_no_worker(NULL);
    test_on_threads(THREADS, fork_as_no_worker, args, 1);
}

/* Waits until others have run the tasks; the plain forks answer the doorbell. */
static void wait_for_thieves(struct probe *probes, int count)
{
    for (int i = 0; i < count; i++)
        while (atomic_load(&probes[i].runs) == 0) {
            fork_and_join_plainly();
            test_yield();
        }
}

enum { ROW = 7 };

/* A row of which the first arg[0] tasks are stolen, and the others are or are not. Each join goes on at its slot. */
static void join_a_row_after_thefts(void *arg)
{
    int stolen = *(int *)arg;
    struct probe outer = {.runs = 0}, probes[ROW] = {{.runs = 0}};
    rove_slot *outer_slot;
    rove_deque *deque = rove_deque_here(&outer_slot);
    rove_slot *slot = rove_fork_at(deque, outer_slot, &outer.task, probe_task), *next = slot;
    for (int i = 0; i < stolen; i++)
        next = rove_fork_at(deque, next, &probes[i].task, probe_task);
    wait_for_thieves(probes, stolen);
    for (int i = stolen; i < ROW; i++) {
        next = rove_fork_at(deque, next, &probes[i].task, probe_task);
        check_slot(deque, slot + i + 1);
    }
    for (int i = ROW - 1; i >= 0; i--) {
        join_probe(deque, slot + i, &probes[i]);
        TEST_CHECK(i >= stolen || probes[i].worker != rove_worker_id(), "task %d was not stolen", i);
        struct probe again = {.runs = 0}; /* where the joined one was */
        TEST_CHECK(rove_fork_at(deque, slot + i, &again.task, probe_task) == slot + i + 1, "a slot was left out");
        join_probe(deque, slot + i, &again);
    }
    join_probe(deque, outer_slot, &outer);
}

static void test_slots_stay_whatever_is_stolen(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    for (int i = 0; i < 100; i++) {
        int stolen = i % (ROW + 1);
        assert_int_equal(rove_run(runtime, join_a_row_after_thefts, &stolen), ROVE_OK);
    }
    test_runtime_end(runtime);
}

static int group_task(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    fork_and_join_plainly();
    return 0;
}

static void loop_body(int64_t begin, int64_t end, void *arg)
{
    atomic_fetch_add((atomic_int *)arg, (int)(end - begin));
    fork_and_join_plainly();
}

/* What else forks from `slot` on, and leaves it as it was. */
static void use_groups_and_loops(rove_deque *deque, rove_slot *slot)
{
    atomic_int done = 0;
    rove_group group = {0};
    for (int i = 0; rove_worker_id() >= 0 && i < 10; i++) {
        TEST_CHECK(rove_group_spawn(&group, group_task, &done) == ROVE_OK, "spawn");
        check_slot(deque, slot);
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    check_slot(deque, slot);
    TEST_CHECK(rove_for(0, 100, loop_body, &done) == ROVE_OK, "loop");
    check_slot(deque, slot);
    TEST_CHECK(atomic_load(&done) == (rove_worker_id() >= 0 ? 110 : 100), "%d", atomic_load(&done));
}

/* A row whose later forks come after other work. */
static void fork_around_groups_and_loops(void *arg)
{
    (void)arg;
    struct probe probes[ROW] = {{.runs = 0}};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_slot *next = slot;
    for (int i = 0; i < ROW; i++) {
        next = rove_fork_at(deque, next, &probes[i].task, probe_task);
        use_groups_and_loops(deque, next);
    }
    for (int i = ROW - 1; i >= 0; i--) {
        join_probe(deque, slot + i, &probes[i]);
        use_groups_and_loops(deque, slot + i);
    }
}

static void test_groups_and_loops_leave_the_slot_as_it_was(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 50; i++)
            assert_int_equal(rove_run(runtime, fork_around_groups_and_loops, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

/* Forks in another runtime, in which this thread is another worker with another deque. */
static void fork_elsewhere(void *arg)
{
    rove_slot *slot;
    TEST_CHECK(rove_deque_here(&slot) != *(rove_deque **)arg, "two workers share a deque");
    fork_around_groups_and_loops(NULL);
}

static void fork_here_and_elsewhere(void *arg)
{
    struct probe probe = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_slot *next = rove_fork_at(deque, slot, &probe.task, probe_task);
    TEST_CHECK(rove_run(arg, fork_elsewhere, &deque) == ROVE_OK, "run");
    check_slot(deque, next);
    join_probe(deque, slot, &probe);
}

static void test_each_runtime_has_a_deque_of_its_own(void **state)
{
    (void)state;
    rove_runtime *here = test_runtime(2), *elsewhere = test_runtime(2);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rove_run(here, fork_here_and_elsewhere, elsewhere), ROVE_OK);
    test_runtime_end(elsewhere);
    test_runtime_end(here);
}

/* A task that its thief keeps until it is told to end. */
struct kept {
    rove_task task;
    atomic_bool is_begun, may_end;
};

static void kept_task(rove_task *task)
{
    struct kept *kept = (struct kept *)task;
    atomic_store(&kept->is_begun, true);
    while (!atomic_load(&kept->may_end))
        test_yield();
}

/* In a child whose parent keeps the worker that has the task: it does not run here, and its slot is the next one. */
static int join_in_a_child(rove_deque *deque, rove_slot *slot, struct kept *kept, struct probe *probes)
{
    if (rove_join_at(deque, slot, &kept->task) != ROVE_FORKED)
        return 41;
    check_slot(deque, slot);
    fork_many_then_join(probes);
    check_slot(deque, slot);
    return 0;
}

static void fork_the_process(void *arg)
{
    struct kept kept = {.is_begun = false};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_fork_at(deque, slot, &kept.task, kept_task);
    while (!atomic_load(&kept.is_begun)) {
        fork_and_join_plainly();
        test_yield();
    }
    pid_t child = fork();
    TEST_CHECK(child >= 0, "fork");
    if (child == 0) {
        alarm(WATCH_SECONDS);
        _exit(join_in_a_child(deque, slot, &kept, arg));
    }
    int status;
    TEST_CHECK(waitpid(child, &status, 0) == child && status == 0, "the child: status %x", (unsigned)status);
    atomic_store(&kept.may_end, true);
    TEST_CHECK(rove_join_at(deque, slot, &kept.task) == ROVE_OK, "join in the parent");
    check_slot(deque, slot);
}

static void test_a_child_of_fork_goes_on_at_the_slot_of_what_it_has_not(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    struct probe *probes = calloc(MANY, sizeof *probes);
    for (int i = test_is_sanitized() ? 3 : 20; i > 0; i--)
        assert_int_equal(rove_run(runtime, fork_the_process, probes), ROVE_OK);
    free(probes);
    test_runtime_end(runtime);
}

/* A fork at each level that stays until the recursion is back. */
static void descend(rove_deque *deque, rove_slot *slot, int depth)
{
    struct probe probe = {.runs = 0};
    rove_slot *next = rove_fork_at(deque, slot, &probe.task, probe_task);
    if (depth > 0)
        descend(deque, next, depth - 1);
    join_probe(deque, slot, &probe);
}

static void descend_run(void *arg)
{
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    descend(deque, slot, *(int *)arg);
}

static void test_recursion_may_be_deep(void **state)
{
    (void)state;
    int depth = test_is_sanitized() ? 2000 : 20000;
    descend_run(&depth);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 5; i++)
            assert_int_equal(rove_run(runtime, descend_run, &depth), ROVE_OK);
        test_runtime_end(runtime);
    }
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

/* The last child is called; the others are forked, and those that are still here are run, in this form or the other. A
 * group or a loop may come in between. */
static int64_t tree_walk_at(rove_deque *deque, rove_slot *slot, uint64_t seed, int depth)
{
    struct tree children[TREE_WAYS];
    int count = tree_children(children, seed, depth);
    check_slot(deque, slot);
    if (count == 0)
        return 1;
    rove_slot *next = slot;
    for (int i = 0; i < count - 1; i++) {
        next = rove_fork_at(deque, next, &children[i].task, tree_task);
        check_slot(deque, next);
    }
    int64_t nodes = 1;
    bool is_plain = seed >> 60 & 1;
    nodes += is_plain ? tree_walk(children[count - 1].seed, depth - 1)
                      : tree_walk_at(deque, next, children[count - 1].seed, depth - 1);
    check_slot(deque, next);
    if ((seed >> 50 & 15) == 0)
        use_groups_and_loops(deque, next);
    for (int i = count - 1; i-- > 0;) {
        rove_slot *at = row_slot(slot, i, next);
        int outcome = rove_join_at(deque, at, &children[i].task);
        check_slot(deque, at);
        TEST_CHECK(outcome == ROVE_JOIN_RUNS || outcome == ROVE_OK, "join of child %d returned %d", i, outcome);
        if (outcome == ROVE_JOIN_RUNS)
            children[i].nodes =
                i % 2 ? tree_walk(children[i].seed, depth - 1) : tree_walk_at(deque, at, children[i].seed, depth - 1);
        nodes += children[i].nodes;
    }
    return nodes;
}

static void tree_task(rove_task *task)
{
    struct tree *self = (struct tree *)task;
    rove_slot *slot;
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
        cmocka_unit_test(test_slots_stay_whatever_is_stolen),
        cmocka_unit_test(test_groups_and_loops_leave_the_slot_as_it_was),
        cmocka_unit_test(test_each_runtime_has_a_deque_of_its_own),
        cmocka_unit_test(test_a_child_of_fork_goes_on_at_the_slot_of_what_it_has_not),
        cmocka_unit_test(test_recursion_may_be_deep),
        cmocka_unit_test(test_both_forms_nest_at_random),
    };
    printf("seed %llu\n", (unsigned long long)test_seed());
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
