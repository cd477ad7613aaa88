/*
 * Scopes: who is canceled by what, what rove_fail does, and who may ask when.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* A run in a scope: what it is to do, and what it saw. */
struct sight {
    rove_scope *scope;
    int action; /* an error for rove_fail, or one of those below */
    int runs;
    rove_scope *seen;
    bool is_canceled;
};

enum { DO_NOTHING = 0, DO_CANCEL = -1, DO_WAIT = -2, DO_RAISE = -3, DO_CANCEL_AND_FAIL = -4 };

static void look(void *arg)
{
    struct sight *sight = arg;
    sight->runs++;
    sight->seen = rove_current_scope();
    if (sight->action == DO_CANCEL || sight->action == DO_CANCEL_AND_FAIL)
        rove_scope_cancel(sight->scope);
    if (sight->action == DO_CANCEL_AND_FAIL)
        rove_fail(77);
    if (sight->action == DO_RAISE)
        raise(SIGUSR1);
    if (sight->action > 0) {
        rove_fail(sight->action);
        rove_fail(sight->action + 1);
    }
    while (sight->action == DO_WAIT && !rove_is_canceled())
        test_yield();
    sight->is_canceled = rove_is_canceled();
}

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

static rove_status run_look(rove_scope *scope, struct sight *sight, int action)
{
    *sight = (struct sight){.scope = scope, .action = action};
    return rove_scope_run(scope, runtime, look, sight);
}

static void test_a_scope_that_is_left_alone_is_ok(void **state)
{
    (void)state;
    rove_scope scope = {0};
    struct sight sight;
    assert_int_equal(rove_scope_status(&scope), ROVE_OK);
    assert_int_equal(run_look(&scope, &sight, DO_NOTHING), ROVE_OK);
    assert_int_equal(sight.runs, 1);
    assert_ptr_equal(sight.seen, &scope);
    assert_false(sight.is_canceled);
    assert_int_equal(rove_scope_status(&scope), ROVE_OK);
    assert_int_equal(rove_scope_error(&scope), 0);
    rove_scope far = {.deadline = rove_clock() + 3600 * ROVE_SECOND};
    assert_int_equal(run_look(&far, &sight, DO_NOTHING), ROVE_OK);
    assert_int_equal(sight.runs, 1);
}

static void test_null_arguments_are_refused_or_harmless(void **state)
{
    (void)state;
    rove_scope scope = {0};
    struct sight sight = {0};
    assert_int_equal(rove_scope_run(NULL, runtime, look, &sight), ROVE_INVALID);
    assert_int_equal(rove_scope_run(&scope, runtime, NULL, &sight), ROVE_INVALID);
    assert_int_equal(sight.runs, 0);
    assert_int_equal(rove_scope_run(&scope, NULL, look, &sight), ROVE_OK);
    assert_int_equal(sight.runs, 1);
    rove_scope_cancel(NULL);
    assert_int_equal(rove_scope_status(NULL), ROVE_OK);
    assert_int_equal(rove_runtime_cancel(NULL), ROVE_INVALID);
}

static void test_a_thread_that_is_no_worker_has_no_scope(void **state)
{
    (void)state;
    assert_null(rove_current_scope());
    assert_false(rove_is_canceled());
    rove_fail(5);
    assert_false(rove_is_canceled());
    rove_scope scope = {0};
    struct sight sight;
    assert_int_equal(run_look(&scope, &sight, DO_CANCEL), ROVE_CANCELED);
    assert_null(rove_current_scope());
    assert_false(rove_is_canceled());
}

