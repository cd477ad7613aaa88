/*
 * Plans restricted to processors that are fewer, more or others than those they were made for.
 */
#define _GNU_SOURCE
#include "numa/restrict.h"
#include "tests/unit/numa/machines.h"

#include <limits.h>
#include <malloc.h>
#include <support/support.h>
#include <sys/resource.h>

enum { SEATS_MAX = 300, MASK_MAX = 4096 };

static const char *const regular[] = {
    "pu:1",
    "core:4 pu:2",
    "pack:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)",
    "numa:2 pack:2 core:4 pu:2",
    "pack:2 [numa][numa] core:4 pu:2",
    "pack:2 numa:1 l3:2 l2:4 core:2 pu:2",
    "pack:3 numa:3 l3:3 core:3 pu:3",
    "pack:2 numa:1 l3:16 core:32 pu:2",
};
enum { REGULAR = sizeof regular / sizeof *regular };

static bool mask_has(const int *mask, int count, int os)
{
    for (int i = 0; i < count; i++)
        if (mask[i] == os)
            return true;
    return false;
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The first seat of a plan on a processor; -1 if there is none. */
static int seat_first(const struct rovei_plan *plan, int os)
{
    for (int i = 0; i < plan->count; i++)
        if (plan->seats[i].os == os)
            return i;
    return -1;
}

static int seat_users(const struct rovei_plan *plan, int os)
{
    int users = 0;
    for (int i = 0; i < plan->count; i++)
        users += plan->seats[i].os == os;
    return users;
}

/* Whether a seat has no reason to move: nobody before it in its round, of one seat per processor, has its processor. */
static bool seat_is_first_in_round(const struct rovei_plan *plan, int seat, int round)
{
    for (int i = seat / round * round; i < seat; i++)
        if (plan->seats[i].os == plan->seats[seat].os)
            return false;
    return true;
}

static void check_seats(const struct rovei_plan *narrow, const struct rovei_plan *plan, const int *mask, int count)
{
    bool is_list = plan->kind == ROVE_PLAN_LIST;
    assert_int_equal(narrow->count, plan->count);
    for (int i = 0; i < plan->count; i++) {
        int before = plan->seats[i].os, after = narrow->seats[i].os;
        assert_true(mask_has(mask, count, after));
        if (mask_has(mask, count, before) && (is_list || seat_is_first_in_round(plan, i, count)))
            assert_int_equal(after, before);
    }
    if (is_list)
        return;
    /* Few workers have processors for themselves, and many share them evenly. */
    assert_int_equal(narrow->exclusive, count < plan->count ? count : plan->count);
    int fewest = INT_MAX, most = 0;
    for (int i = 0; i < count; i++) {
        int users = seat_users(narrow, mask[i]);
        fewest = users < fewest ? users : fewest;
        most = users > most ? users : most;
    }
    assert_true(most - fewest <= 1);
}

static void check_exclusive(const struct rovei_plan *narrow)
{
    int exclusive = 0;
    while (exclusive < narrow->count && seat_first(narrow, narrow->seats[exclusive].os) == exclusive)
        exclusive++;
    assert_int_equal(narrow->exclusive, exclusive);
    assert_false(rovei_plan_is_crowded(narrow, exclusive));
    if (exclusive < narrow->count)
        assert_true(rovei_plan_is_crowded(narrow, exclusive + 1));
}

static void check_distances(const struct rovei_plan *narrow, const struct rovei_plan *plan)
{
    static int order[2][SEATS_MAX];
    assert_int_equal(narrow->node_count, plan->node_count);
    assert_int_equal(narrow->is_real, plan->is_real);
    assert_int_equal(narrow->kind, plan->kind);
    for (int a = 0; a<plan->count; a += plan->count> 64 ? 29 : 1) {
        assert_int_equal(narrow->seats[a].at[LEVEL_NODE], plan->seats[a].at[LEVEL_NODE]);
        for (int b = 0; b < plan->count; b++)
            assert_int_equal(rovei_plan_distance(narrow, a, b), rovei_plan_distance(plan, a, b));
        rovei_plan_victims(narrow, a, order[0]);
        rovei_plan_victims(plan, a, order[1]);
        assert_memory_equal(order[0], order[1], (size_t)(plan->count - 1) * sizeof order[0][0]);
    }
}

/* What is near is a matter of distances, and those stay. */
static void check_near(const struct rovei_plan *narrow, const struct rovei_plan *plan)
{
    for (int os = -1; os < 300; os++)
        assert_int_equal(rovei_plan_seat_near(narrow, os), rovei_plan_seat_near(plan, os));
}

static void check_restricted(const struct rovei_plan *plan, const int *mask, int count)
{
    struct rovei_plan narrow = {0};
    assert_true(rovei_plan_restrict(&narrow, plan, mask, count));
    check_seats(&narrow, plan, mask, count);
    check_exclusive(&narrow);
    check_distances(&narrow, plan);
    check_near(&narrow, plan);
    assert_int_equal(narrow.allowed_count, count);
    assert_memory_equal(narrow.allowed, mask, (size_t)count * sizeof *mask);
    rovei_plan_fini(&narrow);
}

/* All plans of a machine on some of its processors, and on some that it does not have. */
static void check_machine(const struct rovei_machine *machine, struct test_random *random)
{
    static int mask[MASK_MAX];
    int all = machine->allowed_count;
    const int seats[] = {1, (all + 1) / 2, all, all + 1, 2 * all + 3};
    for (int kind = ROVE_PLAN_CORES; kind <= ROVE_PLAN_SPREAD; kind++)
        for (size_t s = 0; s < sizeof seats / sizeof *seats; s++) {
            struct rovei_plan plan;
            int many = seats[s] < SEATS_MAX ? seats[s] : SEATS_MAX;
            assert_int_equal(rovei_plan_make(&plan, machine, (rove_plan)kind, NULL, 0, many, NULL), ROVE_OK);
            check_restricted(&plan, plan.allowed, plan.allowed_count);
            for (int round = 0; round < (all > 100 ? 2 : 8); round++) {
                uint64_t density = 1 + test_random_below(random, 4);
                int count = 0;
                for (int os = 0; os < 300 && count < MASK_MAX; os++)
                    if (test_random_below(random, 4) < density)
                        mask[count++] = os;
                if (count)
                    check_restricted(&plan, mask, count);
            }
            mask[0] = plan.allowed[test_random_below(random, (uint64_t)plan.allowed_count)];
            check_restricted(&plan, mask, 1);
            rovei_plan_fini(&plan);
        }
}

static void test_restricted_plans_of_regular_machines_are_valid(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct test_random random = test_random_make(1);
    for (int i = 0; i < REGULAR; i++) {
        struct rovei_machine machine;
        machine_load_synthetic(&machine, regular[i]);
        check_machine(&machine, &random);
        rovei_machine_fini(&machine);
    }
}

static void test_restricted_plans_of_odd_machines_are_valid(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    static const struct xml_object *const odd[] = {machine_with_bare_node, machine_with_bare_package,
                                                   machine_asymmetric, machine_hybrid, machine_restricted};
    struct test_random random = test_random_make(2);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct rovei_machine machine;
        machine_load_xml(&machine, odd[i], i == 3 ? machine_hybrid_kinds : "");
        check_machine(&machine, &random);
        rovei_machine_fini(&machine);
    }
}

