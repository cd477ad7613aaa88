/*
 * Pages on memory nodes: what the kernel then says of them, what it does not take, and what is left if it refuses all.
 */
#define _GNU_SOURCE
#include "runtime/platform/place.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGES = 16, SKIPPED = 77 };

/* What the kernel knows of a page: its policy, and the nodes of it. Returns false if it does not tell. */
static bool policy_of(const void *page, int *policy, unsigned long nodes[16])
{
    return syscall(SYS_get_mempolicy, policy, nodes, 16 * 8 * sizeof *nodes, page, MPOL_F_ADDR) == 0;
}

static bool has_policies(void)
{
    int policy;
    unsigned long nodes[16];
    char *page = rovei_pages_map(rovei_page_size());
    assert_non_null(page);
    bool has = policy_of(page, &policy, nodes) && rovei_pages_place(page, rovei_page_size(), &(int){0}, 1) == 0;
    rovei_pages_unmap(page, rovei_page_size());
    return has;
}

static void test_pages_are_zero_and_apart(void **state)
{
    (void)state;
    size_t page = rovei_page_size();
    assert_true(page >= 4096 && (page & (page - 1)) == 0);
    assert_int_equal(page, sysconf(_SC_PAGESIZE));
    char *first = rovei_pages_map(PAGES * page), *second = rovei_pages_map(page);
    assert_true(first && second);
    assert_int_equal((uintptr_t)first % page, 0);
    assert_int_equal((uintptr_t)second % page, 0);
    assert_true(second + page <= first || first + PAGES * page <= second);
    for (size_t i = 0; i < PAGES * page; i++)
        assert_int_equal(first[i], 0);
    memset(first, 1, PAGES * page);
    for (size_t i = 0; i < page; i++)
        assert_int_equal(second[i], 0);
    rovei_pages_unmap(second, page);
    rovei_pages_unmap(first, PAGES * page);
}

static void test_more_than_there_is_gives_null(void **state)
{
    (void)state;
    size_t page = rovei_page_size();
    assert_null(rovei_pages_map(SIZE_MAX / page * page));
    assert_null(rovei_pages_map((size_t)1 << 62));
    assert_null(rovei_pages_map(0));
}

static void test_unmapped_pages_are_gone(void **state)
{
    (void)state;
    size_t page = rovei_page_size();
    unsigned char resident[PAGES];
    char *pages = rovei_pages_map(PAGES * page);
    assert_non_null(pages);
    assert_int_equal(mincore(pages, PAGES * page, resident), 0);
    rovei_pages_unmap(pages, PAGES * page);
    assert_int_equal(mincore(pages, PAGES * page, resident), -1);
    assert_int_equal(errno, ENOMEM);
}

static void test_placed_pages_have_a_policy_that_names_their_node(void **state)
{
    (void)state;
    if (!has_policies())
        skip();
    size_t page = rovei_page_size();
    char *pages = rovei_pages_map(PAGES * page);
    int policy = -1;
    unsigned long nodes[16] = {0};
    assert_non_null(pages);
    /* Half of the pages: the others stay as they are. */
    assert_int_equal(rovei_pages_place(pages, PAGES / 2 * page, &(int){0}, 1), 0);
    for (int i = 0; i < PAGES; i++) {
        assert_true(policy_of(pages + (size_t)i * page, &policy, nodes));
        if (i < PAGES / 2) {
            assert_int_not_equal(policy, MPOL_DEFAULT);
            assert_int_equal(nodes[0], 1);
        } else {
            assert_int_equal(policy, MPOL_DEFAULT);
        }
    }
    memset(pages, 1, PAGES * page); /* and they can be used */
    for (size_t i = 0; i < PAGES * page; i++)
        assert_int_equal(pages[i], 1);
    rovei_pages_unmap(pages, PAGES * page);
}

static void test_the_same_node_twice_is_no_error(void **state)
{
    (void)state;
    if (!has_policies())
        skip();
    size_t page = rovei_page_size();
    char *pages = rovei_pages_map(PAGES * page);
    int nodes[] = {0, 0, 0};
    assert_non_null(pages);
    assert_int_equal(rovei_pages_place(pages, PAGES * page, nodes, 3), 0);
    memset(pages, 2, PAGES * page);
    rovei_pages_unmap(pages, PAGES * page);
}

