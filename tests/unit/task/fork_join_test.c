/*
 * Fork and join: what a task may rely on, whoever runs it.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* A task that counts its runs and says who ran it. */
struct probe {
    rove_task task;
    atomic_int runs;
    int worker;
    rove_runtime *runtime;
    int value;
};

static void probe_task(rove_task *task)
{
    struct probe *probe = (struct probe *)task;
    probe->worker = rove_worker_id();
    probe->runtime = rove_current_runtime();
    probe->value = 42;
    atomic_fetch_add(&probe->runs, 1);
}

static void fork_and_join(void *arg)
{
    struct probe *probe = arg;
    rove_fork(&probe->task, probe_task);
    rove_status status = rove_join(&probe->task, probe_task);
    TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
}

static void test_join_runs_a_forked_task_once(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    struct probe probe = {.runs = 0};
    assert_int_equal(rove_run(runtime, fork_and_join, &probe), ROVE_OK);
    assert_int_equal(probe.runs, 1);
    assert_int_equal(probe.value, 42);
    assert_ptr_equal(probe.runtime, runtime);
    assert_in_range(probe.worker, 0, rove_worker_limit(runtime) - 1);
    test_runtime_end(runtime);
}

static void test_no_worker_runs_the_task_in_the_join(void **state)
{
    (void)state;
    struct probe probe = {.runs = 0};
    rove_fork(&probe.task, probe_task);
    assert_int_equal(probe.runs, 0);
    assert_int_equal(rove_join(&probe.task, probe_task), ROVE_OK);
    assert_int_equal(probe.runs, 1);
    assert_int_equal(probe.worker, -1);
    assert_null(probe.runtime);
}

static void test_no_worker_nests_forks(void **state)
{
    (void)state;
    struct probe probes[100] = {{.runs = 0}};
    for (int i = 0; i < 100; i++)
        rove_fork(&probes[i].task, probe_task);
    for (int i = 99; i >= 0; i--) {
        assert_int_equal(probes[i].runs, 0);
        assert_int_equal(rove_join(&probes[i].task, probe_task), ROVE_OK);
        assert_int_equal(probes[i].runs, 1);
    }
}

struct fib {
    rove_task task;
    int n;
    long value;
};

static void fib_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    if (self->n < 2) {
        self->value = self->n;
        return;
    }
    struct fib left = {.n = self->n - 1}, right = {.n = self->n - 2};
    rove_fork(&left.task, fib_task);
    fib_task(&right.task);
    rove_status status = rove_join(&left.task, fib_task);
    TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
    self->value = left.value + right.value;
}

static void fib_run(void *arg)
{
    fib_task(arg);
}

static void test_recursion_gives_the_right_value_with_any_number_of_workers(void **state)
{
    (void)state;
    static const int workers[] = {1, 2, 3, 8, 32};
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
        rove_runtime *runtime = test_runtime(workers[i]);
        struct fib root = {.n = 24};
        assert_int_equal(rove_run(runtime, fib_run, &root), ROVE_OK);
        assert_int_equal(root.value, 46368);
        test_runtime_end(runtime);
    }
}

static void test_recursion_works_on_the_default_runtime(void **state)
{
    (void)state;
    struct fib root = {.n = 20};
    assert_int_equal(rove_run(NULL, fib_run, &root), ROVE_OK);
    assert_int_equal(root.value, 6765);
}

static void test_recursion_works_without_a_runtime(void **state)
{
    (void)state;
    struct fib root = {.n = 15};
    fib_task(&root.task);
    assert_int_equal(root.value, 610);
}

enum { MANY = 5000 };

static void fork_many_then_join(void *arg)
{
    struct probe *probes = arg;
    for (int i = 0; i < MANY; i++)
        rove_fork(&probes[i].task, probe_task);
    for (int i = MANY - 1; i >= 0; i--) {
        TEST_CHECK(rove_join(&probes[i].task, probe_task) == ROVE_OK, "join %d", i);
        TEST_CHECK(atomic_load(&probes[i].runs) == 1 && probes[i].value == 42, "task %d", i);
    }
}

static void test_many_forks_are_joined_in_reverse_order(void **state)
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

static void fork_again(void *arg)
{
    struct probe *probe = arg;
    for (int i = 1; i <= 10000; i++) {
        fork_and_join(probe);
        TEST_CHECK(atomic_load(&probe->runs) == i, "%d runs after %d joins", atomic_load(&probe->runs), i);
    }
}

static void test_a_task_may_be_forked_again_after_its_join(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    struct probe probe = {.runs = 0};
    assert_int_equal(rove_run(runtime, fork_again, &probe), ROVE_OK);
    test_runtime_end(runtime);
}

/* Forks small tasks until somebody else has run `probe`. */
static void fork_until_stolen(void *arg)
{
    struct probe *probe = arg;
    rove_fork(&probe->task, probe_task);
    while (atomic_load(&probe->runs) == 0) {
        struct probe small = {.runs = 0};
        fork_and_join(&small);
        test_yield();
    }
    TEST_CHECK(rove_join(&probe->task, probe_task) == ROVE_OK, "join of a stolen task");
    TEST_CHECK(atomic_load(&probe->runs) == 1, "%d runs", atomic_load(&probe->runs));
    TEST_CHECK(probe->worker != rove_worker_id(), "run by its owner before the join");
    TEST_CHECK(probe->worker >= 0 && probe->runtime == rove_current_runtime(), "run outside its runtime");
}