static void test_restricted_plans_of_this_machine_are_valid(void **state)
{
    (void)state;
    struct test_random random = test_random_make(3);
    struct rovei_machine machine;
    assert_int_equal(rovei_machine_load(&machine, &(struct rovei_machine_options){0}, NULL), ROVE_OK);
    check_machine(&machine, &random);
    rovei_machine_fini(&machine);
}

/* Who loses its processor shares that of the last seat, which stays: it is the last to be used. */
static void test_the_loss_of_one_processor_moves_one_seat(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan, narrow;
    machine_load_synthetic(&machine, "pack:2 core:4 pu:1");
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_SPREAD, NULL, 0, 8, NULL), ROVE_OK);
    int mask[8], count = 0;
    for (int i = 0; i < plan.allowed_count; i++)
        if (plan.allowed[i] != plan.seats[3].os)
            mask[count++] = plan.allowed[i];
    assert_int_equal(count, 7);
    assert_true(rovei_plan_restrict(&narrow, &plan, mask, count));
    for (int i = 0; i < 8; i++)
        assert_int_equal(narrow.seats[i].os == plan.seats[i].os, i != 3);
    assert_int_equal(narrow.seats[3].os, plan.seats[7].os);
    assert_int_equal(narrow.exclusive, 7);
    rovei_plan_fini(&narrow);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_seats_that_share_take_processors_that_come(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan, narrow;
    machine_load_synthetic(&machine, "core:2 pu:1");
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_CORES, NULL, 0, 4, NULL), ROVE_OK);
    static const int more[] = {0, 1, 2, 3, 4, 5, 6, 7};
    assert_true(rovei_plan_restrict(&narrow, &plan, more, 8));
    assert_int_equal(narrow.exclusive, 4);
    assert_int_equal(narrow.seats[0].os, plan.seats[0].os);
    assert_int_equal(narrow.seats[1].os, plan.seats[1].os);
    rovei_plan_fini(&narrow);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_a_list_shares_as_it_says(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan, narrow;
    machine_load_synthetic(&machine, "pack:2 core:4 pu:2");
    static const int list[] = {7, 3, 11, 3, 7};
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_LIST, list, 5, 7, NULL), ROVE_OK);
    check_restricted(&plan, plan.allowed, plan.allowed_count);
    static const int same[] = {3, 7, 11, 12, 13, 14, 15};
    assert_true(rovei_plan_restrict(&narrow, &plan, same, 7)); /* idle processors are no reason to leave a shared one */
    for (int i = 0; i < 7; i++)
        assert_int_equal(narrow.seats[i].os, list[i % 5]);
    assert_int_equal(narrow.exclusive, 3);
    rovei_plan_fini(&narrow);
    static const int fewer[] = {3, 7};
    check_restricted(&plan, fewer, 2);
    static const int others[] = {0, 1, 2};
    check_restricted(&plan, others, 3);
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
}

