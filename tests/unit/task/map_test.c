/*
 * rove_map: each call once, never more at once than allowed, and the errors that come of it.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, WORKERS_MOST = 8, ROUNDS = 300, UNTOUCHED = -77 };

/* Calls that count themselves, and what some of them return. */
struct calls {
    struct test_once once;
    size_t limit;
    atomic_size_t running;
    atomic_size_t made;
    bool (*fails)(size_t index);
};

static bool never(size_t index)
{
    (void)index;
    return false;
}

static bool now_and_then(size_t index)
{
    return index % 17 == 5;
}

static int error_of(size_t index)
{
    return (int)index + 1000;
}

/* Some calls loop in parallel inside, so that their workers make other calls while they wait. */
static void nothing(int64_t begin, int64_t end, void *arg)
{
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add_explicit((atomic_int *)arg, 1, memory_order_relaxed);
}

static int call(size_t index, void *arg)
{
    struct calls *calls = arg;
    size_t running = atomic_fetch_add(&calls->running, 1) + 1;
    TEST_CHECK(calls->limit == 0 || running <= calls->limit, "%zu calls run at once", running);
    test_once_mark(&calls->once, (int64_t)index);
    atomic_fetch_add(&calls->made, 1);
    if (index % 8 == 3) {
        atomic_int sum = 0;
        TEST_CHECK(rove_for(0, 2000, nothing, &sum) == ROVE_OK || rove_is_canceled(), "a loop inside");
    }
    atomic_fetch_sub(&calls->running, 1);
    return calls->fails(index) ? error_of(index) : 0;
}

static void calls_check_results(const struct calls *calls, const int *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int wanted = !calls->once.runs[i] ? UNTOUCHED : calls->fails(i) ? error_of(i) : 0;
        TEST_CHECK(results[i] == wanted, "call %zu of %zu left %d instead of %d", i, count, results[i], wanted);
    }
}

static size_t calls_that_failed(const struct calls *calls, size_t count, int *error)
{
    size_t failures = 0;
    *error = 0;
    for (size_t i = count; i-- > 0;) {
        if (calls->once.runs[i] && calls->fails(i)) {
            failures++;
            *error = error_of(i);
        }
    }
    return failures;
}

static void map_check(size_t count, size_t limit, rove_policy policy, bool (*fails)(size_t index))
{
    struct calls calls = {.limit = limit, .fails = fails};
    int *results = malloc((count + 1) * sizeof *results);
    TEST_CHECK(results, "no memory");
    for (size_t i = 0; i <= count; i++)
        results[i] = UNTOUCHED;
    test_once_init(&calls.once, (int64_t)count + 1);
    rove_mapping mapping = {.limit = limit, .policy = policy, .results = results, .error = 5, .failures = 5};
    rove_status status = rove_map(count, call, &calls, &mapping);

    int error;
    size_t failures = calls_that_failed(&calls, count, &error), made = atomic_load(&calls.made);
    TEST_CHECK(status == (failures ? ROVE_FAILED : ROVE_OK), "%zu errors: %s", failures, rove_status_text(status));
    TEST_CHECK(mapping.failures == failures && mapping.error == error, "%zu errors, first %d", mapping.failures,
               mapping.error);
    TEST_CHECK(made == count || (policy == ROVE_FAIL_FAST && failures > 0), "%zu of %zu calls", made, count);
    calls_check_results(&calls, results, count);
    TEST_CHECK(results[count] == UNTOUCHED, "a result behind the last");
    test_once_fini(&calls.once);
    free(results);
}

static void random_maps(void *arg)
{
    struct test_random *random = arg;
    map_check(0, 0, ROVE_COLLECT_ALL, never);
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = test_random_below(random, round % 10 == 0 ? 2000 : 30);
        size_t limit = test_random_below(random, round % 5 == 0 ? 100 : 5);
        rove_policy policy = test_random_below(random, 2) ? ROVE_COLLECT_ALL : ROVE_FAIL_FAST;
        map_check(count, limit, policy, test_random_below(random, 2) ? never : now_and_then);
    }
}

