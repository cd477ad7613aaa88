/*
 * Loops, reductions, calls and forked tasks in scopes: canceled in the middle, failing, or too late to be either.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, LONG = 1000000, CANCEL_SCOPE = -1 };

static rove_runtime *runtime;

static int setup(void **state)
{
    (void)state;
    runtime = test_runtime(2);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_runtime_end(runtime);
    return 0;
}

/* A loop or a reduction in a scope, with something that happens at an index. */
struct loop {
    rove_scope scope;
    unsigned char *marks; /* of LONG indices */
    int64_t at;           /* where `action` is done */
    int action;           /* an error for rove_fail, or CANCEL_SCOPE */
    atomic_llong handled;
    rove_status status; /* of the loop */
    int64_t sum;
    bool was_canceled_after;
};

static void loop_body(int64_t begin, int64_t end, void *arg)
{
    struct loop *loop = arg;
    for (int64_t i = begin; i < end; i++) {
        TEST_CHECK(__atomic_fetch_add(&loop->marks[i], 1, __ATOMIC_RELAXED) == 0, "index %lld again", (long long)i);
        if (i == loop->at && loop->action == CANCEL_SCOPE)
            rove_scope_cancel(&loop->scope);
        else if (i == loop->at)
            rove_fail(loop->action);
    }
    atomic_fetch_add(&loop->handled, end - begin);
}

static void sum_body(int64_t begin, int64_t end, void *value, void *arg)
{
    loop_body(begin, end, arg);
    *(int64_t *)value += end - begin;
}

static void sum_combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(int64_t *)right;
}

static void loop_run(void *arg)
{
    struct loop *loop = arg;
    loop->status = rove_for(0, LONG, loop_body, loop);
    loop->was_canceled_after = rove_is_canceled();
}

static void sum_run(void *arg)
{
    static const int64_t zero = 0;
    struct loop *loop = arg;
    rove_reduction reduction = {sizeof loop->sum, &zero, sum_body, sum_combine, loop};
    loop->status = rove_reduce(0, LONG, &reduction, &loop->sum);
    loop->was_canceled_after = rove_is_canceled();
}

static rove_status loop_in_scope(struct loop *loop, void (*run)(void *arg), rove_runtime *where)
{
    loop->marks = calloc(LONG, 1);
    assert_non_null(loop->marks);
    rove_status status = rove_scope_run(&loop->scope, where, run, loop);
    free(loop->marks);
    return status;
}

static void test_loops_and_reductions_are_canceled_in_the_middle(void **state)
{
    (void)state;
    rove_runtime *alone = test_runtime(1);
    for (int round = 0; round < 20; round++)
        for (int kind = 0; kind < 2; kind++) {
            struct loop loop = {.at = round % 2 ? 0 : LONG / 4, .action = CANCEL_SCOPE};
            rove_runtime *where = round % 4 < 2 ? alone : runtime;
            assert_int_equal(loop_in_scope(&loop, kind ? sum_run : loop_run, where), ROVE_CANCELED);
            if (where == alone || loop.handled < LONG)
                assert_int_equal(loop.status, ROVE_CANCELED);
            else
                assert_true(loop.status == ROVE_CANCELED || loop.status == ROVE_OK);
            assert_true(loop.was_canceled_after);
            assert_true(where == runtime || loop.handled < LONG);
            assert_true(!kind || loop.sum == loop.handled);
        }
    test_runtime_end(alone);
    test_watch_runtime(runtime);
}

static void test_an_error_in_a_loop_is_told_to_the_scope_around_it(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++)
        for (int kind = 0; kind < 2; kind++) {
            struct loop loop = {.at = round * 1000, .action = 100 + round};
            rove_status status = loop_in_scope(&loop, kind ? sum_run : loop_run, runtime);
            assert_int_equal(loop.status, ROVE_FAILED);
            assert_int_equal(rove_scope_error(&loop.scope), 100 + round);
            assert_false(loop.was_canceled_after); /* the scope around goes on */
            assert_int_equal(status, ROVE_OK);
            assert_true(!kind || loop.sum == loop.handled);
        }
}

