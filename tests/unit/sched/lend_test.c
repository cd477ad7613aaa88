/*
 * Lenders: what a worker is in the middle of is told when that waits, blocks or goes elsewhere, and when it is back.
 */
#define _GNU_SOURCE
#include "runtime/sched/runtime.h"

#include "unit/sched/door.h"

#include <sys/wait.h>
#include <unistd.h>

/* A lender that counts, and checks that it is not the worker's own while it is lent out. */
struct counter {
    struct rovei_lender lender; /* first */
    struct rovei_worker *worker;
    _Atomic int begun;
    _Atomic int ended;
};

static void counter_lent_out(struct rovei_lender *lender, bool begins)
{
    struct counter *counter = (struct counter *)lender;
    struct rovei_worker *self = worker_self();
    TEST_CHECK(self == counter->worker, "told on another worker");
    TEST_CHECK(self->lender == (begins ? NULL : lender), "the lender is %p", (void *)self->lender);
    atomic_fetch_add(begins ? &counter->begun : &counter->ended, 1);
    TEST_CHECK(atomic_load(&counter->begun) - atomic_load(&counter->ended) == begins, "it is told twice");
}

static void counter_begin(struct counter *counter)
{
    *counter = (struct counter){.lender = {counter_lent_out}, .worker = worker_self()};
    worker_self()->lender = &counter->lender;
}

static void counter_end(struct counter *counter, int count)
{
    TEST_CHECK(worker_self()->lender == &counter->lender, "the lender is not back");
    TEST_CHECK(atomic_load(&counter->begun) == count, "%d instead of %d", atomic_load(&counter->begun), count);
    TEST_CHECK(atomic_load(&counter->ended) == count, "%d instead of %d", atomic_load(&counter->ended), count);
    worker_self()->lender = NULL;
}

static int see_no_lender(void *arg)
{
    (void)arg;
    TEST_CHECK(!worker_self()->lender, "what runs on top of a wait has a lender");
    return 0;
}

/* Returns when the pool threads are on the bench, so that this worker is alone. */
static void await_bench(void)
{
    while (atomic_load(&rove_current_runtime()->pool_active) > 0)
        test_yield();
}

/* Waits for tasks beneath a stranger's: so the wait has to look for something to run. */
static void wait_looking_for_work(rove_group_fn *fn, int count)
{
    rove_group group = {0}, strangers = {0};
    await_bench();
    spawn(&group, fn, NULL, count);
    spawn(&strangers, see_no_lender, NULL, 1);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(rove_group_wait(&strangers) == ROVE_OK, "they have run already");
}

static void wait_for_groups(void *arg)
{
    (void)arg;
    struct counter counter;
    counter_begin(&counter);
    for (int i = 0; i < 3; i++)
        wait_looking_for_work(see_no_lender, 10);
    counter_end(&counter, 3);
}