static void test_nodes_that_there_are_not_are_refused(void **state)
{
    (void)state;
    size_t page = rovei_page_size();
    char *pages = rovei_pages_map(PAGES * page);
    assert_non_null(pages);
    static const int absent[] = {-1, INT32_MIN, 1023, 1024, 100000, INT32_MAX};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        assert_int_not_equal(rovei_pages_place(pages, PAGES * page, &absent[i], 1), 0);
        assert_int_not_equal(rovei_pages_place(pages + page, page, &absent[i], 1), 0);
    }
    /* Not at a page's beginning. */
    assert_int_not_equal(rovei_pages_place(pages + 1, page, &(int){0}, 1), 0);
    memset(pages, 3, PAGES * page);
    rovei_pages_unmap(pages, PAGES * page);
}

/* For all threads of the process. Returns false if the system does not take the filter. */
static bool refuse_mbind(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mbind, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0 &&
           syscall(SYS_mbind, NULL, 0, 0, NULL, 0, 0) == -1 && errno == EPERM;
}

static int place_without_leave(void *arg)
{
    (void)arg;
    if (!refuse_mbind())
        return SKIPPED;
    size_t page = rovei_page_size();
    char *pages = rovei_pages_map(PAGES * page);
    TEST_CHECK(pages, "no memory");
    int error = rovei_pages_place(pages, PAGES * page, &(int){0}, 1);
    TEST_CHECK(error == EPERM, "%s", strerror(error));
    memset(pages, 4, PAGES * page);
    rovei_pages_unmap(pages, PAGES * page);
    return 0;
}

/* On this machine, and on one that is described and has two nodes. */
static void allocate_on(rove_runtime *runtime)
{
    for (int kind = ROVE_MEMORY_FIRST_TOUCH; kind <= ROVE_MEMORY_BLOCKED; kind++)
        for (int node = 0; node < rove_node_count(runtime); node++) {
            size_t size = 10 * rovei_page_size() + 123;
            unsigned char *memory = rove_numa_alloc(runtime, size, (rove_memory)kind, node);
            TEST_CHECK(memory, "no memory of kind %d on node %d", kind, node);
            for (size_t i = 0; i < size; i++)
                TEST_CHECK(memory[i] == 0, "byte %zu is not zero", i);
            memset(memory, 5, size);
            rove_numa_free(memory, size);
        }
}

static int allocate_without_leave(void *arg)
{
    (void)arg;
    if (!refuse_mbind())
        return SKIPPED;
    rove_runtime *runtime = test_runtime(2);
    allocate_on(runtime);
    test_runtime_end(runtime);
    setenv("HWLOC_SYNTHETIC", "numa:2 core:2 pu:1", 1);
    runtime = test_runtime(4);
    allocate_on(runtime);
    test_runtime_end(runtime);
    return 0;
}

static void expect_success(int (*fn)(void *arg))
{
    struct test_outcome outcome = test_in_child(fn, NULL, 30, false);
    if (outcome.end == TEST_END_EXIT && outcome.code == SKIPPED)
        skip();
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
}

static void test_a_refusal_is_told_and_the_pages_are_good(void **state)
{
    (void)state;
    expect_success(place_without_leave);
}

static void test_memory_is_had_also_where_no_placement_is(void **state)
{
    (void)state;
    expect_success(allocate_without_leave);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_is_told_and_the_pages_are_good),
        cmocka_unit_test(test_memory_is_had_also_where_no_placement_is),
        cmocka_unit_test(test_pages_are_zero_and_apart),
        cmocka_unit_test(test_more_than_there_is_gives_null),
        cmocka_unit_test(test_unmapped_pages_are_gone),
        cmocka_unit_test(test_placed_pages_have_a_policy_that_names_their_node),
        cmocka_unit_test(test_the_same_node_twice_is_no_error),
        cmocka_unit_test(test_nodes_that_there_are_not_are_refused),
    };
    /* No watchdog: its thread is in the way of the children, which have threads of their own. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
