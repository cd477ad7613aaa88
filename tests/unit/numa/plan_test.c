#define _GNU_SOURCE
#include "numa/plan.h"
#include "tests/unit/numa/machines.h"

#include <support/support.h>
#include <time.h>

enum { SEATS_MAX = 1024 };

/* Each has the same at every place of a level, so that one can say what a good plan is. */
static const char *const regular[] = {
    "pu:1",
    "core:4 pu:1",
    "core:4 pu:2",
    "pack:1 core:64 pu:4",
    "pack:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)",
    "pack:2 numa:2 core:16 pu:2",
    "numa:2 pack:2 core:4 pu:2",
    "pack:2 l3:1 numa:2 core:4 pu:2",
    "pack:2 [numa][numa] core:4 pu:2",
    "pack:2 numa:1 l3:2 l2:4 core:2 pu:2",
    "pack:4 numa:2 l3:2 l2:8 pu:2",
    "pack:3 numa:3 l3:3 core:3 pu:3",
    "pack:2 numa:1 l3:16 core:32 pu:2",
};
enum { REGULAR = sizeof regular / sizeof *regular };

static void plan_make(struct rovei_plan *plan, const struct rovei_machine *machine, rove_plan kind, int seats)
{
    rove_report report = {0};
    assert_int_equal(rovei_plan_make(plan, machine, kind, NULL, 0, seats, &report), ROVE_OK);
    assert_string_equal(report.text, "");
    assert_int_equal(plan->count, seats);
}

static int find_pu(const struct rovei_machine *machine, int os)
{
    for (int i = 0; i < machine->pu_count; i++)
        if (machine->pus[i].os == os)
            return i;
    fail_msg("no processor %d", os);
    return -1;
}

/* How many different cores (caches, nodes, packages) the first `seats` seats have. */
static int count_distinct(const struct rovei_plan *plan, const struct rovei_machine *machine, int seats, int level)
{
    bool *seen = calloc((size_t)machine->pu_count, sizeof *seen);
    int distinct = 0;
    for (int i = 0; i < seats; i++) {
        int at = machine->pus[find_pu(machine, plan->seats[i].os)].at[level];
        if (at >= 0 && !seen[at]) {
            seen[at] = true;
            distinct++;
        }
    }
    free(seen);
    return distinct;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void check_uses_each_processor_once(const struct rovei_plan *plan, const struct rovei_machine *machine)
{
    int *uses = calloc((size_t)machine->pu_count, sizeof *uses);
    for (int i = 0; i < plan->count; i++) {
        int pu = find_pu(machine, plan->seats[i].os);
        assert_true(machine->pus[pu].is_allowed);
        assert_int_equal(uses[pu]++, i / machine->allowed_count);
        assert_in_range(plan->seats[i].at[LEVEL_NODE], 0, plan->node_count - 1);
    }
    free(uses);
    assert_int_equal(plan->exclusive, least(plan->count, machine->allowed_count));
    assert_false(rovei_plan_is_crowded(plan, plan->exclusive));
    assert_true(rovei_plan_is_crowded(plan, plan->exclusive + 1));
}

static void check_victims(const struct rovei_plan *plan, int seat)
{
    static int order[SEATS_MAX];
    bool seen[SEATS_MAX] = {0};
    rovei_plan_victims(plan, seat, order);
    rove_distance before = ROVE_DISTANCE_SMT;
    for (int i = 0; i < plan->count - 1; i++) {
        assert_in_range(order[i], 0, plan->count - 1);
        assert_int_not_equal(order[i], seat);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
        rove_distance distance = rovei_plan_distance(plan, seat, order[i]);
        assert_int_equal(distance, rovei_plan_distance(plan, order[i], seat));
        assert_true(distance >= before);
        before = distance;
    }
}

/* The distance of a processor to a seat, as the machine sees it. */
static rove_distance measure(const struct rovei_machine *machine, int pu, const struct rovei_pu *seat)
{
    const struct rovei_pu *a = &machine->pus[pu], *b = &machine->pus[find_pu(machine, seat->os)];
    static const rove_distance distances[] = {ROVE_DISTANCE_SMT, ROVE_DISTANCE_CACHE, ROVE_DISTANCE_SOCKET,
                                              ROVE_DISTANCE_NODE};
    for (int level = LEVEL_CORE; level <= LEVEL_NODE; level++)
        if (a->at[level] >= 0 && a->at[level] == b->at[level])
            return distances[level];
    return ROVE_DISTANCE_REMOTE;
}

static void check_near(const struct rovei_plan *plan, const struct rovei_machine *machine, int pu)
{
    int os = machine->pus[pu].os;
    int near = rovei_plan_seat_near(plan, os);
    assert_in_range(near, 0, plan->count - 1);
    for (int i = 0; i < plan->count; i++) {
        if (plan->seats[i].os == os) {
            assert_int_equal(near, i);
            return;
        }
        assert_true(measure(machine, pu, &plan->seats[near]) <= measure(machine, pu, &plan->seats[i]));
    }
}

static void check_plan(const struct rovei_plan *plan, const struct rovei_machine *machine)
{
    check_uses_each_processor_once(plan, machine);
    int step = plan->count > 64 ? 37 : 1;
    for (int seat = 0; seat < plan->count; seat += step)
        check_victims(plan, seat);
    for (int pu = 0; pu < machine->pu_count; pu += step)
        check_near(plan, machine, pu);
    for (int i = 0; i < plan->count; i++)
        assert_int_equal(plan->by_place[plan->places[i]], i);
}

static void check_plans(const struct rovei_machine *machine)
{
    int all = machine->allowed_count;
    const int counts[] = {1, (all + 1) / 2, all, all + 1, 2 * all + 3};
    for (int kind = ROVE_PLAN_CORES; kind <= ROVE_PLAN_SPREAD; kind++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct rovei_plan plan;
            plan_make(&plan, machine, (rove_plan)kind, least(counts[i], SEATS_MAX));
            check_plan(&plan, machine);
            rovei_plan_fini(&plan);
        }
}

static void test_plans_of_regular_machines_are_valid(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    for (int i = 0; i < REGULAR; i++) {
        struct rovei_machine machine;
        machine_load_synthetic(&machine, regular[i]);
        check_plans(&machine);
        rovei_machine_fini(&machine);
    }
}

static void test_plans_of_odd_machines_are_valid(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static const struct xml_object *const odd[] = {machine_with_bare_node, machine_with_bare_package,
                                                   machine_asymmetric, machine_hybrid, machine_restricted};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct rovei_machine machine;
        machine_load_xml(&machine, odd[i], "");
        check_plans(&machine);
        rovei_machine_fini(&machine);
    }
}