static void test_what_is_canceled_before_does_not_run(void **state)
{
    (void)state;
    rove_scope scope = {0};
    struct sight sight;
    rove_scope_cancel(&scope);
    assert_int_equal(rove_scope_status(&scope), ROVE_CANCELED);
    rove_scope_cancel(&scope);
    for (int i = 0; i < 2; i++) { /* it stays canceled */
        assert_int_equal(run_look(&scope, &sight, DO_NOTHING), ROVE_CANCELED);
        assert_int_equal(sight.runs, 0);
    }
    rove_scope late = {.deadline = rove_clock() - 1};
    assert_int_equal(run_look(&late, &sight, DO_NOTHING), ROVE_TIMED_OUT);
    assert_int_equal(sight.runs, 0);
    assert_int_equal(rove_scope_status(&late), ROVE_TIMED_OUT);
}

static void test_a_run_ends_as_it_was_canceled(void **state)
{
    (void)state;
    struct sight sight;
    rove_scope scope = {0};
    assert_int_equal(run_look(&scope, &sight, DO_CANCEL), ROVE_CANCELED);
    assert_int_equal(sight.runs, 1);
    assert_true(sight.is_canceled);
    assert_int_equal(rove_scope_status(&scope), ROVE_CANCELED);
    assert_int_equal(rove_scope_error(&scope), 0);

    rove_scope soon = {.deadline = rove_clock() + ROVE_MILLISECOND};
    assert_int_equal(run_look(&soon, &sight, DO_WAIT), ROVE_TIMED_OUT);
    assert_int_equal(rove_scope_status(&soon), ROVE_TIMED_OUT);
    assert_true(rove_clock() >= soon.deadline);
}

static void test_the_first_error_is_kept_and_cancels(void **state)
{
    (void)state;
    static const int errors[] = {1, 42, 2147483646};
    struct sight sight;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        rove_scope scope = {0};
        assert_int_equal(run_look(&scope, &sight, errors[i]), ROVE_FAILED);
        assert_true(sight.is_canceled);
        assert_int_equal(rove_scope_status(&scope), ROVE_FAILED);
        assert_int_equal(rove_scope_error(&scope), errors[i]);
        rove_scope_cancel(&scope); /* too late to matter */
        assert_int_equal(rove_scope_status(&scope), ROVE_FAILED);
        assert_int_equal(rove_scope_error(&scope), errors[i]);
    }
    rove_scope both = {0};
    assert_int_not_equal(run_look(&both, &sight, DO_CANCEL_AND_FAIL), ROVE_OK);
    assert_int_equal(rove_scope_error(&both), 77);
}

static void test_rove_fail_without_a_scope_does_nothing(void **state)
{
    (void)state;
    struct sight sight = {.action = 9};
    assert_int_equal(rove_run(runtime, look, &sight), ROVE_OK);
    assert_false(sight.is_canceled);
    struct sight again;
    rove_scope scope = {0};
    assert_int_equal(run_look(&scope, &again, DO_NOTHING), ROVE_OK);
    assert_ptr_not_equal(sight.seen, &scope);
}

/* Scopes within each other on one stack; the one of `victim` is canceled at the innermost. */
enum { DEPTH = 20 };
struct chain {
    rove_scope scopes[DEPTH];
    int victim;
};
struct link {
    struct chain *chain;
    int depth;
};

static void chain_run(void *arg)
{
    struct link *link = arg;
    struct chain *chain = link->chain;
    int depth = link->depth;
    if (depth == DEPTH) {
        rove_scope_cancel(&chain->scopes[chain->victim]);
        TEST_CHECK(rove_is_canceled(), "below %d", chain->victim);
        return;
    }
    struct link next = {chain, depth + 1};
    rove_status status = rove_scope_run(&chain->scopes[depth], runtime, chain_run, &next);
    TEST_CHECK(status == (depth >= chain->victim ? ROVE_CANCELED : ROVE_OK), "scope %d below %d: %s", depth,
               chain->victim, rove_status_text(status));
    TEST_CHECK(rove_is_canceled() == (depth > chain->victim), "around %d below %d", depth, chain->victim);
    TEST_CHECK(depth == 0 || rove_current_scope() == &chain->scopes[depth - 1], "the scope around is another");
}

