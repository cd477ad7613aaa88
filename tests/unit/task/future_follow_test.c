/*
 * What follows a future without being one: it is called once, however the future ends, or not at all once it follows no
 * more.
 */
#include "runtime/task/future.h"

#include "future_values.h"

#include <stddef.h>
#include <string.h>

struct note {
    struct future_follower follower; /* first */
    atomic_int calls;
    rove_status outcome;
    void *value;
    int error;
};

static void take_note(struct future_follower *follower, rove_status outcome, void *value, int error)
{
    struct note *note = (struct note *)follower;
    note->outcome = outcome;
    note->value = value;
    note->error = error;
    atomic_fetch_add(&note->calls, 1);
}

static struct note blank(void)
{
    return (struct note){.follower = {.fn = take_note}};
}

static void await_note(struct note *note, rove_status outcome, int64_t value, int error)
{
    while (atomic_load(&note->calls) == 0)
        test_yield();
    TEST_CHECK(atomic_load(&note->calls) == 1, "%d calls", atomic_load(&note->calls));
    TEST_CHECK(note->outcome == outcome, "%s", rove_status_text(note->outcome));
    TEST_CHECK(note->value == number(value), "value %p", note->value);
    TEST_CHECK(note->error == error, "error %d", note->error);
}

static void follow_a_task(void *arg)
{
    (void)arg;
    rove_future future = {0}, next = {0};
    struct note before = blank(), after = blank(), last = blank();
    TEST_CHECK(rove_future_start(&future, add, number(20)) == ROVE_OK, "start");
    rovei_future_follow(&future, &before.follower);
    TEST_CHECK(rove_future_then(&future, &next, add, number(1)) == ROVE_OK, "then");
    rovei_future_follow(&next, &last.follower);
    check_value(&next, 21);
    await_note(&last, ROVE_OK, 21, 0);
    check_value(&future, 20);
    await_note(&before, ROVE_OK, 20, 0);
    rovei_future_follow(&future, &after.follower);
    TEST_CHECK(atomic_load(&after.calls) == 1, "it has ended, and the call is not made at once");
    await_note(&after, ROVE_OK, 20, 0);
}

static void test_a_follower_is_told_the_value_before_and_after_the_end(void **state)
{
    (void)state;
    everywhere(follow_a_task);
    assert_int_equal(atomic_load(&runs), 6);
}

static void test_a_follower_is_told_of_an_error_and_sees_no_value(void **state)
{
    (void)state;
    rove_future failed = {.group.runtime = several}, broken = failed, next = failed;
    struct note notes[3] = {blank(), blank(), blank()};
    assert_int_equal(rove_future_start(&failed, refuse, number(31)), ROVE_OK);
    assert_int_equal(rove_future_promise(&broken), ROVE_OK);
    assert_int_equal(rove_future_then(&broken, &next, add, NULL), ROVE_OK);
    rovei_future_follow(&failed, &notes[0].follower);
    rovei_future_follow(&broken, &notes[1].follower);
    rovei_future_follow(&next, &notes[2].follower);
    assert_int_equal(rove_future_fail(&broken, 32), ROVE_OK);
    await_note(&notes[0], ROVE_FAILED, 0, 31);
    await_note(&notes[1], ROVE_FAILED, 0, 32);
    await_note(&notes[2], ROVE_FAILED, 0, 32);
    check_end(&failed, ROVE_FAILED, 31);
    check_end(&next, ROVE_FAILED, 32);
    check_end(&broken, ROVE_FAILED, 32);
}

static void cancel_what_is_followed(void *arg)
{
    (void)arg;
    rove_future future = {0}, late = {.group.scope.deadline = 1};
    struct note canceled = blank(), timed_out = blank();
    TEST_CHECK(rove_future_start(&future, add, number(1)) == ROVE_OK, "start"); /* nobody else is there to take it */
    TEST_CHECK(rove_future_start(&late, add, number(1)) == ROVE_OK, "start");
    rovei_future_follow(&future, &canceled.follower);
    rovei_future_follow(&late, &timed_out.follower);
    rove_scope_cancel(&future.group.scope);
    check_end(&future, ROVE_CANCELED, 0);
    check_end(&late, ROVE_TIMED_OUT, 0);
    await_note(&canceled, ROVE_CANCELED, 0, 0);
    await_note(&timed_out, ROVE_TIMED_OUT, 0, 0);
}