static void test_random_lists_are_restricted(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct test_random random = test_random_make(4);
    machine_load_synthetic(&machine, "numa:2 pack:2 core:4 pu:2");
    for (int round = 0; round < 300; round++) {
        struct rovei_plan plan;
        int list[40], mask[40];
        size_t length = 1 + (size_t)test_random_below(&random, 40);
        for (size_t i = 0; i < length; i++)
            list[i] = (int)test_random_below(&random, 32);
        int seats = 1 + (int)test_random_below(&random, 60), count = 0;
        assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_LIST, list, length, seats, NULL), ROVE_OK);
        for (int os = 0; os < 40; os++)
            if (test_random_below(&random, 2))
                mask[count++] = os;
        qsort(mask, (size_t)count, sizeof *mask, ascending);
        if (count)
            check_restricted(&plan, mask, count);
        rovei_plan_fini(&plan);
    }
    rovei_machine_fini(&machine);
}

/* Later masks are applied to the plan as it was made, so nothing of an earlier one is left. */
static void test_a_plan_is_not_changed_and_not_needed_afterwards(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    struct rovei_machine machine;
    struct rovei_plan plan, narrow, wide;
    machine_load_synthetic(&machine, "core:4 pu:2");
    assert_int_equal(rovei_plan_make(&plan, &machine, ROVE_PLAN_CORES, NULL, 0, 8, NULL), ROVE_OK);
    struct rovei_pu before[8];
    memcpy(before, plan.seats, sizeof before);
    static const int one[] = {5};
    assert_true(rovei_plan_restrict(&narrow, &plan, one, 1));
    assert_memory_equal(before, plan.seats, sizeof before);
    assert_int_equal(plan.allowed_count, 8);
    assert_true(rovei_plan_restrict(&wide, &plan, plan.allowed, plan.allowed_count));
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(narrow.seats[i].os, 5);
        assert_int_equal(wide.seats[i].os, before[i].os);
    }
    rovei_plan_fini(&narrow);
    rovei_plan_fini(&wide);
}

/* Address space of this process in bytes. */
static size_t space_used(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    TEST_CHECK(file && fscanf(file, "%lu", &pages) == 1, "/proc/self/statm");
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* In a child, because the limits stay. A plan so large that each of its arrays is a mapping of its own, and a limit
 * that leaves more room from round to round. */
static int restrict_in_little_space(void *arg)
{
    struct rovei_machine machine;
    struct rovei_plan plan;
    struct rlimit limit;
    static const int mask[] = {0, 2};
    (void)arg;
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    machine_load_synthetic(&machine, "core:4 pu:1");
    if (rovei_plan_make(&plan, &machine, ROVE_PLAN_CORES, NULL, 0, 100000, NULL))
        return 1;
    getrlimit(RLIMIT_AS, &limit);
    int refusals = 0, round = 0;
    for (bool is_made = false; !is_made; round++) {
        struct rovei_plan narrow = {0};
        struct rlimit tight = limit;
        tight.rlim_cur = space_used() + (size_t)round * (64 << 10);
        setrlimit(RLIMIT_AS, &tight);
        is_made = rovei_plan_restrict(&narrow, &plan, mask, 2);
        setrlimit(RLIMIT_AS, &limit);
        refusals += !is_made;
        TEST_CHECK(!is_made || (narrow.count == plan.count && narrow.seats[7].os % 2 == 0), "a plan that is not made");
        rovei_plan_fini(&narrow);
    }
    rovei_plan_fini(&plan);
    rovei_machine_fini(&machine);
    return refusals > 3 ? 0 : 2;
}

static void test_memory_that_is_refused_is_reported(void **state)
{
    (void)state;
    SKIP_WITHOUT_HWLOC();
    if (test_is_sanitized()) /* its allocator needs the address space itself */
        skip();
    struct test_outcome outcome = test_in_child(restrict_in_little_space, NULL, 50, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
}

int main(void)
{
    machine_clean_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restricted_plans_of_regular_machines_are_valid),
        cmocka_unit_test(test_restricted_plans_of_odd_machines_are_valid),
        cmocka_unit_test(test_restricted_plans_of_this_machine_are_valid),
        cmocka_unit_test(test_the_loss_of_one_processor_moves_one_seat),
        cmocka_unit_test(test_seats_that_share_take_processors_that_come),
        cmocka_unit_test(test_a_list_shares_as_it_says),
        cmocka_unit_test(test_random_lists_are_restricted),
        cmocka_unit_test(test_a_plan_is_not_changed_and_not_needed_afterwards),
        cmocka_unit_test(test_memory_that_is_refused_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
