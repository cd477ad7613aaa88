/*
 * Runtimes that call each other on the same threads: whoever waits executes, so nobody waits for ever, even with one
 * worker each.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

struct pair {
    rove_runtime *a;
    rove_runtime *b;
    int runs;
};

static rove_runtime *runtime_of_one(void)
{
    rove_config config;
    rove_runtime *runtime;
    rove_config_default(&config);
    config.workers = 1;
    assert_int_equal(rove_runtime_create(&runtime, &config, NULL), ROVE_OK);
    return runtime;
}

static int setup(void **state)
{
    static struct pair pair;
    pair = (struct pair){.a = runtime_of_one(), .b = runtime_of_one()};
    *state = &pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(rove_runtime_destroy(pair->a), ROVE_OK);
    assert_int_equal(rove_runtime_destroy(pair->b), ROVE_OK);
    return 0;
}

static void count_in_a(void *arg)
{
    struct pair *pair = arg;
    assert_ptr_equal(rove_current_runtime(), pair->a);
    pair->runs++;
}

static void back_to_a(void *arg)
{
    struct pair *pair = arg;
    assert_ptr_equal(rove_current_runtime(), pair->b);
    assert_int_equal(rove_run(pair->a, count_in_a, pair), ROVE_OK);
    assert_ptr_equal(rove_current_runtime(), pair->b);
}

static void on_to_b(void *arg)
{
    struct pair *pair = arg;
    assert_int_equal(rove_run(pair->b, back_to_a, pair), ROVE_OK);
    assert_ptr_equal(rove_current_runtime(), pair->a);
}

static void test_a_call_back_into_an_outer_runtime_runs_at_once(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(rove_run(pair->a, on_to_b, pair), ROVE_OK);
    assert_int_equal(pair->runs, 1);
    assert_null(rove_current_runtime());
}

static int spawned_in_a(void *arg)
{
    count_in_a(arg);
    return 0;
}

static void wait_for_a(void *arg)
{
    struct pair *pair = arg;
    rove_group group = {.runtime = pair->a};
    assert_int_equal(rove_group_spawn(&group, spawned_in_a, pair), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
}

static void on_to_b_and_wait(void *arg)
{
    struct pair *pair = arg;
    assert_int_equal(rove_run(pair->b, wait_for_a, pair), ROVE_OK);
}

static void test_a_wait_for_an_outer_runtime_runs_its_tasks(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(rove_run(pair->a, on_to_b_and_wait, pair), ROVE_OK);
    assert_int_equal(pair->runs, 1);
}

static int call_into_a(void *arg)
{
    struct pair *pair = arg;
    return (int)rove_run(pair->a, count_in_a, pair);
}

static void wait_for_b(void *arg)
{
    struct pair *pair = arg;
    rove_group group = {.runtime = pair->b};
    assert_int_equal(rove_group_spawn(&group, call_into_a, pair), ROVE_OK);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
}

/* The task of B's calls into A, whose only seat belongs to a thread that is away in B and waits for that task. */
static void test_a_worker_that_is_away_gives_its_seat_up(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(rove_run(pair->a, wait_for_b, pair), ROVE_OK);
    assert_int_equal(pair->runs, 200);
}

static void spawn_in_both(void *arg)
{
    struct pair *pair = arg;
    rove_group group = {.runtime = pair->a};
    assert_int_equal(rove_group_spawn(&group, spawned_in_a, pair), ROVE_OK);
    group.runtime = pair->b;
    assert_int_equal(rove_group_spawn(&group, spawned_in_a, pair), ROVE_INVALID);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
}

static void test_a_group_has_tasks_in_one_runtime_only(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(rove_run(pair->a, spawn_in_both, pair), ROVE_OK);
    assert_int_equal(pair->runs, 1);
}

static void destroy_a(void *arg)
{
    struct pair *pair = arg;
    assert_int_equal(rove_runtime_destroy(pair->a), ROVE_BUSY);
}

static void on_to_b_and_destroy(void *arg)
{
    struct pair *pair = arg;
    assert_int_equal(rove_run(pair->b, destroy_a, pair), ROVE_OK);
}

static void test_an_outer_runtime_cannot_be_destroyed_from_within(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(rove_run(pair->a, on_to_b_and_destroy, pair), ROVE_OK);
}

/* Who is in A, where there is one place, and who blocks in B. */
static struct {
    rove_runtime *a;
    rove_runtime *b;
    struct test_gate in_a;
    struct test_gate in_b;
    atomic_bool is_through;
} away;

static void away_begin(const struct pair *pair)
{
    away.a = pair->a;
    away.b = pair->b;
    test_gate_init(&away.in_a);
    test_gate_init(&away.in_b);
    atomic_store(&away.is_through, false);
}

static void away_end(void)
{
    test_gate_fini(&away.in_a);
    test_gate_fini(&away.in_b);
}

static void pass_gate(void *gate)
{
    void *value;
    test_gate_job(gate, &value);
}

/* A worker of A that blocks in B, and is not in a region of A's. */
static int block_in_b(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_run(away.b, pass_gate, &away.in_b) == ROVE_OK, "run in the other runtime");
    atomic_store(&away.is_through, true);
    return 0;
}

static void open_b(void *arg)
{
    (void)arg;
    test_gate_open(&away.in_b, 1);
}

static int open_b_task(void *arg)
{
    open_b(arg);
    return 0;
}

/* The thread that spawns does not help. */
static void test_what_comes_runs_while_the_only_worker_is_away(void **state)
{
    const struct pair *pair = *state;
    for (int i = 0; i < 20; i++) {
        rove_group group = {.runtime = pair->a}, late = group;
        away_begin(pair);
        assert_int_equal(rove_group_spawn(&group, block_in_b, NULL), ROVE_OK);
        test_gate_await(&away.in_b);
        assert_int_equal(rove_group_spawn(&late, open_b_task, NULL), ROVE_OK);
        while (!atomic_load(&away.is_through))
            test_yield();
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        assert_int_equal(rove_group_wait(&late), ROVE_OK);
        away_end();
    }
}

static void stay_in_a(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_run(away.a, pass_gate, &away.in_a) == ROVE_OK, "run as a guest");
}

static void open_b_in_a(void *arg)
{
    TEST_CHECK(rove_run(away.a, open_b, arg) == ROVE_OK, "run as what is queued");
}

/* A guest had the place when the call came, which was queued; then it goes. */
static void test_a_call_that_was_queued_runs_when_nobody_is_left(void **state)
{
    const struct pair *pair = *state;
    for (int i = 0; i < 20; i++) {
        rove_group group = {.runtime = pair->a};
        struct test_thread guest, caller;
        away_begin(pair);
        assert_int_equal(rove_group_spawn(&group, block_in_b, NULL), ROVE_OK);
        test_gate_await(&away.in_b);
        test_thread_start(&guest, stay_in_a, NULL);
        test_gate_await(&away.in_a);
        test_thread_start(&caller, open_b_in_a, NULL);
        test_thread_await_asleep(&caller);
        test_gate_open(&away.in_a, 1);
        test_thread_join(&guest);
        test_thread_join(&caller);
        while (!atomic_load(&away.is_through))
            test_yield();
        assert_int_equal(rove_group_wait(&group), ROVE_OK);
        away_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_call_back_into_an_outer_runtime_runs_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wait_for_an_outer_runtime_runs_its_tasks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_worker_that_is_away_gives_its_seat_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_group_has_tasks_in_one_runtime_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_outer_runtime_cannot_be_destroyed_from_within, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_comes_runs_while_the_only_worker_is_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_call_that_was_queued_runs_when_nobody_is_left, setup, teardown),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