static void test_a_follower_is_told_of_a_cancellation(void **state)
{
    (void)state;
    assert_int_equal(rove_run(alone, cancel_what_is_followed, NULL), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
}

/* Which of the followers of one future, among futures that follow it too, do so no more. */
static void unfollow_some(unsigned chosen)
{
    enum { COUNT = 5 };
    rove_future source = {.group.runtime = several}, nexts[COUNT];
    struct note notes[COUNT];
    assert_int_equal(rove_future_promise(&source), ROVE_OK);
    for (int i = 0; i < COUNT; i++) {
        notes[i] = blank();
        nexts[i] = (rove_future){.group.runtime = several};
        rovei_future_follow(&source, &notes[i].follower);
        if (i % 2)
            assert_int_equal(rove_future_then(&source, &nexts[i], add, number(i)), ROVE_OK);
    }
    for (int i = 0; i < COUNT; i++)
        if (chosen >> i & 1) {
            assert_true(rovei_future_unfollow(&source, &notes[i].follower));
            memset(&notes[i].follower, 0xee, offsetof(struct future_follower, outcome)); /* it may be gone */
        }
    assert_int_equal(rove_future_set(&source, number(10)), ROVE_OK);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(atomic_load(&notes[i].calls), chosen >> i & 1 ? 0 : 1);
        if (!(chosen >> i & 1))
            assert_false(rovei_future_unfollow(&source, &notes[i].follower));
        if (i % 2)
            check_value(&nexts[i], 10 + i);
    }
    check_value(&source, 10);
}

static void test_who_follows_no_more_is_not_called_and_the_others_are(void **state)
{
    (void)state;
    for (unsigned chosen = 0; chosen < 32; chosen++)
        unfollow_some(chosen);
}

/* One that is in nobody's list any more can follow again. */
static void test_a_follower_may_follow_again(void **state)
{
    (void)state;
    rove_future first = {.group.runtime = several}, second = first;
    struct note note = blank();
    assert_int_equal(rove_future_promise(&first), ROVE_OK);
    assert_int_equal(rove_future_promise(&second), ROVE_OK);
    rovei_future_follow(&first, &note.follower);
    assert_true(rovei_future_unfollow(&first, &note.follower));
    rovei_future_follow(&second, &note.follower);
    assert_int_equal(rove_future_set(&first, number(1)), ROVE_OK);
    assert_int_equal(atomic_load(&note.calls), 0);
    assert_int_equal(rove_future_set(&second, number(2)), ROVE_OK);
    await_note(&note, ROVE_OK, 2, 0);
    check_value(&first, 1);
    check_value(&second, 2);
}

/* A follower that frees itself, as the last of those that it counts for. */
struct freed {
    struct future_follower follower; /* first */
    atomic_int *calls;
};

static void free_itself(struct future_follower *follower, rove_status outcome, void *value, int error)
{
    struct freed *freed = (struct freed *)follower;
    TEST_CHECK(outcome == ROVE_OK && value == number(3) && error == 0, "%s", rove_status_text(outcome));
    atomic_fetch_add(freed->calls, 1);
    free(freed);
}

static void test_a_follower_may_be_freed_when_it_is_called(void **state)
{
    (void)state;
    atomic_int calls = 0;
    rove_future source = {.group.runtime = several};
    assert_int_equal(rove_future_promise(&source), ROVE_OK);
    for (int i = 0; i < 100; i++) {
        struct freed *freed = calloc(1, sizeof *freed);
        assert_non_null(freed);
        freed->follower.fn = free_itself;
        freed->calls = &calls;
        rovei_future_follow(&source, &freed->follower);
    }
    assert_int_equal(rove_future_set(&source, number(3)), ROVE_OK);
    assert_int_equal(atomic_load(&calls), 100);
    check_value(&source, 3);
}