static void fail_in_loop(int64_t begin, int64_t end, void *arg)
{
    (void)end;
    (void)arg;
    if (begin == 0)
        rove_fail(3);
}

static void test_a_loop_of_a_thread_that_is_no_worker_may_fail(void **state)
{
    (void)state;
    assert_int_equal(rove_for(0, LONG, fail_in_loop, NULL), ROVE_FAILED);
    assert_int_equal(rove_for(0, LONG, fail_in_loop, NULL), ROVE_FAILED);
    assert_int_equal(rove_for(1, LONG, fail_in_loop, NULL), ROVE_OK);
}

static void cancel_then_loop(void *arg)
{
    struct loop *loop = arg;
    rove_scope_cancel(&loop->scope);
    loop_run(loop);
}

static void test_a_loop_in_a_canceled_scope_does_nothing(void **state)
{
    (void)state;
    struct loop loop = {.at = -1};
    assert_int_equal(loop_in_scope(&loop, cancel_then_loop, runtime), ROVE_CANCELED);
    assert_int_equal(loop.status, ROVE_CANCELED);
    assert_int_equal(loop.handled, 0);
}

static void yield_body(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end && !rove_is_canceled(); i++)
        test_yield();
}

static void endless_loop(void *arg)
{
    *(rove_status *)arg = rove_for(0, INT64_MAX, yield_body, NULL);
}

static void test_a_deadline_ends_a_loop_without_end(void **state)
{
    (void)state;
    rove_scope scope = {.deadline = rove_clock() + 5 * ROVE_MILLISECOND};
    rove_status status = ROVE_TIMED_OUT; /* which stays if it took so long to get there that nothing began */
    assert_int_equal(rove_scope_run(&scope, runtime, endless_loop, &status), ROVE_TIMED_OUT);
    assert_int_equal(status, ROVE_TIMED_OUT);
}

/* Loops in a loop: the row that fails ends alone. */
enum { ROWS = 50, COLUMNS = 20000, BAD_ROW = 17 };
static atomic_llong row_sums[ROWS];
static rove_status row_statuses[ROWS];

static void column_body(int64_t begin, int64_t end, void *arg)
{
    int64_t row = *(int64_t *)arg;
    TEST_CHECK(!rove_is_canceled() || row == BAD_ROW, "row %lld is canceled", (long long)row);
    atomic_fetch_add(&row_sums[row], end - begin);
    if (row == BAD_ROW)
        rove_fail(1000 + (int)row);
}

static void row_body(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t row = begin; row < end; row++) {
        int64_t argument = row;
        row_statuses[row] = rove_for(0, COLUMNS, column_body, &argument);
        TEST_CHECK(!rove_is_canceled(), "row %lld cancels the loop around it", (long long)row);
    }
}

static void test_a_loop_that_fails_leaves_its_siblings_alone(void **state)
{
    (void)state;
    memset(row_sums, 0, sizeof row_sums);
    assert_int_equal(rove_for(0, ROWS, row_body, NULL), ROVE_OK);
    for (int row = 0; row < ROWS; row++) {
        assert_int_equal(row_statuses[row], row == BAD_ROW ? ROVE_FAILED : ROVE_OK);
        assert_true(row == BAD_ROW ? row_sums[row] < COLUMNS : row_sums[row] == COLUMNS);
    }
}

/* A forked task, and whether a thief has begun it. */
struct part {
    rove_task task;
    rove_scope *scope; /* handed down */
    rove_scope *seen;
    rove_status status;
    atomic_bool has_begun;
};

static void part_task(rove_task *task)
{
    struct part *part = (struct part *)task;
    part->seen = rove_current_scope();
    atomic_store(&part->has_begun, true);
    while (part->scope && rove_scope_status(part->scope) == ROVE_OK)
        test_yield();
    part->status = rove_scope_status(part->scope);
}

static void fork_here(void *arg)
{
    struct part *part = arg;
    rove_fork(&part->task, part_task);
    rove_join(&part->task, part_task);
}

