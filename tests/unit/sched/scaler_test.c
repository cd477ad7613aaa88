/*
 * The rule of the automatic mode by its numbers: whatever was measured, the bounds hold.
 */
#include <runtime/sched/scaler.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 70 };

static void test_crowded_workers_become_fewer_but_not_fewer_than_the_least(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST; workers++)
        for (int least = 1; least <= workers; least++)
            for (int percent = 0; percent <= 100; percent++) {
                int after = rovei_scaler_uncrowded(workers, percent, least);
                assert_in_range(after, least, workers);
                assert_true(after < workers || workers == least);
            }
}

static void test_idle_workers_become_fewer_but_not_fewer_than_the_least(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST; workers++)
        for (int least = 1; least <= workers; least++)
            for (int asleep = 1; asleep <= workers; asleep++) {
                int after = rovei_scaler_unidled(workers, asleep, least);
                assert_in_range(after, least, workers);
                assert_true(after < workers || workers == least);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crowded_workers_become_fewer_but_not_fewer_than_the_least),
        cmocka_unit_test(test_idle_workers_become_fewer_but_not_fewer_than_the_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