static void test_plans_of_this_machine_are_valid(void **state)
{
    (void)state;
    struct rovei_machine machine;
    assert_int_equal(rovei_machine_load(&machine, &(struct rovei_machine_options){0}, NULL), ROVE_OK);
    check_plans(&machine);
    rovei_machine_fini(&machine);
}

static void test_cores_come_before_their_second_threads(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    for (int i = 0; i < REGULAR; i++) {
        struct rovei_machine machine;
        struct rovei_plan plan;
        machine_load_synthetic(&machine, regular[i]);
        int cores = least(machine.counts[LEVEL_CORE], SEATS_MAX);
        for (int kind = ROVE_PLAN_CORES; kind <= ROVE_PLAN_SPREAD; kind += ROVE_PLAN_SPREAD) {
            plan_make(&plan, &machine, (rove_plan)kind, cores);
            assert_int_equal(count_distinct(&plan, &machine, cores, LEVEL_CORE), cores);
            rovei_plan_fini(&plan);
        }
        rovei_machine_fini(&machine);
    }
}

static void test_compact_fills_what_it_has_begun(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    for (int i = 0; i < REGULAR; i++) {
        struct rovei_machine machine;
        struct rovei_plan plan;
        machine_load_synthetic(&machine, regular[i]);
        int count = least(machine.pu_count, SEATS_MAX);
        plan_make(&plan, &machine, ROVE_PLAN_COMPACT, count);
        for (int level = LEVEL_CORE; level < LEVELS; level++) {
            int each = machine.counts[level] ? machine.pu_count / machine.counts[level] : 0;
            for (int seats = each; each > 0 && seats <= count; seats += each)
                assert_int_equal(count_distinct(&plan, &machine, seats, level), seats / each);
        }
        rovei_plan_fini(&plan);
        rovei_machine_fini(&machine);
    }
}

static void test_spread_uses_all_packages_nodes_and_caches_first(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    for (int i = 0; i < REGULAR; i++) {
        struct rovei_machine machine;
        struct rovei_plan plan;
        machine_load_synthetic(&machine, regular[i]);
        plan_make(&plan, &machine, ROVE_PLAN_SPREAD, least(machine.pu_count, SEATS_MAX));
        for (int level = LEVEL_CORE; level < LEVELS; level++) {
            int groups = machine.counts[level];
            for (int seats = 1; seats <= groups; seats *= 2)
                assert_int_equal(count_distinct(&plan, &machine, seats, level), seats);
            assert_int_equal(count_distinct(&plan, &machine, groups, level), groups);
        }
        rovei_plan_fini(&plan);
        rovei_machine_fini(&machine);
    }
}