static void test_each_call_is_made_once_and_no_more_at_once_than_allowed(void **state)
{
    (void)state;
    for (int workers = 1; workers <= WORKERS_MOST; workers++) {
        struct test_random random = test_random_make((uint64_t)workers);
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, random_maps, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    struct test_random random = test_random_make(0);
    random_maps(&random);
}

/* Calls that wait for each other: as many as are allowed do run at once where there are so many workers. */
struct meeting {
    size_t wanted;
    atomic_size_t present;
    atomic_bool is_met;
};

static int meet(size_t index, void *arg)
{
    struct meeting *meeting = arg;
    (void)index;
    if (atomic_fetch_add(&meeting->present, 1) + 1 >= meeting->wanted)
        atomic_store(&meeting->is_met, true);
    while (!atomic_load(&meeting->is_met))
        test_yield();
    return 0;
}

static void meetings(void *arg)
{
    (void)arg;
    for (size_t limit = 0; limit <= 3; limit++) {
        struct meeting meeting = {.wanted = limit ? limit : 3};
        rove_mapping mapping = {.limit = limit};
        TEST_CHECK(rove_map(6, meet, &meeting, &mapping) == ROVE_OK, "a meeting of %zu", limit);
        TEST_CHECK(atomic_load(&meeting.present) == 6, "%zu calls", atomic_load(&meeting.present));
    }
}

static void test_as_many_calls_as_are_allowed_run_at_once(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_run(runtime, meetings, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static int cancel_at_five(size_t index, void *arg)
{
    atomic_fetch_add((atomic_size_t *)arg, 1);
    if (index == 5)
        rove_scope_cancel(rove_current_scope());
    return 0;
}

static int fail_at_five(size_t index, void *arg)
{
    atomic_fetch_add((atomic_size_t *)arg, 1);
    if (index == 5)
        rove_fail(42);
    return 0;
}

static int return_error_at_five(size_t index, void *arg)
{
    atomic_fetch_add((atomic_size_t *)arg, 1);
    return index == 5 ? 42 : 0;
}

static int return_seven(size_t index, void *arg)
{
    (void)arg;
    return index == 3 ? 7 : 0;
}

static void stopped_maps(void *arg)
{
    rove_scope *around = arg;
    atomic_size_t calls = 0;
    rove_mapping one = {.limit = 1};
    TEST_CHECK(rove_map(100, cancel_at_five, &calls, &one) == ROVE_CANCELED && calls == 6, "%zu calls", calls);
    TEST_CHECK(one.error == 0 && one.failures == 0, "error %d", one.error);
    calls = 0;
    TEST_CHECK(rove_map(6, cancel_at_five, &calls, &one) == ROVE_OK && calls == 6, "nothing was left out");
    calls = 0;
    TEST_CHECK(rove_map(100, fail_at_five, &calls, &one) == ROVE_FAILED && calls == 6, "%zu calls", calls);
    TEST_CHECK(one.error == 42 && one.failures == 0 && rove_scope_error(around) == 42, "error %d", one.error);
    TEST_CHECK(rove_scope_status(around) == ROVE_OK, "the scope around was canceled");
}

static void failed_map(void *arg)
{
    atomic_size_t calls = 0;
    rove_mapping one = {.limit = 1, .policy = ROVE_FAIL_FAST};
    TEST_CHECK(rove_map(100, return_error_at_five, &calls, &one) == ROVE_FAILED && calls == 6, "%zu calls", calls);
    calls = 0;
    one.policy = ROVE_COLLECT_ALL;
    TEST_CHECK(rove_map(100, return_error_at_five, &calls, &one) == ROVE_FAILED && calls == 100, "%zu calls", calls);
    rove_mapping many = {0};
    TEST_CHECK(rove_map(10, return_seven, NULL, &many) == ROVE_FAILED && many.error == 7, "error %d", many.error);
    TEST_CHECK(rove_map(10, return_seven, NULL, NULL) == ROVE_FAILED, "an error");
    TEST_CHECK(rove_scope_error(arg) == 42 && rove_scope_status(arg) == ROVE_OK, "error %d", rove_scope_error(arg));
}

static void test_a_map_is_a_scope(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        rove_scope stopped = {0}, failed = {0};
        assert_int_equal(rove_scope_run(&stopped, runtime, stopped_maps, &stopped), ROVE_OK);
        assert_int_equal(rove_scope_run(&failed, runtime, failed_map, &failed), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static int must_not_run(size_t index, void *arg)
{
    (void)arg;
    TEST_CHECK(false, "call %zu", index);
    return 0;
}

static void test_maps_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    rove_mapping mapping = {.policy = (rove_policy)2};
    assert_int_equal(rove_map(1, NULL, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_map(1, must_not_run, NULL, &mapping), ROVE_INVALID);
    assert_int_equal(rove_map(SIZE_MAX, must_not_run, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_map(0, must_not_run, NULL, NULL), ROVE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call_is_made_once_and_no_more_at_once_than_allowed),
        cmocka_unit_test(test_as_many_calls_as_are_allowed_run_at_once),
        cmocka_unit_test(test_a_map_is_a_scope),
        cmocka_unit_test(test_maps_that_make_no_sense_are_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
