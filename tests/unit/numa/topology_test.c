#define _GNU_SOURCE
#include "tests/unit/numa/machines.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>

static const struct {
    const char *description;
    int pus, cores, nodes, packages;
} synthetic[] = {
    {"pu:1", 1, 1, 1, 0},
    {"pu:3", 3, 3, 1, 0},
    {"core:4 pu:1", 4, 4, 1, 0},
    {"core:4 pu:2", 8, 4, 1, 0},
    {"pack:3 core:5 pu:1", 15, 15, 1, 3},
    {"pack:1 core:64 pu:4", 256, 64, 1, 1},
    {"pack:2 core:4 pu:2", 16, 8, 1, 2},
    {"pack:2 core:4 pu:2(indexes=core)", 16, 8, 1, 2},
    {"pack:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)", 8, 4, 1, 2},
    {"pack:2 numa:2 core:16 pu:2", 128, 64, 4, 2},
    {"numa:2 pack:2 core:4 pu:2", 32, 16, 2, 4},
    {"numa:4 core:8 pu:1", 32, 32, 4, 0},
    {"[numa] pack:2 core:4 pu:1", 8, 8, 1, 2},
    {"pack:2 [numa][numa] core:4 pu:2", 16, 8, 2, 2},
    {"pack:2 l3:1 numa:2 core:4 pu:2", 32, 16, 4, 2},
    {"pack:2 l3:4 core:8 pu:2", 128, 64, 1, 2},
    {"pack:2 numa:1 l3:2 l2:4 core:2 pu:2", 64, 32, 2, 2},
    {"l2:4 core:2 pu:1", 8, 8, 1, 0},
    {"group:2 core:4 pu:1", 8, 8, 1, 0},
    {"pack:4 numa:2 l3:2 l2:8 pu:2", 256, 256, 8, 4},
    {"pack:2 numa:1 l3:16 core:32 pu:2", 2048, 1024, 2, 2},
    {"pack:8 numa:1 core:128 pu:2", 2048, 1024, 8, 8},
};

static void check_sane(const struct rovei_machine *machine)
{
    assert_true(machine->pu_count > 0);
    int allowed = 0;
    for (int i = 0; i < machine->pu_count; i++) {
        const struct rovei_pu *pu = &machine->pus[i];
        allowed += pu->is_allowed;
        assert_in_range(pu->os, 0, MACHINE_OS_LIMIT - 1);
        assert_true(pu->at[LEVEL_CORE] >= 0 && pu->at[LEVEL_NODE] >= 0);
        for (int level = 0; level < LEVELS; level++)
            assert_true(pu->at[level] >= -1 && pu->at[level] < machine->counts[level]);
    }
    assert_int_equal(allowed, machine->allowed_count);
    assert_true(allowed > 0);
}

static void test_synthetic_machines_have_what_they_say(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    for (size_t i = 0; i < sizeof synthetic / sizeof *synthetic; i++) {
        struct rovei_machine machine;
        machine_load_synthetic(&machine, synthetic[i].description);
        check_sane(&machine);
        assert_int_equal(machine.pu_count, synthetic[i].pus);
        assert_int_equal(machine.allowed_count, synthetic[i].pus);
        assert_int_equal(machine.counts[LEVEL_CORE], synthetic[i].cores);
        assert_int_equal(machine.counts[LEVEL_NODE], synthetic[i].nodes);
        assert_int_equal(machine.counts[LEVEL_PACKAGE], synthetic[i].packages);
        rovei_machine_fini(&machine);
    }
}

static void test_node_without_processors_is_not_counted(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    machine_load_xml(&machine, machine_with_bare_node, "");
    check_sane(&machine);
    assert_int_equal(machine.counts[LEVEL_NODE], 2);
    assert_int_equal(machine.pus[0].node_os, 0);
    assert_int_equal(machine.pus[3].node_os, 1);
    assert_int_equal(machine.pus[3].at[LEVEL_NODE], 1);
    rovei_machine_fini(&machine);
}

static void test_processors_without_memory_belong_to_the_first_node(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    machine_load_xml(&machine, machine_with_bare_package, "");
    check_sane(&machine);
    assert_int_equal(machine.counts[LEVEL_NODE], 1);
    assert_int_equal(machine.counts[LEVEL_PACKAGE], 2);
    assert_int_equal(machine.pus[1].at[LEVEL_NODE], machine.pus[0].at[LEVEL_NODE]);
    rovei_machine_fini(&machine);
}

static void test_asymmetric_machine_keeps_what_is_missing_apart(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    machine_load_xml(&machine, machine_asymmetric, "");
    check_sane(&machine);
    assert_int_equal(machine.pu_count, 5);
    assert_int_equal(machine.counts[LEVEL_CORE], 4);
    assert_int_equal(machine.counts[LEVEL_L3], 1);
    assert_int_equal(machine.pus[1].os, 2);
    assert_int_equal(machine.pus[1].at[LEVEL_CORE], machine.pus[0].at[LEVEL_CORE]);
    assert_int_equal(machine.pus[4].os, 42);
    assert_int_equal(machine.pus[4].at[LEVEL_L2], -1);
    rovei_machine_fini(&machine);
}