static void test_a_future_that_is_ended_from_inside_cannot_be_set(void **state)
{
    (void)state;
    const struct {
        rove_status outcome;
        int error;
    } ends[] = {{ROVE_OK, 0}, {ROVE_FAILED, 9}, {ROVE_CANCELED, 0}, {ROVE_TIMED_OUT, 0}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        rove_future future = {0}, next = {0};
        struct note note = blank();
        assert_int_equal(rovei_future_make(&future, several), ROVE_OK);
        assert_ptr_equal(future.group.runtime, several);
        assert_true(future_is_made(&future));
        assert_int_equal(rove_future_set(&future, NULL), ROVE_INVALID);
        assert_int_equal(rove_future_fail(&future, 1), ROVE_INVALID);
        assert_false(rove_future_is_done(&future));
        rovei_future_follow(&future, &note.follower);
        assert_int_equal(rove_future_then(&future, &next, add, number(1)), ROVE_OK);
        rovei_future_end(&future, ends[i].outcome, number(40), ends[i].error);
        int64_t value = ends[i].outcome == ROVE_OK ? 40 : 0;
        await_note(&note, ends[i].outcome, value, ends[i].error);
        if (ends[i].outcome == ROVE_OK) {
            check_value(&next, 41);
            check_value(&future, 40);
        } else {
            check_end(&next, ends[i].outcome, ends[i].error);
            check_end(&future, ends[i].outcome, ends[i].error);
        }
    }
    assert_int_equal(atomic_load(&runs), 1);
}

static void take_back(void *arg)
{
    (void)arg;
    rove_future future = {0}, own = {.group.runtime = several};
    for (int i = 0; i < 3; i++) {
        TEST_CHECK(rovei_future_make(&future, alone) == ROVE_OK, "promise");
        TEST_CHECK(rovei_future_make(&own, alone) == ROVE_OK, "promise");
        rovei_future_unmake(&future);
        rovei_future_unmake(&own);
        TEST_CHECK(!future_is_made(&future) && !future.group.runtime && !rove_future_is_done(&future), "made");
        TEST_CHECK(!future_is_made(&own) && own.group.runtime == several, "made");
        TEST_CHECK(rove_future_wait(&future, NULL) == ROVE_INVALID, "made");
    }
    TEST_CHECK(rove_future_start(&future, add, number(4)) == ROVE_OK, "start");
    TEST_CHECK(rove_future_promise(&own) == ROVE_OK && rove_future_set(&own, number(5)) == ROVE_OK, "set");
    check_value(&future, 4);
    check_value(&own, 5);
}

static void test_a_future_that_was_taken_back_can_be_made(void **state)
{
    (void)state;
    everywhere(take_back);
}

/* Threads that follow a promise and give up again, while another one ends it: called, or unfollowed, never both. */
enum { RACE_THREADS = 3, RACE_NOTES = 40 };

struct racer {
    rove_future *future;
    atomic_int *arrived;
    struct note notes[RACE_NOTES];
    bool is_out[RACE_NOTES];
    bool sets;
};

static void race(void *arg)
{
    struct racer *racer = arg;
    atomic_fetch_add(racer->arrived, 1);
    while (atomic_load(racer->arrived) < RACE_THREADS + 1)
        test_yield();
    if (racer->sets) {
        TEST_CHECK(rove_future_set(racer->future, number(6)) == ROVE_OK, "set");
        return;
    }
    for (int i = 0; i < RACE_NOTES; i++) {
        rovei_future_follow(racer->future, &racer->notes[i].follower);
        if (i >= 2 && i % 2)
            racer->is_out[i - 2] = rovei_future_unfollow(racer->future, &racer->notes[i - 2].follower);
    }
}

