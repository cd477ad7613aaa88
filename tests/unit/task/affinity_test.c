/*
 * Loops that come back: every index once whatever came before, and each block to the worker that had it, where that is
 * free. Bodies meet or are held, so that nothing depends on who is scheduled.
 */
#include "runtime/sched/runtime.h"

#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, LARGEST = 20000, FEW = 8, MOST_WORKERS = 8 };

static unsigned char touched[LARGEST];
static int64_t range_begin, range_end;

static void touch(int64_t begin, int64_t end, void *arg)
{
    TEST_CHECK(arg == touched, "another argument");
    TEST_CHECK(begin < end && begin >= range_begin && end <= range_end, "a part from %lld to %lld", (long long)begin,
               (long long)end);
    for (int64_t i = begin; i < end; i++)
        __atomic_fetch_add(&touched[i - range_begin], 1, __ATOMIC_RELAXED);
}

/* What is to be read of an affinity after a loop over `length` indices. */
static void check_affinity(const rove_affinity *affinity, int64_t length, int limit)
{
    TEST_CHECK(affinity->blocks >= 1 && affinity->blocks <= ROVE_AFFINITY_BLOCKS && affinity->blocks <= length,
               "%lld indices in %d blocks", (long long)length, affinity->blocks);
    for (int block = 0; block < affinity->blocks; block++)
        TEST_CHECK(affinity->workers[block] >= 1 && affinity->workers[block] <= limit, "block %d was had by %d", block,
                   affinity->workers[block] - 1);
}

static void loop_over(int64_t begin, int64_t length, rove_affinity *affinity)
{
    memset(touched, 0, sizeof touched);
    range_begin = begin;
    range_end = begin + length;
    rove_status status = rove_for_affine(range_begin, range_end, touch, touched, affinity);
    TEST_CHECK(status == ROVE_OK, "%lld indices: %s", (long long)length, rove_status_text(status));
    for (int64_t i = 0; i < length; i++)
        TEST_CHECK(touched[i] == 1, "index %lld of %lld handled %d times", (long long)i, (long long)length, touched[i]);
    if (length > 0 && rove_current_runtime())
        check_affinity(affinity, length, rove_worker_limit(rove_current_runtime()));
}

static void loops(void *arg)
{
    struct test_random random = test_random_make(1);
    rove_affinity affinity = {0};
    (void)arg;
    for (int64_t length = 0; length < 40; length++) /* another range each time */
        loop_over(-length / 2, length, &affinity);
    for (int i = 0; i < 15; i++) {
        rove_affinity fresh = {0};
        int64_t length = (int64_t)test_random_below(&random, i < 5 ? 200 : LARGEST) + 1;
        int64_t begin = (int64_t)test_random_below(&random, 1000) - 500;
        for (int again = 0; again < 4; again++)
            loop_over(begin, length, i % 2 ? &fresh : &affinity);
    }
    for (int again = 0; again < 3; again++) {
        loop_over(INT64_MAX - 1000, 1000, &affinity);
        loop_over(INT64_MIN, 1000, &affinity);
        loop_over(INT64_MAX, 0, &affinity);
    }
}

static void test_every_index_is_handled_once_each_time(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int again = 0; again < 3; again++)
            assert_int_equal(rove_run(runtime, loops, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    loops(NULL); /* no worker: the default runtime */
}

static void never(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    TEST_CHECK(begin > end, "the body is called");
}

static void misuse(void *arg)
{
    rove_affinity affinity = {0};
    (void)arg;
    TEST_CHECK(rove_for_affine(0, 9, NULL, NULL, &affinity) == ROVE_INVALID, "no body");
    TEST_CHECK(rove_for_affine(0, 9, never, NULL, NULL) == ROVE_INVALID, "no affinity");
    TEST_CHECK(rove_for_affine(-1, INT64_MAX, never, NULL, &affinity) == ROVE_INVALID, "too long a range");
    TEST_CHECK(rove_for_affine(9, 0, never, NULL, &affinity) == ROVE_OK, "upside down");
    TEST_CHECK(rove_for_affine(INT64_MAX, INT64_MIN, never, NULL, &affinity) == ROVE_OK, "upside down");
}

static void test_arguments_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, misuse, NULL), ROVE_OK);
    test_runtime_end(runtime);
    misuse(NULL);
}

/* Workers that are held in tasks. */
static struct {
    atomic_int held;
    atomic_bool is_open;
} door;