static void test_core_kinds_are_ranked(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    machine_load_xml(&machine, machine_hybrid, machine_hybrid_kinds);
    check_sane(&machine);
    assert_int_equal(machine.pus[0].efficiency, 0);
    assert_true(machine.pus[5].efficiency > 0);
    rovei_machine_fini(&machine);
}

static void test_forbidden_processors_are_known_but_not_allowed(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    machine_load_xml(&machine, machine_restricted, "");
    check_sane(&machine);
    assert_int_equal(machine.pu_count, 4);
    assert_int_equal(machine.allowed_count, 2);
    assert_false(machine.pus[1].is_allowed);
    assert_true(machine.pus[3].is_allowed);
    rovei_machine_fini(&machine);
}

static int affinity_count(void)
{
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return CPU_COUNT(&set);
}

static void test_real_machine_allows_what_the_mask_allows(void **state)
{
    (void)state;
    struct rovei_machine machine;
    struct rovei_machine_options options = {0};
    rove_report report = {0};
    assert_int_equal(rovei_machine_load(&machine, &options, &report), ROVE_OK);
    check_sane(&machine);
    assert_true(machine.is_real);
    assert_string_equal(report.text, "");
    assert_string_equal(machine.source, machine_has_hwloc() ? "hwloc" : "flat");
    assert_int_equal(machine.allowed_count, affinity_count());
    rovei_machine_fini(&machine);
}

static void test_mask_of_one_processor_allows_that_one(void **state)
{
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    size_t last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &all))
        last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    struct rovei_machine machine;
    struct rovei_machine_options options = {0};
    rove_status status = rovei_machine_load(&machine, &options, NULL);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_int_equal(status, ROVE_OK);
    check_sane(&machine);
    assert_int_equal(machine.allowed_count, 1);
    for (int i = 0; i < machine.pu_count; i++)
        assert_int_equal(machine.pus[i].is_allowed, machine.pus[i].os == (int)last);
    rovei_machine_fini(&machine);
}

/* Loads the machine in a state of the environment in which hwloc cannot give the one that was asked for. There may be
 * two answers: `complaint` and the source, or "flat" and `flat_complaint`, if that is not NULL. */
static void check_fallback_or_flat(const struct rovei_machine_options *options, const char *source,
                                   const char *complaint, const char *flat_complaint)
{
    struct rovei_machine machine;
    rove_report report = {0};
    assert_int_equal(rovei_machine_load(&machine, options, &report), ROVE_OK);
    check_sane(&machine);
    if (flat_complaint && !strcmp(machine.source, "flat"))
        complaint = flat_complaint;
    else
        assert_string_equal(machine.source, source);
    assert_true(machine.is_real);
    assert_int_equal(machine.allowed_count, affinity_count());
    assert_non_null(strstr(report.text, complaint));
    rovei_machine_fini(&machine);
}

static void check_fallback(const struct rovei_machine_options *options, const char *source, const char *complaint)
{
    check_fallback_or_flat(options, source, complaint, NULL);
}

/* How far hwloc gets with a bad file that the environment names depends on which XML parser it has. */
static void check_fallback_of_file(const char *content, size_t length)
{
    char path[] = "/tmp/rove-machine-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, content, length), length);
    close(descriptor);
    struct rovei_machine_options options = {.topology_xml = path};
    check_fallback(&options, "flat", path);
    setenv("HWLOC_XMLFILE", path, 1);
    check_fallback_or_flat(&(struct rovei_machine_options){0}, "hwloc", "HWLOC_XMLFILE", "cannot read the machine");
    unsetenv("HWLOC_XMLFILE");
    unlink(path);
}

static void test_stopped_components_give_a_flat_machine(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    setenv("HWLOC_COMPONENTS", "stop", 1);
    check_fallback(&(struct rovei_machine_options){0}, "flat", "hwloc");
    unsetenv("HWLOC_COMPONENTS");
}

static void test_bad_synthetic_description_is_reported(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static const char *const bad[] = {"nonsense", "pack:", "pu:0", "pack:2 core:x pu:2", "-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("HWLOC_SYNTHETIC", bad[i], 1);
        check_fallback(&(struct rovei_machine_options){0}, "hwloc", bad[i]);
    }
    unsetenv("HWLOC_SYNTHETIC");
}

