#define _GNU_SOURCE
#include "numa/pin.h"
#include "runtime/platform/affinity.h"
#include "tests/unit/numa/machines.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

/* The library's calls end here instead of in libc: the system can be made to refuse, or to have many processors. */
static int refuse_set, refuse_get;
static size_t kernel_size;
static cpu_set_t *kernel_mask;

int sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *set)
{
    errno = refuse_set;
    return refuse_set ? -1 : (int)syscall(SYS_sched_setaffinity, thread, size, set);
}

int sched_getaffinity(pid_t thread, size_t size, cpu_set_t *set)
{
    errno = refuse_get ? refuse_get : size < kernel_size ? EINVAL : 0;
    if (errno)
        return -1;
    if (kernel_mask) {
        memcpy(set, kernel_mask, kernel_size);
        return 0;
    }
    return syscall(SYS_sched_getaffinity, thread, size, set) < 0 ? -1 : 0;
}

static int *everything;
static int everything_count;

static int reset(void **state)
{
    (void)state;
    refuse_set = refuse_get = 0;
    kernel_size = 0;
    kernel_mask = NULL;
    return rovei_affinity_bind(everything, everything_count);
}

/* The calling thread may run on these and no others. */
static void check_mask(const int *cpus, int count)
{
    int *mask, size;
    assert_int_equal(rovei_affinity_read(&mask, &size), 0);
    assert_int_equal(size, count);
    assert_memory_equal(mask, cpus, (size_t)count * sizeof *cpus);
    free(mask);
}

static void make_plan(struct rovei_plan *plan, int seats)
{
    struct rovei_machine machine;
    assert_int_equal(rovei_machine_load(&machine, &(struct rovei_machine_options){0}, NULL), ROVE_OK);
    assert_true(machine.is_real);
    int count = seats > 0 ? seats : machine.allowed_count;
    assert_int_equal(rovei_plan_make(plan, &machine, ROVE_PLAN_CORES, NULL, 0, count, NULL), ROVE_OK);
    rovei_machine_fini(&machine);
}

static void test_threads_are_bound_to_their_processors(void **state)
{
    (void)state;
    struct rovei_plan plan;
    make_plan(&plan, 0);
    for (int i = 0; i < plan.count; i++) {
        int error = -1;
        assert_int_equal(rovei_pin_thread(&plan, i, plan.count, ROVE_PIN_AUTO, &error), PIN_DONE);
        assert_int_equal(error, 0);
        check_mask(&plan.seats[i].os, 1);
    }
    assert_null(rovei_pin_obstacle(&plan, plan.count, ROVE_PIN_AUTO));
    rovei_plan_fini(&plan);
}

static void test_never_means_never(void **state)
{
    (void)state;
    struct rovei_plan plan;
    int error;
    make_plan(&plan, 1);
    assert_int_equal(rovei_pin_thread(&plan, 0, 1, ROVE_PIN_NEVER, &error), PIN_SKIPPED);
    check_mask(everything, everything_count);
    rovei_plan_fini(&plan);
}

static void test_crowded_threads_are_not_bound_and_are_freed(void **state)
{
    (void)state;
    struct rovei_plan plan;
    int error, count = everything_count;
    make_plan(&plan, count + 1);
    assert_int_equal(rovei_pin_thread(&plan, 0, count, ROVE_PIN_AUTO, &error), PIN_DONE);
    check_mask(&plan.seats[0].os, 1);
    assert_int_equal(rovei_pin_thread(&plan, 0, count + 1, ROVE_PIN_AUTO, &error), PIN_SKIPPED);
    assert_int_equal(error, 0);
    check_mask(everything, count);
    assert_non_null(rovei_pin_obstacle(&plan, count + 1, ROVE_PIN_AUTO));
    assert_int_equal(rovei_pin_thread(&plan, count, count + 1, ROVE_PIN_ALWAYS, &error), PIN_DONE);
    check_mask(&plan.seats[0].os, 1);
    rovei_plan_fini(&plan);
}

static void test_refusal_is_told_and_harmless(void **state)
{
    (void)state;
    struct rovei_plan plan;
    int error;
    make_plan(&plan, 1);
    refuse_set = EPERM;
    assert_int_equal(rovei_pin_thread(&plan, 0, 1, ROVE_PIN_AUTO, &error), PIN_REFUSED);
    assert_int_equal(error, EPERM);
    check_mask(everything, everything_count);
    refuse_set = 0;
    plan.seats[0].os = 60000;
    assert_int_equal(rovei_pin_thread(&plan, 0, 1, ROVE_PIN_ALWAYS, &error), PIN_REFUSED);
    assert_int_equal(error, EINVAL);
    check_mask(everything, everything_count);
    rovei_plan_fini(&plan);
}

