/*
 * Searches: the first index for which it holds, wherever it is, or any; little beyond it is looked at; and whoever
 * stops a search is told what is known.
 */
#include <limits.h>
#include <rove/find.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MOST_WORKERS = 8, HITS = 8 };

/* It holds for some indices, in order. */
struct haystack {
    int64_t begin;
    int64_t end;
    int64_t hits[HITS];
    int hit_count;
    struct test_once once; /* which indices have been looked at; those from the end of this on are not counted */
    atomic_int lookers;    /* threads other than the first that have looked */
    int first;             /* the worker that began */
    int patience;          /* how often it gives up the processor for want of help */
    bool lies;             /* tells an index outside of the range when it finds none */
    int64_t trouble_at;
    void (*trouble)(struct haystack *stack);
    rove_scope *scope;
};

static int64_t look(int64_t begin, int64_t end, void *arg)
{
    struct haystack *stack = arg;
    TEST_CHECK(begin < end && begin >= stack->begin && end <= stack->end, "from %lld to %lld", (long long)begin,
               (long long)end);
    if (rove_worker_id() != stack->first) {
        atomic_fetch_add(&stack->lookers, 1);
    } else if (stack->patience > 0 && atomic_load(&stack->lookers) == 0) {
        stack->patience--;
        test_yield();
    }
    for (int64_t i = begin; i < end; i++) {
        if (i - stack->begin < stack->once.count)
            test_once_mark(&stack->once, i - stack->begin);
        if (i == stack->trouble_at)
            stack->trouble(stack);
        for (int hit = 0; hit < stack->hit_count; hit++) {
            if (stack->hits[hit] == i)
                return i;
        }
    }
    return !stack->lies ? end : begin % 2 ? INT64_MIN : INT64_MAX;
}

/* Nothing is looked at twice, and everything before `until` is. */
static void check_looks(struct haystack *stack, int64_t until)
{
    for (int64_t i = 0; i < stack->once.count; i++) {
        int runs = stack->once.runs[i];
        TEST_CHECK(runs <= 1, "index %lld was looked at %d times", (long long)i, runs);
        TEST_CHECK(runs == 1 || stack->begin + i >= until, "index %lld was left out", (long long)i);
    }
}

static void make_stack(struct haystack *stack, int64_t count, struct test_random *random)
{
    *stack = (struct haystack){.begin = (int64_t)test_random_below(random, 100) - 50, .trouble_at = INT64_MIN};
    stack->end = stack->begin + count;
    stack->hit_count = (int)test_random_below(random, HITS + 1);
    for (int i = 0; i < stack->hit_count; i++) /* also some outside of the range */
        stack->hits[i] = stack->begin - 1 + (int64_t)test_random_below(random, (uint64_t)count + 2);
    stack->first = rove_worker_id();
    stack->patience = (int)test_random_below(random, 3);
    stack->lies = test_random_below(random, 4) == 0;
    test_once_init(&stack->once, count);
}

static int64_t first_hit(const struct haystack *stack)
{
    int64_t first = stack->end;
    for (int i = 0; i < stack->hit_count; i++) {
        if (stack->hits[i] >= stack->begin && stack->hits[i] < first)
            first = stack->hits[i];
    }
    return first;
}

static bool is_hit(const struct haystack *stack, int64_t index)
{
    for (int i = 0; i < stack->hit_count; i++) {
        if (stack->hits[i] == index)
            return true;
    }
    return false;
}