static void test_bad_files_give_a_flat_machine(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static const char other[] = "<?xml version=\"1.0\"?><html><body/></html>";
    static const char cut[] = "<?xml version=\"1.0\"?><topology version=\"2.0\"><object type=\"Machine\"";
    static const char hollow[] = "<?xml version=\"1.0\"?><topology version=\"2.0\"></topology>";
    static const char bytes[] = "\0\xff\x01<\0>";
    check_fallback_of_file("", 0);
    check_fallback_of_file(other, sizeof other - 1);
    check_fallback_of_file(cut, sizeof cut - 1);
    check_fallback_of_file(hollow, sizeof hollow - 1);
    check_fallback_of_file(bytes, sizeof bytes);
    check_fallback(&(struct rovei_machine_options){.topology_xml = "/nonexistent/m.xml"}, "flat", "/nonexistent/m.xml");
    check_fallback(&(struct rovei_machine_options){.topology_xml = "/"}, "flat", "cannot read /");
}

/* A description that claims to be of this machine, but is not. */
static void test_processors_that_are_not_in_the_mask_give_a_flat_machine(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    if (CPU_ISSET(62, &set))
        skip();
    static const uint64_t bit = (uint64_t)1 << 62;
    const struct xml_object objects[] = {
        {0, "Machine", 0, bit, 1, NULL}, {1, "NUMANode", 0, bit, 1, NULL}, {1, "PU", 62, bit, 1, NULL}, {0}};
    char path[32];
    xml_init(path, objects, "");
    setenv("HWLOC_THISSYSTEM", "1", 1);
    check_fallback(&(struct rovei_machine_options){.topology_xml = path}, "flat", "none of the 1 processors");
    unsetenv("HWLOC_THISSYSTEM");
    xml_fini(path);
}

/* The program's own topology. hwloc is looked up by name, so that this test also builds where there is none. */
struct hwloc_functions {
    int (*init)(void **topology);
    int (*set_synthetic)(void *topology, const char *description);
    int (*load)(void *topology);
    void (*destroy)(void *topology);
};

static void find_function(void *function, const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    assert_non_null(symbol);
    memcpy(function, &symbol, sizeof symbol);
}

static void test_a_given_topology_is_used_and_left_alone(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct hwloc_functions hwloc;
    find_function(&hwloc.init, "hwloc_topology_init");
    find_function(&hwloc.set_synthetic, "hwloc_topology_set_synthetic");
    find_function(&hwloc.load, "hwloc_topology_load");
    find_function(&hwloc.destroy, "hwloc_topology_destroy");
    void *topology;
    assert_int_equal(hwloc.init(&topology), 0);
    check_fallback(&(struct rovei_machine_options){.topology = topology}, "flat", "not loaded");
    assert_int_equal(hwloc.set_synthetic(topology, "pack:2 core:3 pu:2"), 0);
    assert_int_equal(hwloc.load(topology), 0);
    for (int i = 0; i < 2; i++) {
        struct rovei_machine machine;
        struct rovei_machine_options options = {.topology = topology};
        assert_int_equal(rovei_machine_load(&machine, &options, NULL), ROVE_OK);
        assert_string_equal(machine.source, "given");
        assert_false(machine.is_real);
        assert_int_equal(machine.pu_count, 12);
        rovei_machine_fini(&machine);
    }
    hwloc.destroy(topology);
}

static void test_reports_add_up_and_are_cut_off(void **state)
{
    (void)state;
    rove_report report;
    memset(&report, 'x', sizeof report);
    report.text[250] = '\0';
    struct rovei_machine machine;
    struct rovei_machine_options options = {.topology_xml = "/nonexistent/machine.xml"};
    assert_int_equal(rovei_machine_load(&machine, &options, &report), ROVE_OK);
    rovei_machine_fini(&machine);
    assert_int_equal(strlen(report.text), ROVE_REPORT_SIZE - 1);
    assert_non_null(strstr(report.text, "xx; "));
}

int main(void)
{
    machine_clean_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synthetic_machines_have_what_they_say),
        cmocka_unit_test(test_node_without_processors_is_not_counted),
        cmocka_unit_test(test_processors_without_memory_belong_to_the_first_node),
        cmocka_unit_test(test_asymmetric_machine_keeps_what_is_missing_apart),
        cmocka_unit_test(test_core_kinds_are_ranked),
        cmocka_unit_test(test_forbidden_processors_are_known_but_not_allowed),
        cmocka_unit_test(test_real_machine_allows_what_the_mask_allows),
        cmocka_unit_test(test_mask_of_one_processor_allows_that_one),
        cmocka_unit_test(test_stopped_components_give_a_flat_machine),
        cmocka_unit_test(test_bad_synthetic_description_is_reported),
        cmocka_unit_test(test_bad_files_give_a_flat_machine),
        cmocka_unit_test(test_processors_that_are_not_in_the_mask_give_a_flat_machine),
        cmocka_unit_test(test_a_given_topology_is_used_and_left_alone),
        cmocka_unit_test(test_reports_add_up_and_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