static void test_machines_that_are_not_this_one_are_not_pinned(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan;
    int error = -1;
    machine_load_synthetic(&machine, "core:2 pu:1");
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_CORES, NULL, 0, 2, NULL), ROVE_OK);
    assert_int_equal(rovei_pin_thread(&plan, 0, 2, ROVE_PIN_ALWAYS, &error), PIN_SKIPPED);
    assert_int_equal(error, 0);
    check_mask(everything, everything_count);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_a_mask_of_one_processor_is_not_left(void **state)
{
    (void)state;
    int last = everything[everything_count - 1], error;
    assert_int_equal(rovei_affinity_bind(&last, 1), 0);
    struct rovei_plan plan;
    make_plan(&plan, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(plan.seats[i].os, last);
        assert_int_equal(rovei_pin_thread(&plan, i, 3, ROVE_PIN_AUTO, &error), PIN_SKIPPED);
        check_mask(&last, 1);
        assert_int_equal(rovei_pin_thread(&plan, i, 3, ROVE_PIN_ALWAYS, &error), PIN_DONE);
        check_mask(&last, 1);
    }
    rovei_plan_fini(&plan);
}

static void test_without_a_mask_the_machine_is_taken_whole(void **state)
{
    (void)state;
    struct rovei_machine machine;
    rove_report report = {0};
    refuse_get = EPERM;
    assert_int_equal(rovei_machine_load(&machine, &(struct rovei_machine_options){0}, &report), ROVE_OK);
    assert_non_null(strstr(report.text, "affinity mask"));
    assert_true(machine.allowed_count >= 1);
    rovei_machine_fini(&machine);
    setenv("HWLOC_COMPONENTS", "stop", 1);
    assert_int_equal(rovei_machine_load(&machine, &(struct rovei_machine_options){0}, NULL), ROVE_OK);
    unsetenv("HWLOC_COMPONENTS");
    assert_string_equal(machine.source, "flat");
    assert_int_equal(machine.allowed_count, 1);
    rovei_machine_fini(&machine);
}

static void test_masks_of_large_kernels_are_read(void **state)
{
    (void)state;
    static const int cpus[] = {3, 1023, 1024, 5000};
    kernel_size = CPU_ALLOC_SIZE(8192);
    kernel_mask = CPU_ALLOC(8192);
    CPU_ZERO_S(kernel_size, kernel_mask);
    for (size_t i = 0; i < 4; i++)
        CPU_SET_S((size_t)cpus[i], kernel_size, kernel_mask);
    check_mask(cpus, 4);
    CPU_FREE(kernel_mask);
}

static void test_impossible_sets_are_refused(void **state)
{
    (void)state;
    static const int negative[] = {-1};
    static const int huge[] = {INT32_MAX};
    assert_int_equal(rovei_affinity_bind(NULL, 0), EINVAL);
    assert_int_equal(rovei_affinity_bind(negative, 1), EINVAL);
    assert_int_equal(rovei_affinity_bind(huge, 1), EINVAL);
    kernel_size = SIZE_MAX;
    int *cpus, count;
    assert_int_equal(rovei_affinity_read(&cpus, &count), EINVAL);
    assert_null(cpus);
    assert_int_equal(count, 0);
}

int main(void)
{
    machine_clean_environment();
    if (rovei_affinity_read(&everything, &everything_count))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_threads_are_bound_to_their_processors, reset),
        cmocka_unit_test_teardown(test_never_means_never, reset),
        cmocka_unit_test_teardown(test_crowded_threads_are_not_bound_and_are_freed, reset),
        cmocka_unit_test_teardown(test_refusal_is_told_and_harmless, reset),
        cmocka_unit_test_teardown(test_machines_that_are_not_this_one_are_not_pinned, reset),
        cmocka_unit_test_teardown(test_a_mask_of_one_processor_is_not_left, reset),
        cmocka_unit_test_teardown(test_without_a_mask_the_machine_is_taken_whole, reset),
        cmocka_unit_test_teardown(test_masks_of_large_kernels_are_read, reset),
        cmocka_unit_test_teardown(test_impossible_sets_are_refused, reset),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(everything);
    return failed;
}