static void check_searches(void *arg)
{
    struct test_random *random = arg;
    struct haystack stack;
    for (int i = 0; i < (int)test_scaled(150, 60); i++) {
        int64_t count = i < 30 ? i / 2 : (int64_t)test_random_below(random, 1 << (i % 17)), index = 77777777;
        bool holds = false;
        make_stack(&stack, count, random);
        int64_t first = first_hit(&stack);
        TEST_CHECK(rove_find_first(stack.begin, stack.end, look, &stack, &index) == ROVE_OK, "a search");
        TEST_CHECK(index == first, "%lld instead of %lld of %lld", (long long)index, (long long)first,
                   (long long)count);
        check_looks(&stack, first);
        test_once_fini(&stack.once);

        make_stack(&stack, count, random);
        first = first_hit(&stack);
        TEST_CHECK(rove_find_any(stack.begin, stack.end, look, &stack, &index) == ROVE_OK, "a search for any");
        TEST_CHECK(first < stack.end ? is_hit(&stack, index) && index >= stack.begin && index < stack.end
                                     : index == stack.end,
                   "%lld of %lld", (long long)index, (long long)count);
        check_looks(&stack, index == stack.end ? stack.end : stack.begin);
        stack.once.count = 0;
        TEST_CHECK(rove_any(stack.begin, stack.end, look, &stack, &holds) == ROVE_OK, "any");
        TEST_CHECK(holds == (first < stack.end), "any of %lld", (long long)count);
        test_once_fini(&stack.once);
    }
}

