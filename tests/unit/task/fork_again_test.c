/*
 * A task that is prepared once and forked again and again: each fork runs once, with what the task holds then, whatever
 * is stolen; and in programs compiled with ROVE_DEBUG a fork of what is not prepared stops.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, WAYS = 10 };

static struct test_once once;
static atomic_int stolen;

/* The children from number `child` on of a node, in a tree with `leaves` leaves. Leaf `first` is the first one. */
struct rest {
    rove_task task;
    int64_t first;
    int64_t part; /* leaves of a child */
    int child;
    int64_t sum;
};

static void rest_task(rove_task *task);
static int64_t sum_rest(rove_deque *deque, rove_slot *slot, int64_t first, int64_t part, int child);

static int64_t sum_node(rove_deque *deque, rove_slot *slot, int64_t first, int64_t leaves)
{
    if (leaves > 1)
        return sum_rest(deque, slot, first, leaves / WAYS, 0);
    test_once_mark(&once, first);
    return first;
}

/* What is stolen goes on elsewhere, as it is in `rest` at that time. */
static int64_t sum_rest(rove_deque *deque, rove_slot *slot, int64_t first, int64_t part, int child)
{
    struct rest rest = {.first = first, .part = part, .sum = -1};
    int64_t sum = 0;
    rove_prepare_at(deque, slot, &rest.task, rest_task);
    for (; child < WAYS - 1; child++) {
        rest.child = child + 1;
        rove_slot *next = rove_fork_prepared_at(deque, slot, &rest.task);
        sum += sum_node(deque, next, first + child * part, part);
        if (rove_join_at(deque, slot, &rest.task) != ROVE_JOIN_RUNS)
            return sum + rest.sum;
        TEST_CHECK(rest.sum == -1, "a task has run that is still to be run here");
    }
    return sum + sum_node(deque, slot, first + child * part, part);
}

static void rest_task(rove_task *task)
{
    struct rest *self = (struct rest *)task;
    atomic_fetch_add(&stolen, 1);
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->sum = sum_rest(deque, slot, self->first, self->part, self->child);
}

static void sum_tree(void *arg)
{
    int64_t leaves = *(int64_t *)arg;
    rove_slot *slot, *after;
    rove_deque *deque = rove_deque_here(&slot);
    int64_t sum = sum_node(deque, slot, 0, leaves);
    TEST_CHECK(sum == leaves * (leaves - 1) / 2, "the leaves add up to %lld", (long long)sum);
    TEST_CHECK(rove_deque_here(&after) == deque && after == slot, "the deque goes on elsewhere");
}

static void test_each_fork_runs_once_with_what_the_task_holds(void **state)
{
    (void)state;
    int64_t leaves = 10000;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 30; i++) {
            test_once_init(&once, leaves);
            assert_int_equal(rove_run(runtime, sum_tree, &leaves), ROVE_OK);
            test_once_check(&once);
            test_once_fini(&once);
        }
        test_runtime_end(runtime);
    }
    printf("%d of the forks were stolen\n", atomic_load(&stolen));
}

static void test_a_thread_that_is_no_worker_runs_all_itself(void **state)
{
    (void)state;
    int64_t leaves = 1000;
    test_once_init(&once, leaves);
    atomic_store(&stolen, 0);
    sum_tree(&leaves);
    test_once_check(&once);
    test_once_fini(&once);
    assert_int_equal(atomic_load(&stolen), 0);
}

/* A task that counts its runs. */
struct probe {
    rove_task task;
    atomic_int runs;
};

static void probe_task(rove_task *task)
{
    atomic_fetch_add(&((struct probe *)task)->runs, 1);
}

static void other_task(rove_task *task)
{
    (void)task;
    TEST_CHECK(false, "the other task has run");
}

/* The plain form, as often as it takes until somebody has stolen the task of the other form. */
static void wait_for_thief(struct probe *probe, int runs)
{
    while (atomic_load(&probe->runs) < runs) {
        struct probe small = {.runs = 0};
        rove_fork(&small.task, probe_task);
        TEST_CHECK(rove_join(&small.task, probe_task) == ROVE_OK, "join");
        test_yield();
    }
}