static void test_an_old_task_is_stolen_while_its_owner_keeps_forking(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    for (int i = 0; i < 100; i++) {
        struct probe probe = {.runs = 0};
        assert_int_equal(rove_run(runtime, fork_until_stolen, &probe), ROVE_OK);
    }
    rove_stats stats;
    assert_int_equal(rove_runtime_stats(runtime, &stats), ROVE_OK);
    assert_true(stats.stolen_forks >= 100);
    assert_true(stats.steals >= stats.stolen_forks);
    test_runtime_end(runtime);
}

/* A task that is stolen, and then has tasks of its own and waits for them where it runs. */
struct branch {
    struct probe probe;
    struct fib fib;
};

static void branch_task(rove_task *task)
{
    struct branch *branch = (struct branch *)task;
    int worker = rove_worker_id();
    branch->fib.n = 16;
    fib_task(&branch->fib.task);
    TEST_CHECK(rove_worker_id() == worker, "the worker's number changed from %d to %d within a task", worker,
               rove_worker_id());
    probe_task(task);
}

static void fork_branch(void *arg)
{
    struct branch *branch = arg;
    rove_fork(&branch->probe.task, branch_task);
    while (atomic_load(&branch->probe.runs) == 0) {
        struct fib small = {.n = 5};
        fib_task(&small.task);
        test_yield();
    }
    TEST_CHECK(rove_join(&branch->probe.task, branch_task) == ROVE_OK, "join of a stolen branch");
    TEST_CHECK(branch->fib.value == 987, "fib(16) = %ld", branch->fib.value);
}

static void test_a_stolen_task_may_fork_and_join(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    for (int i = 0; i < 50; i++) {
        struct branch branch = {.probe.runs = 0};
        assert_int_equal(rove_run(runtime, fork_branch, &branch), ROVE_OK);
        assert_int_equal(branch.probe.runs, 1);
    }
    test_runtime_end(runtime);
}

/* A tree whose leaves write plain memory and whose inner tasks add it up: what a task wrote is visible after its join.
 * ThreadSanitizer sees a race here if it is not. */
struct sum {
    rove_task task;
    long *values;
    int begin;
    int end;
    long total;
};

static void sum_task(rove_task *task)
{
    struct sum *self = (struct sum *)task;
    self->total = 0;
    if (self->end - self->begin == 1) {
        self->values[self->begin] = self->begin;
        self->total = self->begin;
        return;
    }
    int middle = self->begin + (self->end - self->begin) / 2;
    struct sum left = {.values = self->values, .begin = self->begin, .end = middle};
    struct sum right = {.values = self->values, .begin = middle, .end = self->end};
    rove_fork(&left.task, sum_task);
    sum_task(&right.task);
    rove_join(&left.task, sum_task);
    for (int i = self->begin; i < self->end; i++)
        self->total += self->values[i];
}

static void sum_run(void *arg)
{
    sum_task(arg);
}

static void test_a_join_makes_plain_writes_visible(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    static long values[1 << 13];
    for (int round = 0; round < 20; round++) {
        struct sum root = {.values = values, .begin = 0, .end = 1 << 13};
        assert_int_equal(rove_run(runtime, sum_run, &root), ROVE_OK);
        assert_int_equal(root.total, (1L << 13) * ((1L << 13) - 1) / 2);
    }
    test_runtime_end(runtime);
}

/* Another function forks and joins while forks of its caller are outstanding, at every depth. */
static void stairs(struct probe *outer, int depth)
{
    struct probe inner = {.runs = 0};
    rove_fork(&inner.task, probe_task);
    struct fib small = {.n = depth % 9};
    fib_task(&small.task);
    if (depth > 0)
        stairs(&inner, depth - 1);
    TEST_CHECK(rove_join(&inner.task, probe_task) == ROVE_OK, "join at depth %d", depth);
    TEST_CHECK(atomic_load(&inner.runs) == 1, "%d runs at depth %d", atomic_load(&inner.runs), depth);
    if (outer)
        TEST_CHECK(atomic_load(&outer->runs) <= 1, "the caller's task ran %d times", atomic_load(&outer->runs));
}

static void stairs_run(void *arg)
{
    (void)arg;
    stairs(NULL, 2000);
}

static void test_forks_of_callers_and_callees_nest(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 10; i++)
            assert_int_equal(rove_run(runtime, stairs_run, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_runs_a_forked_task_once),
        cmocka_unit_test(test_no_worker_runs_the_task_in_the_join),
        cmocka_unit_test(test_no_worker_nests_forks),
        cmocka_unit_test(test_recursion_gives_the_right_value_with_any_number_of_workers),
        cmocka_unit_test(test_recursion_works_on_the_default_runtime),
        cmocka_unit_test(test_recursion_works_without_a_runtime),
        cmocka_unit_test(test_many_forks_are_joined_in_reverse_order),
        cmocka_unit_test(test_a_task_may_be_forked_again_after_its_join),
        cmocka_unit_test(test_an_old_task_is_stolen_while_its_owner_keeps_forking),
        cmocka_unit_test(test_a_stolen_task_may_fork_and_join),
        cmocka_unit_test(test_a_join_makes_plain_writes_visible),
        cmocka_unit_test(test_forks_of_callers_and_callees_nest),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