static void test_everything_below_is_canceled_and_nothing_above(void **state)
{
    (void)state;
    for (int victim = 0; victim < DEPTH; victim++) {
        struct chain chain = {.victim = victim};
        struct link link = {&chain, 0};
        assert_int_equal(rove_run(runtime, chain_run, &link), ROVE_OK);
        for (int i = 0; i < DEPTH; i++)
            assert_int_equal(rove_scope_status(&chain.scopes[i]), i >= victim ? ROVE_CANCELED : ROVE_OK);
    }
}

static void run_within(void *arg)
{
    struct sight *sight = arg;
    rove_status status = rove_scope_run(sight->scope, NULL, look, sight);
    TEST_CHECK(status == ROVE_TIMED_OUT, "a deadline above: %s", rove_status_text(status));
}

static void test_a_deadline_above_counts(void **state)
{
    (void)state;
    rove_scope inner = {.deadline = rove_clock() + 3600 * ROVE_SECOND};
    rove_scope outer = {.deadline = rove_clock() + ROVE_MILLISECOND};
    struct sight sight = {.scope = &inner, .action = DO_WAIT};
    assert_int_equal(rove_scope_run(&outer, runtime, run_within, &sight), ROVE_TIMED_OUT);
    if (sight.runs) /* none if it took so long to get there */
        assert_int_equal(rove_scope_status(&inner), ROVE_TIMED_OUT);
}

static void test_a_parent_may_be_set_by_hand(void **state)
{
    (void)state;
    static rove_scope top;
    rove_scope middle = {.parent = &top}, a = {.parent = &middle}, b = {.parent = &middle}, c = {.parent = &top};
    struct sight sight;
    assert_int_equal(run_look(&a, &sight, DO_NOTHING), ROVE_OK);
    rove_scope_cancel(&middle);
    assert_int_equal(run_look(&b, &sight, DO_NOTHING), ROVE_CANCELED);
    assert_int_equal(sight.runs, 0);
    assert_int_equal(run_look(&c, &sight, DO_NOTHING), ROVE_OK);
    assert_int_equal(sight.runs, 1);
    rove_scope_cancel(&top);
    rove_scope d = {.parent = &top};
    assert_int_equal(run_look(&d, &sight, DO_NOTHING), ROVE_CANCELED);
}

static void test_the_deadline_of_a_parent_that_is_never_entered_counts(void **state)
{
    (void)state;
    rove_scope top = {.deadline = rove_clock() - 1}, middle = {.parent = &top}, scope = {.parent = &middle};
    struct sight sight;
    assert_int_equal(run_look(&scope, &sight, DO_NOTHING), ROVE_TIMED_OUT);
    assert_int_equal(sight.runs, 0);
    rove_scope soon = {.deadline = rove_clock() + ROVE_MILLISECOND}, below = {.parent = &soon};
    assert_int_equal(run_look(&below, &sight, DO_WAIT), ROVE_TIMED_OUT);
}

/* A scope in two others, in a runtime, all of which are gone when it is asked how it ended. */
static void run_in_scope_of_heap(void *arg)
{
    struct sight *sight = arg;
    rove_status status = rove_scope_run(sight->scope, NULL, look, sight);
    TEST_CHECK(status == (sight->action == DO_CANCEL ? ROVE_CANCELED : ROVE_OK), "%s", rove_status_text(status));
}

static void test_the_status_may_be_asked_when_what_was_around_is_gone(void **state)
{
    (void)state;
    for (int action = DO_CANCEL; action <= DO_NOTHING; action++) {
        rove_scope *outer = calloc(1, sizeof *outer), inner = {0};
        struct sight sight = {.scope = &inner, .action = action};
        rove_runtime *brief = test_runtime(1);
        assert_non_null(outer);
        assert_int_equal(rove_scope_run(outer, brief, run_in_scope_of_heap, &sight), ROVE_OK);
        rove_scope_cancel(outer); /* too late for what is over */
        assert_int_equal(rove_scope_status(&inner), action == DO_CANCEL ? ROVE_CANCELED : ROVE_OK);
        test_runtime_end(brief);
        assert_int_equal(rove_scope_status(outer), ROVE_CANCELED);
        free(outer);
        assert_int_equal(rove_scope_status(&inner), action == DO_CANCEL ? ROVE_CANCELED : ROVE_OK);
    }
    test_watch_runtime(runtime);
}