static void check_order(const struct xml_object *objects, const char *trailer, rove_plan kind, const int *expected,
                        int count)
{
    struct rovei_machine machine;
    struct rovei_plan plan;
    machine_load_xml(&machine, objects, trailer);
    plan_make(&plan, &machine, kind, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(plan.seats[i].os, expected[i]);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_fast_cores_come_before_slow_ones(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static const int cores[] = {2, 4, 0, 1, 3, 5, 2};
    static const int compact[] = {2, 3, 4, 5, 0, 1, 2};
    check_order(machine_hybrid, machine_hybrid_kinds, ROVE_PLAN_CORES, cores, 7);
    check_order(machine_hybrid, machine_hybrid_kinds, ROVE_PLAN_COMPACT, compact, 7);
}

static void test_spread_of_an_asymmetric_machine_alternates_while_it_can(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static const int spread[] = {0, 40, 41, 42, 2};
    check_order(machine_asymmetric, "", ROVE_PLAN_SPREAD, spread, 5);
    static const int bare[] = {0, 2, 1, 3};
    check_order(machine_with_bare_node, "", ROVE_PLAN_SPREAD, bare, 4);
}

static void test_forbidden_processors_are_left_out(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static const int cores[] = {0, 3, 0};
    check_order(machine_restricted, "", ROVE_PLAN_CORES, cores, 3);
}

static void test_distances_are_those_of_the_machine(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan;
    machine_load_synthetic(&machine, "pack:2 numa:1 l3:2 l2:2 core:2 pu:2");
    plan_make(&plan, &machine, ROVE_PLAN_COMPACT, 33);
    static const rove_distance expected[] = {ROVE_DISTANCE_SELF,   ROVE_DISTANCE_SMT,    ROVE_DISTANCE_CACHE,
                                             ROVE_DISTANCE_CACHE,  ROVE_DISTANCE_SOCKET, ROVE_DISTANCE_SOCKET,
                                             ROVE_DISTANCE_SOCKET, ROVE_DISTANCE_SOCKET, ROVE_DISTANCE_NODE};
    for (int i = 0; i < 9; i++)
        assert_int_equal(rovei_plan_distance(&plan, 0, i), expected[i]);
    assert_int_equal(rovei_plan_distance(&plan, 0, 15), ROVE_DISTANCE_NODE);
    assert_int_equal(rovei_plan_distance(&plan, 0, 16), ROVE_DISTANCE_REMOTE);
    assert_int_equal(rovei_plan_distance(&plan, 0, 32), ROVE_DISTANCE_SMT);
    assert_int_equal(plan.seats[32].os, plan.seats[0].os);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

/* At each distance, no seat is the first victim of more thieves than its share and one. */
static void test_thieves_do_not_all_begin_with_the_same_victim(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static int order[SEATS_MAX];
    for (int i = 0; i < REGULAR; i++)
        for (int kind = ROVE_PLAN_CORES; kind <= ROVE_PLAN_SPREAD; kind++) {
            struct rovei_machine machine;
            struct rovei_plan plan;
            machine_load_synthetic(&machine, regular[i]);
            plan_make(&plan, &machine, (rove_plan)kind, least(machine.pu_count, 512));
            int(*chosen)[ROVE_DISTANCES] = calloc((size_t)plan.count, sizeof *chosen);
            for (int seat = 0; seat < plan.count; seat++) {
                rovei_plan_victims(&plan, seat, order);
                rove_distance before = ROVE_DISTANCE_SELF;
                for (int k = 0; k < plan.count - 1; k++) {
                    rove_distance distance = rovei_plan_distance(&plan, seat, order[k]);
                    if (distance != before)
                        assert_true(++chosen[order[k]][distance] <= 2);
                    before = distance;
                }
            }
            free(chosen);
            rovei_plan_fini(&plan);
            rovei_machine_fini(&machine);
        }
}

static void test_remote_victims_of_the_same_package_come_first(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan;
    int order[15];
    machine_load_synthetic(&machine, "pack:2 numa:2 core:4 pu:1");
    plan_make(&plan, &machine, ROVE_PLAN_CORES, 16);
    rovei_plan_victims(&plan, 13, order);
    for (int i = 3; i < 15; i++)
        assert_int_equal(plan.seats[order[i]].at[LEVEL_PACKAGE] == 1, i < 7);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_nodes_are_those_with_seats(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan;
    machine_load_synthetic(&machine, "numa:4 core:4 pu:1");
    static const int list[] = {12, 4, 13};
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_LIST, list, 3, 3, NULL), ROVE_OK);
    assert_int_equal(plan.node_count, 2);
    assert_int_equal(plan.seats[0].at[LEVEL_NODE], 0);
    assert_int_equal(plan.seats[0].node_os, 3);
    assert_int_equal(plan.seats[1].at[LEVEL_NODE], 1);
    assert_int_equal(plan.seats[2].at[LEVEL_NODE], 0);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_unknown_processors_are_near_the_first_seat(void **state)
{
    (void)state;
    struct rovei_machine machine;
    struct rovei_plan plan;
    assert_int_equal(rovei_machine_load(&machine, &(struct rovei_machine_options){0}, NULL), ROVE_OK);
    plan_make(&plan, &machine, ROVE_PLAN_CORES, 2);
    assert_int_equal(rovei_plan_seat_near(&plan, -1), 0);
    assert_int_equal(rovei_plan_seat_near(&plan, MACHINE_OS_LIMIT), 0);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_list_is_taken_as_it_is(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan;
    machine_load_synthetic(&machine, "pack:2 core:4 pu:2");
    static const int list[] = {7, 3, 11, 3, 7};
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_LIST, list, 5, 7, NULL), ROVE_OK);
    for (int i = 0; i < 7; i++)
        assert_int_equal(plan.seats[i].os, list[i % 5]);
    assert_int_equal(plan.exclusive, 3);
    assert_int_equal(rovei_plan_seat_near(&plan, 3), 1);
    assert_int_equal(rovei_plan_distance(&plan, 1, 3), ROVE_DISTANCE_SMT);
    for (int i = 0; i < 7; i++)
        check_victims(&plan, i);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void check_refused(const struct rovei_machine *machine, rove_plan kind, const int *list, size_t length,
                          int seats, const char *complaint)
{
    struct rovei_plan plan;
    rove_report report = {0};
    assert_int_equal(rovei_plan_make(&plan, machine, kind, list, length, seats, &report), ROVE_INVALID);
    assert_non_null(strstr(report.text, complaint));
    assert_null(plan.seats);
    assert_int_equal(plan.count, 0);
    rovei_plan_fini(&plan);
    assert_int_equal(rovei_plan_make(&plan, machine, kind, list, length, seats, NULL), ROVE_INVALID);
}

static void test_senseless_plans_are_refused(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    machine_load_xml(&machine, machine_restricted, "");
    check_refused(&machine, ROVE_PLAN_LIST, (const int[]){0, 9}, 2, 2, "processor 9, which this machine does not have");
    check_refused(&machine, ROVE_PLAN_LIST, (const int[]){-1}, 1, 1, "processor -1");
    check_refused(&machine, ROVE_PLAN_LIST, (const int[]){3, 2}, 2, 1, "processor 2, which is not allowed");
    check_refused(&machine, ROVE_PLAN_LIST, NULL, 0, 1, "empty");
    check_refused(&machine, ROVE_PLAN_LIST, NULL, 3, 1, "not valid");
    check_refused(&machine, ROVE_PLAN_CORES, NULL, 0, 0, "0 workers");
    check_refused(&machine, ROVE_PLAN_SPREAD, NULL, 0, -5, "-5 workers");
    check_refused(&machine, (rove_plan)4, NULL, 0, 1, "unknown kind 4");
    rovei_machine_fini(&machine);
}

/* In processor time, since the tests share the machine; a sanitizer takes several times as much. NUMA_TEST_PATIENCE is a
 * factor for other slow ways to run, such as valgrind. */
static void test_a_machine_of_2048_processors_is_planned_in_time(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    const char *patience = getenv("NUMA_TEST_PATIENCE");
    struct rovei_machine machine;
    struct rovei_plan plan;
    clock_t start = clock();
    machine_load_synthetic(&machine, "pack:8 numa:1 core:128 pu:2");
    plan_make(&plan, &machine, ROVE_PLAN_SPREAD, SEATS_MAX);
    double milliseconds = 1e3 * (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_true(milliseconds < (test_is_sanitized() ? 1000 : 100) * (patience ? atof(patience) : 1));
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

int main(void)
{
    machine_clean_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans_of_regular_machines_are_valid),
        cmocka_unit_test(test_plans_of_odd_machines_are_valid),
        cmocka_unit_test(test_plans_of_this_machine_are_valid),
        cmocka_unit_test(test_cores_come_before_their_second_threads),
        cmocka_unit_test(test_compact_fills_what_it_has_begun),
        cmocka_unit_test(test_spread_uses_all_packages_nodes_and_caches_first),
        cmocka_unit_test(test_fast_cores_come_before_slow_ones),
        cmocka_unit_test(test_spread_of_an_asymmetric_machine_alternates_while_it_can),
        cmocka_unit_test(test_forbidden_processors_are_left_out),
        cmocka_unit_test(test_distances_are_those_of_the_machine),
        cmocka_unit_test(test_thieves_do_not_all_begin_with_the_same_victim),
        cmocka_unit_test(test_remote_victims_of_the_same_package_come_first),
        cmocka_unit_test(test_nodes_are_those_with_seats),
        cmocka_unit_test(test_unknown_processors_are_near_the_first_seat),
        cmocka_unit_test(test_list_is_taken_as_it_is),
        cmocka_unit_test(test_senseless_plans_are_refused),
        cmocka_unit_test(test_a_machine_of_2048_processors_is_planned_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
