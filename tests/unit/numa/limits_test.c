#include "numa/limits.h"

#include <rove/runtime.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(struct rovei_limits limits, int allowed, int workers, const char *reason)
{
    struct rovei_machine machine = {.pu_count = 64, .allowed_count = allowed};
    const char *decided_by;
    assert_int_equal(rovei_limits_workers(&limits, &machine, &decided_by), workers);
    assert_non_null(strstr(decided_by, reason));
}

static void test_without_limits_each_allowed_processor_gets_a_worker(void **state)
{
    (void)state;
    check((struct rovei_limits){0}, 8, 8, "allowed");
    check((struct rovei_limits){.environment = -1, .configured = -1, .listed = -1, .quota = -1}, 1, 1, "allowed");
}

static void test_the_least_limit_decides_and_is_named(void **state)
{
    (void)state;
    check((struct rovei_limits){.quota = 3, .configured = 4, .environment = 5}, 8, 3, "quota");
    check((struct rovei_limits){.quota = 5, .configured = 4, .environment = 5}, 8, 4, "configuration");
    check((struct rovei_limits){.quota = 5, .configured = 4, .environment = 2}, 8, 2, "ROVE_WORKERS");
    check((struct rovei_limits){.listed = 2, .quota = 5}, 8, 2, "list");
    check((struct rovei_limits){.configured = 8, .environment = 8, .quota = 8}, 8, 8, "allowed");
    check((struct rovei_limits){.configured = 100, .environment = 100, .quota = 100}, 8, 8, "allowed");
}

static void test_a_quota_of_one_leaves_one_worker(void **state)
{
    (void)state;
    check((struct rovei_limits){.quota = 1}, 64, 1, "quota");
}

static void test_oversubscription_is_stronger_than_the_machine_but_not_than_the_environment(void **state)
{
    (void)state;
    check((struct rovei_limits){.oversubscribe = true, .configured = 100, .quota = 1, .listed = 2}, 2, 100, "config");
    check((struct rovei_limits){.oversubscribe = true, .configured = 100, .environment = 7}, 2, 7, "ROVE_WORKERS");
    check((struct rovei_limits){.oversubscribe = true}, 2, 2, "allowed");
}

static void test_there_are_never_more_than_a_runtime_can_have(void **state)
{
    (void)state;
    check((struct rovei_limits){0}, 2 * ROVE_WORKERS_MAX, ROVE_WORKERS_MAX, "a runtime can have");
    check((struct rovei_limits){.oversubscribe = true, .configured = INT32_MAX}, 2, ROVE_WORKERS_MAX, "can have");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_limits_each_allowed_processor_gets_a_worker),
        cmocka_unit_test(test_the_least_limit_decides_and_is_named),
        cmocka_unit_test(test_a_quota_of_one_leaves_one_worker),
        cmocka_unit_test(test_oversubscription_is_stronger_than_the_machine_but_not_than_the_environment),
        cmocka_unit_test(test_there_are_never_more_than_a_runtime_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
