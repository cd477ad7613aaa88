#define _GNU_SOURCE
#include "numa/describe.h"
#include "tests/unit/numa/machines.h"

/* The lines of a description. */
struct page {
    char lines[64][256];
    int count;
};

static void page_take(const char *text, void *arg)
{
    struct page *page = arg;
    assert_true(page->count < 64);
    assert_true(strlen(text) < 200);
    assert_null(strchr(text, '\n'));
    strcpy(page->lines[page->count++], text);
}

static void describe_machine(struct page *page, const struct rovei_machine *machine, rove_plan kind, int workers,
                             int quota, rove_pin pin)
{
    struct rovei_plan plan;
    memset(page, 0, sizeof *page);
    assert_int_equal(rovei_plan_make(&plan, machine, kind, NULL, 0, workers, NULL), ROVE_OK);
    struct rovei_description description = {
        .machine = machine, .plan = &plan, .workers = workers, .decided_by = "somebody", .quota = quota, .pin = pin};
    rovei_describe(&description, page_take, page);
    rovei_plan_fini(&plan);
}

static void describe_synthetic(struct page *page, const char *text, rove_plan kind, int workers)
{
    struct rovei_machine machine;
    machine_load_synthetic(&machine, text);
    describe_machine(page, &machine, kind, workers, 0, ROVE_PIN_AUTO);
    rovei_machine_fini(&machine);
}

static void check_lines(const struct page *page, const char *const *expected, int count)
{
    assert_int_equal(page->count, count);
    for (int i = 0; i < count; i++)
        assert_string_equal(page->lines[i], expected[i]);
}

static void test_few_workers_are_shown_one_by_one(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static struct page page;
    static const char *const expected[] = {
        "machine: synthetic, 2 packages, 2 nodes, 2 L3 caches, 4 cores, 8 processors, no CPU quota",
        "workers: 5, as limited by somebody; plan: cores",
        "pinning: none, the topology is not that of this machine",
        "worker 0: processor 0, core 0, L3 cache 0, node 0, package 0",
        "worker 1: processor 2, core 1, L3 cache 0, node 0, package 0",
        "worker 2: processor 4, core 2, L3 cache 1, node 1, package 1",
        "worker 3: processor 6, core 3, L3 cache 1, node 1, package 1",
        "worker 4: processor 1, core 0, L3 cache 0, node 0, package 0",
    };
    describe_synthetic(&page, "pack:2 numa:1 l3:1 core:2 pu:2", ROVE_PLAN_CORES, 5);
    check_lines(&page, expected, 8);
}

static void test_many_workers_are_shown_by_node(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static struct page page;
    static const char *const cores[] = {
        "machine: synthetic, 2 packages, 4 nodes, 64 cores, 128 processors, no CPU quota",
        "workers: 128, as limited by somebody; plan: cores",
        "pinning: none, the topology is not that of this machine",
        "workers 0-15, 64-79: processors 0-30 by 2, 1-31 by 2; node 0",
        "workers 16-31, 80-95: processors 32-62 by 2, 33-63 by 2; node 1",
        "workers 32-47, 96-111: processors 64-94 by 2, 65-95 by 2; node 2",
        "workers 48-63, 112-127: processors 96-126 by 2, 97-127 by 2; node 3",
    };
    describe_synthetic(&page, "pack:2 numa:2 core:16 pu:2", ROVE_PLAN_CORES, 128);
    check_lines(&page, cores, 7);
    describe_synthetic(&page, "pack:2 numa:2 core:16 pu:2", ROVE_PLAN_SPREAD, 128);
    assert_int_equal(page.count, 7);
    assert_string_equal(page.lines[3], "workers 0-124 by 4: processors 0-30 by 2, 1-31 by 2; node 0");
}

static void test_caches_are_shown_where_there_are_few(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static struct page page;
    describe_synthetic(&page, "pack:2 numa:1 l3:4 core:8 pu:1", ROVE_PLAN_COMPACT, 63);
    assert_int_equal(page.count, 3 + 8);
    assert_string_equal(page.lines[10], "workers 56-62: processors 56-62; L3 cache 7, node 1, package 1");
}

static void test_what_is_too_much_is_cut_off(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static struct page page;
    describe_synthetic(&page, "pack:40 numa:1 core:2 pu:1", ROVE_PLAN_CORES, 80);
    assert_int_equal(page.count, 3 + 32 + 1);
    assert_string_equal(page.lines[35], "and workers of 8 more nodes");
    static int list[256];
    for (int i = 0; i < 256; i++)
        list[i] = i * 37 % 256 ^ i % 7;
    struct rovei_machine machine;
    struct rovei_plan plan;
    machine_load_synthetic(&machine, "core:256 pu:1");
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_LIST, list, 256, 256, NULL), ROVE_OK);
    page.count = 0;
    rovei_describe(&(struct rovei_description){&machine, &plan, 256, "", 0, ROVE_PIN_AUTO}, page_take, &page);
    assert_int_equal(page.count, 4);
    assert_int_equal(strlen(page.lines[3]), 199);
    assert_string_equal(page.lines[3] + 196, "...");
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_limits_of_the_machine_are_shown(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static struct page page;
    struct rovei_machine machine;
    machine_load_xml(&machine, machine_restricted, "");
    describe_machine(&page, &machine, ROVE_PLAN_CORES, 1, 3, ROVE_PIN_AUTO);
    assert_string_equal(page.lines[0],
                        "machine: xml, 1 node, 2 cores, 4 processors of which 2 allowed, CPU quota of 3");
    rovei_machine_fini(&machine);
    machine_load_xml(&machine, machine_hybrid, machine_hybrid_kinds);
    describe_machine(&page, &machine, ROVE_PLAN_CORES, 3, 0, ROVE_PIN_AUTO);
    assert_string_equal(page.lines[3], "worker 0: processor 2, core 2 of speed class 1, node 0");
    assert_string_equal(page.lines[5], "worker 2: processor 0, core 0, node 0");
    rovei_machine_fini(&machine);
}

static void test_pinning_is_explained(void **state)
{
    (void)state;
    static struct page page;
    struct rovei_machine machine;
    assert_int_equal(rovei_machine_load(&machine, &(struct rovei_machine_options){0}, NULL), ROVE_OK);
    describe_machine(&page, &machine, ROVE_PLAN_CORES, 1, 0, ROVE_PIN_AUTO);
    assert_string_equal(page.lines[2], "pinning: each pool thread to its processor");
    describe_machine(&page, &machine, ROVE_PLAN_CORES, 1, 0, ROVE_PIN_NEVER);
    assert_string_equal(page.lines[2], "pinning: none, as configured");
    describe_machine(&page, &machine, ROVE_PLAN_CORES, machine.allowed_count + 1, 0, ROVE_PIN_AUTO);
    assert_string_equal(page.lines[2], "pinning: none, workers share processors");
    rovei_machine_fini(&machine);
}

int main(void)
{
    machine_clean_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_workers_are_shown_one_by_one),
        cmocka_unit_test(test_many_workers_are_shown_by_node),
        cmocka_unit_test(test_caches_are_shown_where_there_are_few),
        cmocka_unit_test(test_what_is_too_much_is_cut_off),
        cmocka_unit_test(test_limits_of_the_machine_are_shown),
        cmocka_unit_test(test_pinning_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