static void test_the_first_index_is_found_and_all_before_it_are_looked_at_once(void **state)
{
    (void)state;
    struct test_random random = test_random_make(1);
    for (int workers = 1; workers <= MOST_WORKERS; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 3; i++)
            assert_int_equal(rove_run(runtime, check_searches, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    check_searches(&random);
}

/* As long as nobody else has looked, each chunk leaves the processor to others: some time one must come, if not in this
 * search then in the next. If nobody ever does, the watchdog comes. */
static void check_help(void *arg)
{
    int lookers;
    (void)arg;
    do {
        struct haystack stack = {
            .end = test_scaled(4000000, 400000), .trouble_at = -1, .patience = INT_MAX, .first = rove_worker_id()};
        int64_t index = 7;
        TEST_CHECK(rove_find_first(0, stack.end, look, &stack, &index) == ROVE_OK && index == stack.end,
                   "nothing is there");
        lookers = atomic_load(&stack.lookers);
    } while (lookers == 0);
}

static void test_others_come_to_help(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    assert_int_equal(rove_run(runtime, check_help, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* A range that nobody could look through: it must end at the hit. */
static void check_early_end(void *arg)
{
    (void)arg;
    static const int64_t begins[] = {0, INT64_MIN, -1};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        struct haystack stack = {.begin = begins[i], .trouble_at = INT64_MIN, .hit_count = 1, .patience = 3};
        stack.end = (int64_t)((uint64_t)begins[i] + INT64_MAX);
        stack.hits[0] = begins[i] + 100000;
        stack.trouble_at = stack.end;
        stack.first = rove_worker_id();
        int64_t index;
        TEST_CHECK(rove_find_first(stack.begin, stack.end, look, &stack, &index) == ROVE_OK, "a search");
        TEST_CHECK(index == stack.hits[0], "%lld", (long long)index);
        TEST_CHECK(rove_find_any(stack.begin, stack.end, look, &stack, &index) == ROVE_OK, "a search for any");
        TEST_CHECK(index == stack.hits[0], "%lld", (long long)index);
    }
}

static void test_a_search_ends_when_it_has_found(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_early_end, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    check_early_end(NULL);
}

static void cancel_search(struct haystack *stack)
{
    rove_scope_cancel(stack->scope);
}

static void fail_search(struct haystack *stack)
{
    (void)stack;
    rove_fail(42);
}

static void run_in_scope(void *arg)
{
    struct haystack *stack = arg;
    int64_t index = 77777777;
    stack->first = rove_worker_id();
    rove_status status = rove_find_first(stack->begin, stack->end, look, stack, &index);
    rove_status expected = stack->trouble == fail_search ? ROVE_FAILED : ROVE_CANCELED;
    if (status == ROVE_OK) {
        TEST_CHECK(index == first_hit(stack), "%lld instead of %lld", (long long)index, (long long)first_hit(stack));
        check_looks(stack, index);
    } else {
        TEST_CHECK(status == expected, "status %d", (int)status);
        TEST_CHECK(index == stack->end || is_hit(stack, index), "%lld", (long long)index);
        check_looks(stack, stack->begin);
    }
    if (status == ROVE_FAILED)
        TEST_CHECK(rove_scope_error(stack->scope) == 42, "error %d", rove_scope_error(stack->scope));
}

static void test_a_search_that_is_stopped_tells_what_is_known(void **state)
{
    (void)state;
    struct test_random random = test_random_make(2);
    for (int workers = 1; workers <= MOST_WORKERS; workers += 1 + workers / 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < (int)test_scaled(100, 20); i++) {
            rove_scope scope = {0};
            struct haystack stack;
            make_stack(&stack, 1 + (int64_t)test_random_below(&random, 100000), &random);
            stack.scope = &scope;
            stack.trouble = i % 2 ? cancel_search : fail_search;
            stack.trouble_at = stack.begin + (int64_t)test_random_below(&random, (uint64_t)stack.once.count);
            rove_scope_run(&scope, runtime, run_in_scope, &stack);
            test_once_fini(&stack.once);
        }
        test_runtime_end(runtime);
    }
}

static void search_again(struct haystack *stack)
{
    struct haystack inner = {.end = 20000, .trouble_at = -1, .hits[0] = 15000, .hit_count = 1};
    int64_t index;
    (void)stack;
    inner.first = rove_worker_id();
    inner.patience = 1;
    TEST_CHECK(rove_find_first(0, inner.end, look, &inner, &index) == ROVE_OK && index == 15000, "%lld",
               (long long)index);
}

static void check_nested(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        struct haystack stack = {
            .end = 50000, .hits[0] = 49999, .hit_count = 1, .trouble = search_again, .patience = 2};
        int64_t index;
        stack.first = rove_worker_id();
        stack.trouble_at = i * 97;
        TEST_CHECK(rove_find_first(0, stack.end, look, &stack, &index) == ROVE_OK && index == 49999, "%lld",
                   (long long)index);
    }
}

static void test_searches_nest_and_run_at_the_same_time(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_nested, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    test_on_threads(6, check_nested, NULL, 0);
}

static void test_arguments_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct haystack stack = {.end = 9, .trouble_at = -1};
    int64_t index = 55;
    bool holds = true;
    assert_int_equal(rove_find_first(0, 9, NULL, &stack, &index), ROVE_INVALID);
    assert_int_equal(rove_find_first(0, 9, look, &stack, NULL), ROVE_INVALID);
    assert_int_equal(rove_find_any(-1, INT64_MAX, look, &stack, &index), ROVE_INVALID);
    assert_int_equal(rove_any(0, 9, look, &stack, NULL), ROVE_INVALID);
    assert_int_equal(rove_any(0, 9, NULL, &stack, &holds), ROVE_INVALID);
    assert_true(holds);
    assert_int_equal(index, 55);
    assert_int_equal(rove_find_first(9, 9, look, &stack, &index), ROVE_OK);
    assert_int_equal(index, 9);
    assert_int_equal(rove_find_first(INT64_MAX, INT64_MIN, look, &stack, &index), ROVE_OK);
    assert_true(index == INT64_MIN);
    assert_int_equal(rove_any(3, 3, look, &stack, &holds), ROVE_OK);
    assert_false(holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_index_is_found_and_all_before_it_are_looked_at_once),
        cmocka_unit_test(test_others_come_to_help),
        cmocka_unit_test(test_a_search_ends_when_it_has_found),
        cmocka_unit_test(test_a_search_that_is_stopped_tells_what_is_known),
        cmocka_unit_test(test_searches_nest_and_run_at_the_same_time),
        cmocka_unit_test(test_arguments_that_make_no_sense_are_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