static rove_scope duel_scope;

/* One thread asks from before the scope is entered until it is canceled. */
static atomic_int askers;

static void ask_or_run(void *arg)
{
    if (*(int *)arg == 0) {
        while (!atomic_load(&askers))
            test_yield();
        struct sight sight;
        TEST_CHECK(run_look(&duel_scope, &sight, DO_CANCEL) == ROVE_CANCELED, "the run does not tell");
        return;
    }
    atomic_fetch_add(&askers, 1);
    while (rove_scope_status(&duel_scope) == ROVE_OK)
        test_yield();
    TEST_CHECK(rove_scope_status(&duel_scope) == ROVE_CANCELED, "another status than canceled");
}

static void test_the_status_may_be_asked_meanwhile(void **state)
{
    (void)state;
    int numbers[] = {0, 1, 2};
    for (int i = 0; i < 20; i++) {
        duel_scope = (rove_scope){.deadline = rove_clock() + 3600 * ROVE_SECOND};
        atomic_store(&askers, 0);
        test_on_threads(3, ask_or_run, numbers, sizeof numbers[0]);
    }
}

static rove_scope *signaled;

static void on_signal(int number)
{
    (void)number;
    rove_scope_cancel(signaled);
}

static void test_a_signal_handler_may_cancel(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigaction(SIGUSR1, &action, &before);
    for (int i = 0; i < 100; i++) {
        rove_scope scope = {0};
        struct sight sight;
        signaled = &scope;
        assert_int_equal(run_look(&scope, &sight, DO_RAISE), ROVE_CANCELED);
        assert_true(sight.is_canceled);
    }
    sigaction(SIGUSR1, &before, NULL);
}

/* One thread runs in a scope until it is canceled, which another does. */
static atomic_bool duel_has_begun;

static void duel_wait(void *arg)
{
    (void)arg;
    atomic_store(&duel_has_begun, true);
    while (!rove_is_canceled())
        test_yield();
}

static void duel_play(void *arg)
{
    if (*(int *)arg == 0) {
        rove_status status = rove_scope_run(&duel_scope, runtime, duel_wait, NULL);
        TEST_CHECK(status == ROVE_CANCELED, "%s", rove_status_text(status));
        return;
    }
    while (!atomic_load(&duel_has_begun))
        test_yield();
    rove_scope_cancel(&duel_scope);
}

static void test_another_thread_may_cancel(void **state)
{
    (void)state;
    int numbers[] = {0, 1};
    for (int i = 0; i < 20; i++) {
        duel_scope = (rove_scope){0};
        atomic_store(&duel_has_begun, false);
        test_on_threads(2, duel_play, numbers, sizeof numbers[0]);
        assert_int_equal(rove_scope_status(&duel_scope), ROVE_CANCELED);
    }
}

static void test_a_canceled_runtime_starts_nothing(void **state)
{
    (void)state;
    rove_runtime *doomed = test_runtime(2);
    rove_scope scope = {0};
    struct sight sight = {.scope = &scope};
    assert_int_equal(rove_runtime_cancel(doomed), ROVE_OK);
    assert_int_equal(rove_runtime_cancel(doomed), ROVE_OK);
    assert_int_equal(rove_scope_run(&scope, doomed, look, &sight), ROVE_CANCELED);
    assert_int_equal(sight.runs, 0);
    assert_int_equal(rove_runtime_shutdown(doomed), ROVE_OK);
    test_runtime_end(doomed);
    test_watch_runtime(runtime);
    rove_scope other = {0};
    assert_int_equal(run_look(&other, &sight, DO_NOTHING), ROVE_OK);
}