static void test_a_wait_for_a_group_lends(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 0);
    assert_int_equal(rove_run(runtime, wait_for_groups, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

struct forked {
    rove_task task; /* first */
    struct counter *counter;
    atomic_bool is_begun;
};

/* Ends when the worker that joins it waits for it. */
static void forked_run(rove_task *task)
{
    struct forked *forked = (struct forked *)task;
    see_no_lender(NULL);
    atomic_store(&forked->is_begun, true);
    while (atomic_load(&forked->counter->begun) == 0)
        test_yield();
}

static void join_stolen(void *arg)
{
    (void)arg;
    struct counter counter;
    counter_begin(&counter);
    struct forked forked = {.counter = &counter};
    rove_fork(&forked.task, forked_run);
    rovei_worker_publish(worker_self());
    while (!atomic_load(&forked.is_begun))
        test_yield();
    TEST_CHECK(rove_join(&forked.task, forked_run) == ROVE_OK, "join");
    counter_end(&counter, 1);
}

static void test_a_join_of_a_stolen_task_lends(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_run(runtime, join_stolen, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void block_nested(void *arg)
{
    (void)arg;
    struct counter counter;
    counter_begin(&counter);
    for (int depth = 1; depth <= 3; depth++) {
        for (int i = 0; i < depth; i++)
            rove_blocking_begin();
        see_no_lender(NULL);
        TEST_CHECK(atomic_load(&counter.begun) == depth, "told %d times", atomic_load(&counter.begun));
        for (int i = 0; i < depth; i++) {
            TEST_CHECK(atomic_load(&counter.ended) == depth - 1, "told too early");
            rove_blocking_end();
        }
    }
    counter_end(&counter, 3);
}

static void test_the_outermost_blocking_region_lends(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 0);
    assert_int_equal(rove_run(runtime, block_nested, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void stay_in_own(void *arg)
{
    rove_runtime **runtimes = arg;
    see_no_lender(NULL);
    TEST_CHECK(rove_current_runtime() == runtimes[0], "not the own runtime");
    wait_for_groups(NULL); /* with a lender of its own */
}

static void stay_in_other(void *arg)
{
    rove_runtime **runtimes = arg;
    see_no_lender(NULL);
    wait_for_groups(NULL);
    TEST_CHECK(rove_run(runtimes[0], stay_in_own, runtimes) == ROVE_OK, "back");
    see_no_lender(NULL);
}

static void leave_for_other(void *arg)
{
    rove_runtime **runtimes = arg;
    struct counter counter;
    counter_begin(&counter);
    TEST_CHECK(rove_run(runtimes[1], stay_in_other, runtimes) == ROVE_OK, "to the other");
    counter_end(&counter, 1);
}

static void test_a_stay_in_another_runtime_lends(void **state)
{
    (void)state;
    rove_runtime *runtimes[] = {runtime_make(1, 0), runtime_make(1, 0)};
    assert_int_equal(rove_run(runtimes[0], leave_for_other, runtimes), ROVE_OK);
    test_runtime_end(runtimes[0]);
    test_runtime_end(runtimes[1]);
}

static int wait_on_top(void *arg)
{
    see_no_lender(NULL);
    wait_for_groups(arg);
    see_no_lender(NULL);
    return 0;
}

static void wait_beneath(void *arg)
{
    (void)arg;
    struct counter counter;
    counter_begin(&counter);
    wait_looking_for_work(wait_on_top, 5);
    counter_end(&counter, 1);
}

static void test_waits_on_top_of_each_other_have_lenders_of_their_own(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 0);
    assert_int_equal(rove_run(runtime, wait_beneath, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void give_up(void *arg)
{
    (void)arg;
    struct counter counter;
    rove_group group = {.runtime = rove_current_runtime()};
    counter_begin(&counter);
    spawn(&group, wait_in_region, NULL, 1);
    rovei_worker_publish(worker_self());
    wait_until(&door.waiting, 1);
    TEST_CHECK(rove_group_wait_until(&group, test_now_ns() + 1000) == ROVE_PENDING, "the door is closed");
    TEST_CHECK(atomic_load(&counter.ended) == 1, "told %d times", atomic_load(&counter.ended));
    door_open(1);
    wait_until(&door.passed, 1);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    int begun = atomic_load(&counter.begun);
    TEST_CHECK(begun == 1 || begun == 2, "told %d times", begun);
    counter_end(&counter, begun);
}

static void test_a_wait_that_is_given_up_is_over(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(2, 0);
    assert_int_equal(rove_run(runtime, give_up, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static pid_t child;

static int fork_process(void *arg)
{
    (void)arg;
    child = fork();
    return 0;
}

/* In the child the wait ends at once, and there is nobody to be told. */
static void wait_for_child(void *arg)
{
    (void)arg;
    struct counter counter;
    rove_group group = {0}, strangers = {0};
    counter_begin(&counter);
    await_bench();
    spawn(&group, fork_process, NULL, 1);
    spawn(&strangers, see_no_lender, NULL, 1);
    rove_status status = rove_group_wait(&group);
    if (child == 0)
        _exit(atomic_load(&counter.begun) == 1 && atomic_load(&counter.ended) == 0 &&
                      worker_self()->lender == &counter.lender
                  ? 0
                  : 1);
    TEST_CHECK(status == ROVE_OK && child > 0, "wait: %s", rove_status_text(status));
    int end;
    TEST_CHECK(waitpid(child, &end, 0) == child && end == 0, "the child ends with %d", end);
    counter_end(&counter, 1);
    TEST_CHECK(rove_group_wait(&strangers) == ROVE_OK, "they have run already");
}

static void test_nobody_is_told_in_a_child_of_fork(void **state)
{
    (void)state;
    rove_runtime *runtime = runtime_make(1, 0);
    assert_int_equal(rove_run(runtime, wait_for_child, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wait_for_a_group_lends),
        cmocka_unit_test(test_a_join_of_a_stolen_task_lends),
        cmocka_unit_test(test_the_outermost_blocking_region_lends),
        cmocka_unit_test(test_a_stay_in_another_runtime_lends),
        cmocka_unit_test(test_waits_on_top_of_each_other_have_lenders_of_their_own),
        cmocka_unit_test_setup(test_a_wait_that_is_given_up_is_over, setup),
        cmocka_unit_test(test_nobody_is_told_in_a_child_of_fork),
    };
    test_watchdog(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
