/*
 * Tasks of which each keeps what became of it: whether it ran or was discarded, and how often.
 */
#ifndef TESTS_UNIT_TASK_FATES_H
#define TESTS_UNIT_TASK_FATES_H

#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, TASKS = 200 };

/* What became of each task. */
struct fate {
    atomic_int runs;
    atomic_int discards;
    rove_scope *cancel; /* what the task cancels, or NULL */
    int error;          /* what it returns */
    int fail;           /* what it gives to rove_fail, unless 0 */
    bool waits;         /* whether it waits to be canceled */
    rove_scope *seen;
};
static struct fate fates[TASKS];

static inline int act(void *arg)
{
    struct fate *fate = arg;
    atomic_fetch_add(&fate->runs, 1);
    fate->seen = rove_current_scope();
    rove_scope_cancel(fate->cancel);
    if (fate->fail)
        rove_fail(fate->fail);
    while (fate->waits && !rove_is_canceled())
        test_yield();
    return fate->error;
}

static inline void discard(void *arg)
{
    struct fate *fate = arg;
    atomic_fetch_add(&fate->discards, 1);
}

static inline void spawn_all(rove_group *group)
{
    group->on_discard = discard;
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(group, act, &fates[i]) == ROVE_OK, "spawn %d", i);
}

/* Each task has run or was discarded, and the group knows how many. Returns how many have run. */
static inline int check_fates(const rove_group *group)
{
    int runs = 0, discards = 0, errors = 0;
    for (int i = 0; i < TASKS; i++) {
        TEST_CHECK(atomic_load(&fates[i].runs) + atomic_load(&fates[i].discards) == 1, "task %d: %d runs, %d discards",
                   i, atomic_load(&fates[i].runs), atomic_load(&fates[i].discards));
        runs += atomic_load(&fates[i].runs);
        discards += atomic_load(&fates[i].discards);
        errors += atomic_load(&fates[i].runs) && fates[i].error;
    }
    TEST_CHECK(rove_group_discards(group) == discards, "%lld discards instead of %d",
               (long long)rove_group_discards(group), discards);
    TEST_CHECK(rove_group_failures(group) == errors, "%lld failures instead of %d",
               (long long)rove_group_failures(group), errors);
    return runs;
}

static rove_runtime *alone, *several;

static inline int setup(void **state)
{
    (void)state;
    alone = test_runtime(1);
    several = test_runtime(4);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    test_runtime_end(alone);
    test_runtime_end(several);
    return 0;
}

static inline int clean(void **state)
{
    (void)state;
    memset(fates, 0, sizeof fates);
    return 0;
}

/* Runs fn as a worker of a runtime: on `alone` nothing that is spawned starts before a wait. */
static inline void on(rove_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    assert_int_equal(rove_run(runtime, fn, arg), ROVE_OK);
}

#endif