static rove_runtime *canceled_midway;

static void cancel_runtime(void *arg)
{
    struct sight *sight = arg;
    rove_scope *own = rove_current_scope();
    TEST_CHECK(own && !rove_is_canceled(), "canceled from the start");
    TEST_CHECK(rove_runtime_cancel(canceled_midway) == ROVE_OK, "cancel");
    TEST_CHECK(rove_is_canceled(), "the runtime is canceled, but not what runs in it");
    sight->runs++;
}

static void test_canceling_a_runtime_reaches_what_runs_in_it(void **state)
{
    (void)state;
    struct sight sight = {0};
    rove_scope scope = {0};
    canceled_midway = test_runtime(2);
    assert_int_equal(rove_scope_run(&scope, canceled_midway, cancel_runtime, &sight), ROVE_CANCELED);
    assert_int_equal(sight.runs, 1);
    test_runtime_end(canceled_midway);
    test_watch_runtime(runtime);
}

static int cancel_in_child(void *arg)
{
    (void)arg;
    rove_scope scope = {0};
    struct sight sight = {0};
    if (rove_runtime_cancel(runtime) != ROVE_FORKED)
        return 1;
    if (rove_scope_run(&scope, runtime, look, &sight) != ROVE_FORKED || sight.runs)
        return 2;
    return 0;
}

static void test_a_forked_child_is_refused(void **state)
{
    (void)state;
    struct test_outcome outcome = test_in_child(cancel_in_child, NULL, 20, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
}

static void test_a_closed_runtime_refuses_scopes(void **state)
{
    (void)state;
    rove_runtime *closed = test_runtime(1);
    rove_scope scope = {0};
    struct sight sight = {0};
    assert_int_equal(rove_runtime_shutdown(closed), ROVE_OK);
    assert_int_equal(rove_scope_run(&scope, closed, look, &sight), ROVE_CLOSED);
    assert_int_equal(sight.runs, 0);
    test_runtime_end(closed);
    test_watch_runtime(runtime);
}

static void test_the_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = rove_clock();
    for (int i = 0; i < 100000; i++) {
        int64_t now = rove_clock();
        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_scope_that_is_left_alone_is_ok),
        cmocka_unit_test(test_null_arguments_are_refused_or_harmless),
        cmocka_unit_test(test_a_thread_that_is_no_worker_has_no_scope),
        cmocka_unit_test(test_what_is_canceled_before_does_not_run),
        cmocka_unit_test(test_a_run_ends_as_it_was_canceled),
        cmocka_unit_test(test_the_first_error_is_kept_and_cancels),
        cmocka_unit_test(test_rove_fail_without_a_scope_does_nothing),
        cmocka_unit_test(test_everything_below_is_canceled_and_nothing_above),
        cmocka_unit_test(test_a_deadline_above_counts),
        cmocka_unit_test(test_a_parent_may_be_set_by_hand),
        cmocka_unit_test(test_the_deadline_of_a_parent_that_is_never_entered_counts),
        cmocka_unit_test(test_the_status_may_be_asked_when_what_was_around_is_gone),
        cmocka_unit_test(test_the_status_may_be_asked_meanwhile),
        cmocka_unit_test(test_a_signal_handler_may_cancel),
        cmocka_unit_test(test_another_thread_may_cancel),
        cmocka_unit_test(test_a_canceled_runtime_starts_nothing),
        cmocka_unit_test(test_canceling_a_runtime_reaches_what_runs_in_it),
        cmocka_unit_test(test_a_forked_child_is_refused),
        cmocka_unit_test(test_a_closed_runtime_refuses_scopes),
        cmocka_unit_test(test_the_clock_never_goes_back),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, setup, teardown);
}