/* A task is stolen, prepared anew, forked and joined here, and forked once more without. */
static void steal_and_go_on(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    for (int i = 0; i < 20; i++) {
        rove_prepare_at(deque, slot, &probe.task, probe_task);
        rove_fork_prepared_at(deque, slot, &probe.task);
        wait_for_thief(&probe, i + 1);
        TEST_CHECK(rove_join_at(deque, slot, &probe.task) == ROVE_OK, "a stolen task is here");
    }
    struct probe here = {.runs = 0};
    rove_prepare_at(deque, slot, &here.task, probe_task);
    int runs = 0;
    for (int i = 0; i < 100; i++) {
        rove_fork_prepared_at(deque, slot, &here.task);
        if (rove_join_at(deque, slot, &here.task) == ROVE_JOIN_RUNS)
            runs++;
        else
            rove_prepare_at(deque, slot, &here.task, probe_task);
    }
    TEST_CHECK(runs + atomic_load(&here.runs) == 100, "%d here, %d elsewhere", runs, atomic_load(&here.runs));
}

static void test_what_was_stolen_can_be_prepared_anew(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, steal_and_go_on, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

#ifdef ROVE_DEBUG

/* Forks what something else lies over. */
static void fork_what_is_not_prepared(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0}, other = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_prepare_at(deque, slot, &probe.task, probe_task);
    rove_prepare_at(deque, slot, &other.task, other_task);
    rove_fork_prepared_at(deque, slot, &probe.task);
}

/* Forks a task that was written over as a whole. */
static void fork_what_is_written_over(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_prepare_at(deque, slot, &probe.task, probe_task);
    probe = (struct probe){.runs = 1};
    rove_fork_prepared_at(deque, slot, &probe.task);
}

/* Forks what was stolen before. */
static void fork_what_was_stolen(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_prepare_at(deque, slot, &probe.task, probe_task);
    rove_fork_prepared_at(deque, slot, &probe.task);
    wait_for_thief(&probe, 1);
    TEST_CHECK(rove_join_at(deque, slot, &probe.task) == ROVE_OK, "a stolen task is here");
    rove_prepare_at(deque, slot, &probe.task, probe_task);
    rove_fork_prepared_at(deque, slot, &probe.task);
    wait_for_thief(&probe, 2);
    TEST_CHECK(rove_join_at(deque, slot, &probe.task) == ROVE_OK, "a stolen task is here");
    rove_fork_prepared_at(deque, slot, &probe.task);
}

/* Forks at a slot that is not the next one. */
static void fork_out_of_turn(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_prepare_at(deque, slot + 1, &probe.task, probe_task);
}

/* Joins the older one of two. */
static void join_out_of_turn(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0}, other = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_prepare_at(deque, slot, &probe.task, probe_task);
    rove_slot *next = rove_fork_prepared_at(deque, slot, &probe.task);
    rove_prepare_at(deque, next, &other.task, other_task);
    rove_fork_prepared_at(deque, next, &other.task);
    (void)!rove_join_at(deque, slot, &probe.task);
}

/* Joins another task than the one that lies there. */
static void join_another(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0}, other = {.runs = 0};
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    rove_prepare_at(deque, slot, &probe.task, probe_task);
    rove_fork_prepared_at(deque, slot, &probe.task);
    (void)!rove_join_at(deque, slot, &other.task);
}

/* Forks into the deque that the thread had before it became a worker. */
static rove_deque *deque_before;
static rove_slot *slot_before;

static void fork_elsewhere(void *arg)
{
    (void)arg;
    struct probe probe = {.runs = 0};
    rove_prepare_at(deque_before, slot_before, &probe.task, probe_task);
}

struct mistake {
    const char *name;
    void (*make)(void *arg);
};

static int make_mistake(void *arg)
{
    deque_before = rove_deque_here(&slot_before);
    rove_runtime *runtime = test_runtime(2);
    TEST_CHECK(rove_run(runtime, ((const struct mistake *)arg)->make, NULL) == ROVE_OK, "run");
    return 0;
}

static void test_mistakes_stop_a_program_that_is_compiled_for_it(void **state)
{
    (void)state;
    static struct mistake mistakes[] = {
        {"not prepared", fork_what_is_not_prepared}, {"written over", fork_what_is_written_over},
        {"stolen before", fork_what_was_stolen},     {"fork out of turn", fork_out_of_turn},
        {"join out of turn", join_out_of_turn},      {"join of another", join_another},
        {"another deque", fork_elsewhere},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct test_outcome outcome = test_in_child(make_mistake, &mistakes[i], WATCH_SECONDS / 5, true);
        TEST_CHECK(outcome.end == TEST_END_SIGNAL && outcome.code == SIGABRT, "%s: end %d, code %d", mistakes[i].name,
                   (int)outcome.end, outcome.code);
    }
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fork_runs_once_with_what_the_task_holds),
        cmocka_unit_test(test_a_thread_that_is_no_worker_runs_all_itself),
        cmocka_unit_test(test_what_was_stolen_can_be_prepared_anew),
#ifdef ROVE_DEBUG
        cmocka_unit_test(test_mistakes_stop_a_program_that_is_compiled_for_it),
#endif
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
