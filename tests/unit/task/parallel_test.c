/*
 * Loops, reductions and parallel calls: every index exactly once, in order where order matters, from anywhere.
 */
#include <limits.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* A loop whose body marks each index, counted from `base`. */
struct loop {
    struct test_once once;
    int64_t base;
};

static void mark_range(int64_t begin, int64_t end, void *arg)
{
    struct loop *loop = arg;
    TEST_CHECK(begin < end, "an empty range from %lld to %lld", (long long)begin, (long long)end);
    for (int64_t i = begin; i < end; i++)
        test_once_mark(&loop->once, i - loop->base);
}

static void loop_check(int64_t begin, int64_t length)
{
    struct loop loop = {.base = begin};
    test_once_init(&loop.once, length);
    TEST_CHECK(rove_for(begin, begin + length, mark_range, &loop) == ROVE_OK, "a loop of %lld", (long long)length);
    test_once_check(&loop.once);
    test_once_fini(&loop.once);
}

static void loops_of_all_lengths(void *arg)
{
    (void)arg;
    for (int64_t length = 1; length < 200; length++)
        loop_check(-length / 2, length);
    loop_check(0, 1000000);
    loop_check(INT64_MIN, 5000);
    loop_check(INT64_MAX - 5000, 5000);
    loop_check(-2500, 5000);
}

static void test_a_loop_handles_each_index_once(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, loops_of_all_lengths, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void test_a_loop_may_be_started_by_a_thread_that_is_no_worker(void **state)
{
    (void)state;
    loops_of_all_lengths(NULL);
}

static void must_not_run(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    TEST_CHECK(false, "called with %lld to %lld", (long long)begin, (long long)end);
}

static void empty_loops(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_for(0, 0, must_not_run, NULL) == ROVE_OK, "0 to 0");
    TEST_CHECK(rove_for(5, 5, must_not_run, NULL) == ROVE_OK, "5 to 5");
    TEST_CHECK(rove_for(5, 4, must_not_run, NULL) == ROVE_OK, "5 to 4");
    TEST_CHECK(rove_for(INT64_MAX, INT64_MAX, must_not_run, NULL) == ROVE_OK, "at the upper end");
    TEST_CHECK(rove_for(INT64_MIN, INT64_MIN, must_not_run, NULL) == ROVE_OK, "at the lower end");
    TEST_CHECK(rove_for(INT64_MAX, INT64_MIN, must_not_run, NULL) == ROVE_OK, "upside down");
}

static void test_an_empty_loop_calls_nothing(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, empty_loops, NULL), ROVE_OK);
    test_runtime_end(runtime);
    empty_loops(NULL);
}

/* Adds up lengths instead of walking through them, so that a loop may be as long as numbers go. The caller skips to the
 * end of what it is given; only the number of calls takes time. */
static void add_length(int64_t begin, int64_t end, void *arg)
{
    atomic_fetch_add((_Atomic uint64_t *)arg, (uint64_t)end - (uint64_t)begin);
}

static void longest_loops(void *arg)
{
    static const int64_t begins[] = {0, INT64_MIN, -1, INT64_MIN / 2};
    (void)arg;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        _Atomic uint64_t sum = 0;
        TEST_CHECK(rove_for(begins[i], (int64_t)((uint64_t)begins[i] + INT64_MAX), add_length, &sum) == ROVE_OK,
                   "the longest loop from %lld", (long long)begins[i]);
        TEST_CHECK(sum == INT64_MAX, "%llu indices", (unsigned long long)sum);
    }
}

static void test_the_longest_loop_is_cut_without_overflow(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, longest_loops, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void misused_loops(void *arg)
{
    (void)arg;
    TEST_CHECK(rove_for(0, 10, NULL, NULL) == ROVE_INVALID, "no body");
    TEST_CHECK(rove_for(0, 0, NULL, NULL) == ROVE_INVALID, "no body for no index");
    TEST_CHECK(rove_for(INT64_MIN, INT64_MAX, must_not_run, NULL) == ROVE_INVALID, "all numbers");
    TEST_CHECK(rove_for(-1, INT64_MAX, must_not_run, NULL) == ROVE_INVALID, "one index too many");
}

static void test_a_loop_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, misused_loops, NULL), ROVE_OK);
    test_runtime_end(runtime);
    misused_loops(NULL);
}

/* A triangle: the inner loop is as long as its index, so the outer one is as uneven as can be. */
struct row {
    _Atomic int64_t *sum;
    int64_t number;
};

static void inner_row(int64_t begin, int64_t end, void *arg)
{
    atomic_fetch_add(((struct row *)arg)->sum, end - begin);
}