static int hold(void *arg)
{
    (void)arg;
    atomic_fetch_add(&door.held, 1);
    while (!atomic_load(&door.is_open))
        test_yield();
    return 0;
}

/* Holds all workers but this one while fn runs. */
static void alone(void (*fn)(void), int others)
{
    rove_group group = {0};
    atomic_store(&door.held, 0);
    atomic_store(&door.is_open, false);
    for (int i = 0; i < others; i++)
        TEST_CHECK(rove_group_spawn(&group, hold, NULL) == ROVE_OK, "spawn");
    while (atomic_load(&door.held) < others)
        test_yield();
    fn();
    atomic_store(&door.is_open, true);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

/* Bodies that note who runs them, and meet: each waits until as many as there are workers have begun, so that all begin
 * the same number of them. */
static struct {
    rove_affinity affinity;
    int owner[FEW];
    int workers;
    atomic_int begun;
} meeting;

static void meet(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    TEST_CHECK(end == begin + 1, "a block of %lld indices where there are few", (long long)(end - begin));
    meeting.owner[begin] = rove_worker_id() + 1;
    atomic_store(&door.is_open, true);
    int round = atomic_fetch_add(&meeting.begun, 1) / meeting.workers;
    while (atomic_load(&meeting.begun) < (round + 1) * meeting.workers)
        test_yield();
}

static void loop_and_meet(void)
{
    atomic_store(&meeting.begun, 0);
    TEST_CHECK(rove_for_affine(0, FEW, meet, NULL, &meeting.affinity) == ROVE_OK, "loop");
    TEST_CHECK(meeting.affinity.blocks == FEW, "%d indices in %d blocks", FEW, meeting.affinity.blocks);
    for (int i = 0; i < FEW; i++)
        TEST_CHECK(meeting.affinity.workers[i] == meeting.owner[i], "worker %d had block %d, not %d",
                   meeting.owner[i] - 1, i, meeting.affinity.workers[i] - 1);
}

static void come_back(void *arg)
{
    struct test_random random = test_random_make(2);
    int counts[MOST_WORKERS + 1] = {0}, names[MOST_WORKERS], found = 0;
    (void)arg;
    memset(&meeting.affinity, 0, sizeof meeting.affinity);
    loop_and_meet();
    /* All workers have come, as often as each other: that is what meeting means. */
    for (int i = 0; i < FEW; i++) {
        int at = 0;
        while (at < found && names[at] != meeting.owner[i])
            at++;
        if (at == found)
            names[found++] = meeting.owner[i];
        counts[at]++;
    }
    TEST_CHECK(found == meeting.workers, "%d workers came", found);
    for (int round = 0; round < 20; round++) {
        /* Dealt anew, to each the same number, in any order: what a loop does not know of others it does not need. */
        for (int i = FEW - 1; i > 0; i--) {
            int other = (int)test_random_below(&random, (uint64_t)i + 1);
            uint16_t worker = meeting.affinity.workers[i];
            meeting.affinity.workers[i] = meeting.affinity.workers[other];
            meeting.affinity.workers[other] = worker;
        }
        rove_affinity dealt = meeting.affinity;
        /* The others are held until all blocks are out, so that they come back to blocks of their own. */
        alone(loop_and_meet, meeting.workers - 1);
        TEST_CHECK(memcmp(&dealt, &meeting.affinity, sizeof dealt) == 0, "a block has not come back to its worker");
    }
}

static void test_blocks_come_back_to_their_workers(void **state)
{
    (void)state;
    for (meeting.workers = 1; meeting.workers <= 4; meeting.workers *= 2) {
        rove_runtime *runtime = test_runtime(meeting.workers);
        assert_int_equal(rove_run(runtime, come_back, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void loop_alone(void)
{
    for (int again = 0; again < 5; again++) {
        loop_over(0, FEW, &meeting.affinity);
        for (int i = 0; i < FEW; i++)
            TEST_CHECK(meeting.affinity.workers[i] == rove_worker_id() + 1, "block %d was had by a worker that is held",
                       i);
    }
}

/* Returns when the pool thread that this one has taken the place of is on the bench: then there are no more workers than
 * can be held. In a runtime that is new they all sleep, and it is there at once. */
static void await_bench(void)
{
    while (atomic_load(&rove_current_runtime()->pool_active) >= meeting.workers)
        test_yield();
}

static void be_helped(void *arg)
{
    (void)arg;
    await_bench();
    memset(&meeting.affinity, 0, sizeof meeting.affinity);
    loop_and_meet();
    alone(loop_alone, meeting.workers - 1);
    /* Now all are the caller's. While it is held in the first, the others take the rest. */
    loop_and_meet();
    loop_and_meet();
}

static void test_blocks_of_busy_workers_are_taken_by_others(void **state)
{
    (void)state;
    for (meeting.workers = 2; meeting.workers <= 4; meeting.workers *= 2) {
        rove_runtime *runtime = test_runtime(meeting.workers);
        for (int again = 0; again < 5; again++)
            assert_int_equal(rove_run(runtime, be_helped, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

/* With the other workers held, nothing is begun by anybody once the loop has been ended. */
static rove_scope *stopping;
static int calls_after_the_end;

static void count_after_failure(int64_t begin, int64_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
    if (stopping ? rove_scope_status(stopping) != ROVE_OK : calls_after_the_end > 0)
        TEST_CHECK(calls_after_the_end == 0, "a body was begun after the loop was ended");
    calls_after_the_end++;
    if (stopping)
        rove_scope_cancel(stopping);
    else
        rove_fail(44);
}

static void fail_alone(void)
{
    calls_after_the_end = 0;
    stopping = NULL;
    TEST_CHECK(rove_for_affine(0, LARGEST, count_after_failure, NULL, &meeting.affinity) == ROVE_FAILED, "no failure");
    TEST_CHECK(rove_scope_error(rove_current_scope()) == 44, "error %d", rove_scope_error(rove_current_scope()));
}

static void loop_in_scope(void *arg)
{
    (void)arg;
    calls_after_the_end = 0;
    rove_status status = rove_for_affine(0, LARGEST, count_after_failure, NULL, &meeting.affinity);
    TEST_CHECK(status == ROVE_CANCELED, "%s", rove_status_text(status));
}

static void cancel_alone(void)
{
    rove_scope scope = {0};
    stopping = &scope;
    TEST_CHECK(rove_scope_run(&scope, NULL, loop_in_scope, NULL) == ROVE_CANCELED, "not canceled");
    stopping = NULL;
}

static void end_early(void *arg)
{
    rove_scope scope = {0};
    (void)arg;
    memset(&meeting.affinity, 0, sizeof meeting.affinity);
    TEST_CHECK(rove_scope_run(&scope, NULL, loops, NULL) == ROVE_OK, "loops");
    alone(cancel_alone, meeting.workers - 1);
    loop_over(0, LARGEST, &meeting.affinity); /* the next one is whole */
    loop_over(0, LARGEST, &meeting.affinity);
}

static void fail_early(void *arg)
{
    (void)arg;
    memset(&meeting.affinity, 0, sizeof meeting.affinity);
    alone(fail_alone, meeting.workers - 1);
    loop_over(0, LARGEST, &meeting.affinity);
}

static void test_a_loop_that_is_canceled_begins_no_more_blocks(void **state)
{
    (void)state;
    for (meeting.workers = 1; meeting.workers <= 4; meeting.workers *= 2) {
        rove_runtime *runtime = test_runtime(meeting.workers);
        assert_int_equal(rove_run(runtime, end_early, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void fail_in_scope(void *arg)
{
    rove_scope scope = {0};
    TEST_CHECK(rove_scope_run(&scope, NULL, fail_early, arg) == ROVE_OK, "a loop's error cancels what is around it");
}

static void test_a_loop_that_fails_begins_no_more_blocks(void **state)
{
    (void)state;
    for (meeting.workers = 1; meeting.workers <= 4; meeting.workers *= 2) {
        rove_runtime *runtime = test_runtime(meeting.workers);
        assert_int_equal(rove_run(runtime, fail_in_scope, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

/* Workers come and go between the loops and during them. */
static void change_in(int64_t begin, int64_t end, void *arg)
{
    touch(begin, end, arg);
    if (begin % 7 == 0)
        TEST_CHECK(rove_set_workers(rove_current_runtime(), 1 + (int)(begin % MOST_WORKERS)) == ROVE_OK, "workers");
}

static void change_workers(void *arg)
{
    struct test_random random = test_random_make(3);
    rove_affinity affinity = {0};
    (void)arg;
    for (int i = 0; i < 60; i++) {
        int workers = 1 + (int)test_random_below(&random, MOST_WORKERS);
        TEST_CHECK(rove_set_workers(rove_current_runtime(), workers) == ROVE_OK, "%d workers", workers);
        loop_over(0, i % 3 ? 3000 : 5, &affinity); /* of the short range all is kept */
    }
    range_begin = 0;
    range_end = 3000;
    for (int i = 0; i < 10; i++) {
        memset(touched, 0, sizeof touched);
        TEST_CHECK(rove_for_affine(0, range_end, change_in, touched, &affinity) == ROVE_OK, "loop");
        for (int64_t at = 0; at < range_end; at++)
            TEST_CHECK(touched[at] == 1, "index %lld handled %d times", (long long)at, touched[at]);
    }
}

static void test_workers_may_come_and_go(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    for (int again = 0; again < 5; again++)
        assert_int_equal(rove_run(runtime, change_workers, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* Loops within the bodies of loops, each with an affinity of its own. */
static rove_affinity inner_affinities[FEW];
static atomic_int inner_count;

static void count_indices(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    atomic_fetch_add(&inner_count, (int)(end - begin));
}

static void nest(int64_t begin, int64_t end, void *arg)
{
    for (int64_t i = begin; i < end; i++)
        TEST_CHECK(rove_for_affine(0, 300, count_indices, arg, &inner_affinities[i]) == ROVE_OK, "inner loop");
}

static void nest_run(void *arg)
{
    rove_affinity outer = {0};
    for (int again = 1; again <= 10; again++) {
        atomic_store(&inner_count, 0);
        TEST_CHECK(rove_for_affine(0, FEW, nest, arg, &outer) == ROVE_OK, "outer loop");
        TEST_CHECK(atomic_load(&inner_count) == FEW * 300, "%d indices", atomic_load(&inner_count));
    }
}

static void test_loops_nest(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        memset(inner_affinities, 0, sizeof inner_affinities);
        assert_int_equal(rove_run(runtime, nest_run, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

/* Memory behind whose end no pointer lies that could be followed: whoever reads beyond an array of workers crashes. */
enum { BEHIND = 16 * ROVE_WORKERS_MAX };

static void *fence_allocate(size_t size, size_t alignment, void *arg)
{
    (void)arg;
    size_t whole = (size + BEHIND + alignment - 1) / alignment * alignment;
    char *memory = aligned_alloc(alignment, whole);
    if (memory)
        memset(memory + size, 0x5a, whole - size);
    return memory;
}

static void fence_release(void *memory, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    free(memory);
}

static rove_runtime *fenced_runtime(int most)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.workers_max = most;
    config.allocator = (rove_allocator){fence_allocate, fence_release, NULL};
    return test_runtime_with(&config);
}

/* As a guest, whose number in the large runtime is larger than any in the small one. */
static void loop_as_guest(void *affinity)
{
    await_bench();
    loop_over(0, FEW, affinity);
}

static void test_the_next_loop_may_be_in_a_smaller_runtime(void **state)
{
    (void)state;
    meeting.workers = 1;
    rove_runtime *large = fenced_runtime(ROVE_WORKERS_MAX - 1), *small = fenced_runtime(1);
    for (int again = 0; again < 3; again++) {
        rove_affinity affinity = {0};
        assert_int_equal(rove_run(large, loop_as_guest, &affinity), ROVE_OK);
        assert_int_equal(affinity.blocks, FEW);
        assert_true(affinity.workers[0] > rove_worker_limit(small));
        assert_int_equal(rove_run(small, loop_as_guest, &affinity), ROVE_OK);
        assert_int_equal(rove_run(large, loop_as_guest, &affinity), ROVE_OK);
    }
    test_runtime_end(small);
    test_watch_runtime(large);
    test_runtime_end(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_index_is_handled_once_each_time),
        cmocka_unit_test(test_arguments_that_make_no_sense_are_refused),
        cmocka_unit_test(test_blocks_come_back_to_their_workers),
        cmocka_unit_test(test_blocks_of_busy_workers_are_taken_by_others),
        cmocka_unit_test(test_a_loop_that_is_canceled_begins_no_more_blocks),
        cmocka_unit_test(test_a_loop_that_fails_begins_no_more_blocks),
        cmocka_unit_test(test_workers_may_come_and_go),
        cmocka_unit_test(test_loops_nest),
        cmocka_unit_test(test_the_next_loop_may_be_in_a_smaller_runtime),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