static void fork_to_thief(void *arg)
{
    struct part *part = arg;
    rove_fork(&part->task, part_task);
    while (!atomic_load(&part->has_begun))
        test_yield();
    TEST_CHECK(rove_current_scope() == part->scope, "the scope is gone");
    rove_scope_cancel(part->scope);
    rove_join(&part->task, part_task);
    TEST_CHECK(rove_current_scope() == part->scope && rove_is_canceled(), "the scope is gone after a join");
}

static void test_a_task_that_is_joined_where_it_was_forked_knows_its_scope(void **state)
{
    (void)state;
    rove_runtime *alone = test_runtime(1);
    rove_scope scope = {0};
    struct part part = {.scope = NULL};
    assert_int_equal(rove_scope_run(&scope, alone, fork_here, &part), ROVE_OK);
    assert_ptr_equal(part.seen, &scope);
    test_runtime_end(alone);
    test_watch_runtime(runtime);
}

static void test_a_stolen_task_is_told_the_scope_of_the_runtime(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        rove_scope scope = {0};
        struct part part = {.scope = &scope};
        assert_int_equal(rove_scope_run(&scope, runtime, fork_to_thief, &part), ROVE_CANCELED);
        assert_int_equal(part.status, ROVE_CANCELED);
        assert_non_null(part.seen);
        assert_ptr_not_equal(part.seen, &scope);
        assert_int_equal(rove_scope_status(part.seen), ROVE_OK);
    }
}

/* rove_invoke is a scope too: each call runs at most once, and all of them unless it was canceled. */
static atomic_int invoked[64];

static void invoke_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    if (arg == &invoked[0])
        rove_fail(4);
}

static void invoke_many(void *arg)
{
    rove_call calls[64];
    for (int i = 0; i < 64; i++)
        calls[i] = (rove_call){invoke_one, &invoked[i]};
    *(rove_status *)arg = rove_invoke(calls, 64);
    TEST_CHECK(!rove_is_canceled(), "the scope around is canceled");
}

static void test_calls_may_fail(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        rove_scope scope = {0};
        rove_status status = ROVE_OK;
        memset(invoked, 0, sizeof invoked);
        assert_int_equal(rove_scope_run(&scope, runtime, invoke_many, &status), ROVE_OK);
        int sum = 0;
        for (int i = 0; i < 64; i++) {
            assert_in_range(invoked[i], 0, 1);
            sum += invoked[i];
        }
        assert_int_equal(invoked[0], 1);
        assert_int_equal(status, ROVE_FAILED);
        assert_int_equal(rove_scope_error(&scope), 4);
        assert_in_range(sum, 1, 64);
    }
}

static void test_a_loop_in_a_canceled_runtime_does_nothing(void **state)
{
    (void)state;
    struct loop loop = {.at = -1};
    rove_runtime *doomed = test_runtime(2);
    assert_int_equal(rove_runtime_cancel(doomed), ROVE_OK);
    assert_int_equal(loop_in_scope(&loop, loop_run, doomed), ROVE_CANCELED);
    assert_int_equal(loop.handled, 0);
    test_runtime_end(doomed);
    test_watch_runtime(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loops_and_reductions_are_canceled_in_the_middle),
        cmocka_unit_test(test_an_error_in_a_loop_is_told_to_the_scope_around_it),
        cmocka_unit_test(test_a_loop_of_a_thread_that_is_no_worker_may_fail),
        cmocka_unit_test(test_a_loop_in_a_canceled_scope_does_nothing),
        cmocka_unit_test(test_a_deadline_ends_a_loop_without_end),
        cmocka_unit_test(test_a_loop_that_fails_leaves_its_siblings_alone),
        cmocka_unit_test(test_a_task_that_is_joined_where_it_was_forked_knows_its_scope),
        cmocka_unit_test(test_a_stolen_task_is_told_the_scope_of_the_runtime),
        cmocka_unit_test(test_calls_may_fail),
        cmocka_unit_test(test_a_loop_in_a_canceled_runtime_does_nothing),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, setup, teardown);
}