static void test_a_follower_is_called_or_taken_out_and_never_both(void **state)
{
    (void)state;
    static struct racer racers[RACE_THREADS + 1];
    for (int round = 0; round < 100; round++) {
        atomic_int arrived = 0;
        rove_future future = {.group.runtime = several};
        assert_int_equal(rove_future_promise(&future), ROVE_OK);
        for (int i = 0; i <= RACE_THREADS; i++) {
            racers[i] = (struct racer){.future = &future, .arrived = &arrived, .sets = i == RACE_THREADS};
            for (int k = 0; k < RACE_NOTES; k++)
                racers[i].notes[k] = blank();
        }
        test_on_threads(RACE_THREADS + 1, race, racers, sizeof racers[0]);
        check_value(&future, 6);
        for (int i = 0; i < RACE_THREADS; i++)
            for (int k = 0; k < RACE_NOTES; k++)
                assert_int_equal(atomic_load(&racers[i].notes[k].calls), racers[i].is_out[k] ? 0 : 1);
    }
}

struct inherited {
    rove_future *pending;
    rove_future *ended;
};

/* In the child. Returns 0, or which step went wrong. */
static int follow_inherited(void *arg)
{
    const struct inherited *inherited = arg;
    rove_future next = {0};
    if (rove_future_then(inherited->pending, &next, add, number(1)) != ROVE_FORKED)
        return 1;
    if (rove_future_wait(&next, NULL) != ROVE_INVALID) /* it is not made */
        return 2;
    if (test_is_sanitized()) /* whose own locks may be held by a thread that the child does not have */
        return 0;
    if (rove_future_then(inherited->ended, &next, add, number(1)) != ROVE_OK)
        return 3;
    check_value(&next, 71);
    return 0;
}

static void test_a_child_of_fork_follows_only_what_has_ended(void **state)
{
    (void)state;
    rove_future pending = {.group.runtime = alone}, ended = pending;
    struct inherited inherited = {&pending, &ended};
    assert_int_equal(rove_future_promise(&pending), ROVE_OK);
    assert_int_equal(rove_future_promise(&ended), ROVE_OK);
    assert_int_equal(rove_future_set(&ended, number(70)), ROVE_OK);
    struct test_outcome outcome = test_in_child(follow_inherited, &inherited, WATCH_SECONDS / 2, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
    rove_future next = {.group.runtime = alone};
    assert_int_equal(rove_future_then(&pending, &next, add, number(1)), ROVE_OK); /* in the parent it goes on */
    assert_int_equal(rove_future_set(&pending, number(80)), ROVE_OK);
    check_value(&next, 81);
    check_value(&pending, 80);
}

/* It has ended, and so does not need its runtime any more. */
static void test_a_future_may_be_followed_when_its_runtime_is_gone(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_future future = {.group.runtime = runtime}, next = {.group.runtime = alone};
    assert_int_equal(rove_future_promise(&future), ROVE_OK);
    assert_int_equal(rove_future_set(&future, number(20)), ROVE_OK);
    check_value(&future, 20);
    test_runtime_end(runtime);
    assert_int_equal(rove_future_then(&future, &next, add, number(1)), ROVE_OK);
    check_value(&next, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_follower_is_told_the_value_before_and_after_the_end),
        CASE(test_a_follower_is_told_of_an_error_and_sees_no_value),
        CASE(test_a_follower_is_told_of_a_cancellation),
        CASE(test_who_follows_no_more_is_not_called_and_the_others_are),
        CASE(test_a_follower_may_follow_again),
        CASE(test_a_follower_may_be_freed_when_it_is_called),
        CASE(test_a_future_that_is_ended_from_inside_cannot_be_set),
        CASE(test_a_future_that_was_taken_back_can_be_made),
        CASE(test_a_follower_is_called_or_taken_out_and_never_both),
        CASE(test_a_child_of_fork_follows_only_what_has_ended),
        CASE(test_a_future_may_be_followed_when_its_runtime_is_gone),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, setup, teardown);
}
