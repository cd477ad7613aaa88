/*
 * The processor's counter: it goes on, and at a rate that is about the one that is assumed.
 */
#define _GNU_SOURCE
#include "runtime/platform/ticks.h"

#include "runtime/platform/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

/* Sleeps last at least as long as they were meant to, so that only too slow a counter fails. */
static void test_ticks_are_no_slower_than_assumed(void **state)
{
    (void)state;
    int64_t begin = ticks_now();
    struct timespec pause = {.tv_nsec = 20000000};
    while (nanosleep(&pause, &pause))
        continue;
    assert_true(ticks_now() - begin >= ticks_of(20000000) / 5);
}

static void test_more_time_has_more_ticks(void **state)
{
    (void)state;
    assert_true(ticks_of(1000) > 0);
    assert_true(ticks_of(2000) > ticks_of(1000));
    assert_true(ticks_of(0) == 0);
}

/* A mark belongs to a moment between those before and after it, by the clock and by the counter. */
static void test_a_mark_is_of_one_moment(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t clock = rovei_clock_now();
        int64_t ticks = ticks_now();
        struct ticks_mark mark = rovei_ticks_mark();
        assert_in_range(mark.ns, clock, rovei_clock_now());
        assert_true(mark.ticks >= ticks && mark.ticks <= ticks_now());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks_are_no_slower_than_assumed),
        cmocka_unit_test(test_more_time_has_more_ticks),
        cmocka_unit_test(test_a_mark_is_of_one_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