static void outer_rows(int64_t begin, int64_t end, void *arg)
{
    for (int64_t i = begin; i < end; i++) {
        struct row row = {arg, i};
        TEST_CHECK(rove_for(0, i, inner_row, &row) == ROVE_OK, "row %lld", (long long)i);
    }
}

static void triangle(void *arg)
{
    (void)arg;
    _Atomic int64_t sum = 0;
    TEST_CHECK(rove_for(0, 1000, outer_rows, &sum) == ROVE_OK, "the triangle");
    TEST_CHECK(sum == 499500, "%lld cells", (long long)sum);
}

static void test_loops_nest(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 10; i++)
            assert_int_equal(rove_run(runtime, triangle, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    triangle(NULL);
}

static int triangle_task(void *arg)
{
    triangle(arg);
    return 0;
}

static void loops_in_tasks(void *arg)
{
    (void)arg;
    rove_group group = {0};
    for (int i = 0; i < 8; i++)
        TEST_CHECK(rove_group_spawn(&group, triangle_task, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void test_loops_run_in_the_tasks_of_a_group(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    for (int i = 0; i < 5; i++)
        assert_int_equal(rove_run(runtime, loops_in_tasks, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void write_squares(int64_t begin, int64_t end, void *arg)
{
    int64_t *squares = arg;
    for (int64_t i = begin; i < end; i++)
        squares[i] = i * i;
}

static void test_a_loop_makes_plain_writes_visible(void **state)
{
    (void)state;
    enum { SQUARES = 100000 };
    int64_t *squares = calloc(SQUARES, sizeof *squares);
    assert_non_null(squares);
    assert_int_equal(rove_for(0, SQUARES, write_squares, squares), ROVE_OK);
    for (int64_t i = 0; i < SQUARES; i++)
        assert_true(squares[i] == i * i);
    free(squares);
}

static void outside_loops(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++)
        loop_check(i, 20000);
}

static void test_threads_may_run_loops_at_the_same_time(void **state)
{
    (void)state;
    test_on_threads(12, outside_loops, NULL, 0);
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void invoke_all(void *arg)
{
    enum { CALLS = 1000 };
    (void)arg;
    atomic_int runs[CALLS];
    rove_call calls[CALLS];
    for (size_t length = 0; length <= CALLS; length = length < 5 ? length + 1 : length * 2 - 2) {
        for (size_t i = 0; i < CALLS; i++) {
            atomic_init(&runs[i], 0);
            calls[i] = (rove_call){add_one, &runs[i]};
        }
        TEST_CHECK(rove_invoke(calls, length) == ROVE_OK, "%zu calls", length);
        for (size_t i = 0; i < CALLS; i++)
            TEST_CHECK(atomic_load(&runs[i]) == (i < length), "call %zu of %zu: %d runs", i, length,
                       atomic_load(&runs[i]));
    }
}

static void test_invoke_makes_each_call_once(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 10; i++)
            assert_int_equal(rove_run(runtime, invoke_all, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    invoke_all(NULL);
}

static void misused_calls(void *arg)
{
    (void)arg;
    atomic_int runs = 0;
    rove_call calls[3] = {{add_one, &runs}, {add_one, &runs}, {NULL, &runs}};
    TEST_CHECK(rove_invoke(NULL, 3) == ROVE_INVALID, "no array");
    TEST_CHECK(rove_invoke(calls, 3) == ROVE_INVALID, "no function");
    TEST_CHECK(atomic_load(&runs) == 0, "%d calls ran although one was refused", atomic_load(&runs));
    TEST_CHECK(rove_invoke(calls, 2) == ROVE_OK && atomic_load(&runs) == 2, "%d of 2 calls", atomic_load(&runs));
}

static void test_calls_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, misused_calls, NULL), ROVE_OK);
    test_runtime_end(runtime);
    misused_calls(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_loop_handles_each_index_once),
        cmocka_unit_test(test_a_loop_may_be_started_by_a_thread_that_is_no_worker),
        cmocka_unit_test(test_an_empty_loop_calls_nothing),
        cmocka_unit_test(test_the_longest_loop_is_cut_without_overflow),
        cmocka_unit_test(test_a_loop_that_makes_no_sense_is_refused),
        cmocka_unit_test(test_loops_nest),
        cmocka_unit_test(test_loops_run_in_the_tasks_of_a_group),
        cmocka_unit_test(test_a_loop_makes_plain_writes_visible),
        cmocka_unit_test(test_threads_may_run_loops_at_the_same_time),
        cmocka_unit_test(test_invoke_makes_each_call_once),
        cmocka_unit_test(test_calls_that_make_no_sense_are_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
