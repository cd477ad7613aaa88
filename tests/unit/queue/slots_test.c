/*
 * The memory of a deque's slots: address space that is reserved once, and memory that is added as the deque grows. What
 * the scheduler does when there is no more is shown by fault.slots.
 */
#define _GNU_SOURCE
#include "runtime/queue/slots.h"

#include <rove/task.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <support/slots.h>
#include <support/support.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { CHILD_SECONDS = 20, MIB = 1 << 20 };

/* Pages of this process: address space, and memory. */
static int64_t pages(bool resident)
{
    long long size, in_memory;
    FILE *file = fopen("/proc/self/statm", "r");
    TEST_CHECK(file && fscanf(file, "%lld %lld", &size, &in_memory) == 2, "statm");
    fclose(file);
    return resident ? in_memory : size;
}

/* From now on the soft limit is `limit`; returns what it was. */
static rlim_t restrict_to(unsigned resource, rlim_t limit)
{
    struct rlimit now;
    TEST_CHECK(getrlimit(resource, &now) == 0, "getrlimit");
    rlim_t before = now.rlim_cur;
    now.rlim_cur = limit;
    TEST_CHECK(setrlimit(resource, &now) == 0, "setrlimit");
    return before;
}

static rove_slot *end_of(const struct rovei_deque *deque)
{
    return (rove_slot *)deque->end;
}

/* The last slot that there can be. */
static rove_slot *last_of(const struct rovei_deque *deque)
{
    return deque->first + deque->reserved_size / sizeof *deque->first - 1;
}

static void test_a_new_array_can_be_written_to_its_end(void **state)
{
    (void)state;
    struct rovei_deque deque;
    assert_true(rovei_slots_open(&deque));
    assert_ptr_equal(deque.bottom, deque.first);
    assert_int_equal(deque.split, (uintptr_t)deque.first);
    assert_int_equal(deque.limit, deque.end);
    assert_int_equal(deque.top, 0);
    assert_int_equal(deque_place(deque.origin, 0), (uintptr_t)deque.first);
    assert_int_equal((uintptr_t)deque.first % ROVEI_LINE, 0);
    assert_true(end_of(&deque) > deque.first + 100);
    assert_true(end_of(&deque) < last_of(&deque));
    rove_task task;
    for (rove_slot *slot = deque.first; slot <= end_of(&deque); slot++) {
        assert_null(slot->task);
        assert_int_equal(rovei_deque_push(&deque, slot, &task), slot == end_of(&deque));
    }
    assert_true(deque_is_full(&deque));
    rovei_slots_close(&deque);
}

static void test_extending_doubles_and_moves_nothing(void **state)
{
    (void)state;
    struct rovei_deque deque;
    assert_true(rovei_slots_open(&deque));
    rove_slot *first = deque.first;
    size_t reserved_size = deque.reserved_size;
    rove_task task;
    for (int64_t slots = end_of(&deque) + 1 - first; slots < 100000; slots *= 2) {
        rove_slot *end = end_of(&deque);
        assert_int_equal(end + 1 - first, slots);
        for (rove_slot *slot = deque.bottom; slot <= end; slot++)
            rovei_deque_push(&deque, slot, &task);
        assert_true(deque_is_full(&deque));
        assert_true(rovei_slots_extend(&deque));
        assert_false(deque_is_full(&deque));
        assert_int_equal(deque.limit, deque.end);
        assert_ptr_equal(deque.first, first);
        assert_int_equal(deque.reserved_size, reserved_size);
        assert_ptr_equal(end->task, &task);
        assert_null(end[1].task);
    }
    rovei_slots_close(&deque);
}

/* The first and the last slot of each page is written, not all: memory is only taken for what is touched. */
static void test_the_array_grows_to_its_reserved_end(void **state)
{
    (void)state;
    struct rovei_deque deque;
    assert_true(rovei_slots_open(&deque));
    int64_t resident = pages(true);
    int times = 0;
    for (; rovei_slots_extend(&deque); times++) {
        end_of(&deque)->task = (rove_task *)&deque;
        assert_true(end_of(&deque) <= last_of(&deque));
    }
    assert_ptr_equal(end_of(&deque), last_of(&deque));
    assert_true(times > 3);
    assert_true(end_of(&deque) + 1 - deque.first >= 10000000); /* deep enough for ten million forks in a row */
    assert_true(pages(true) - resident < 200 || test_is_sanitized());
    assert_false(rovei_slots_extend(&deque)); /* and again no */
    assert_ptr_equal(end_of(&deque), last_of(&deque));
    assert_int_equal(deque.limit, deque.end);
    rovei_slots_close(&deque);
}

static void test_a_doorbell_survives_an_extension_and_a_refusal(void **state)
{
    (void)state;
    struct rovei_deque deque;
    assert_true(rovei_slots_open(&deque));
    deque_ring_doorbell(&deque);
    while (rovei_slots_extend(&deque))
        assert_int_equal(deque.limit, DEQUE_HUNGRY);
    assert_int_equal(deque.limit, DEQUE_HUNGRY);
    rovei_slots_close(&deque);
}

/* At each size, of the array and of what there is. */
static void test_a_refusal_is_final(void **state)
{
    (void)state;
    for (size_t most = 0; most <= 64 * (size_t)TEST_SLOTS_AT_FIRST; most += TEST_SLOTS_AT_FIRST) {
        struct rovei_deque deque = {.first = NULL};
        test_slots_limit(most);
        assert_int_equal(rovei_slots_open(&deque), most > 0);
        int64_t bytes = TEST_SLOTS_AT_FIRST;
        for (; most > 0 && rovei_slots_extend(&deque); bytes *= 2)
            end_of(&deque)->task = (rove_task *)&deque;
        rove_slot *end = most > 0 ? end_of(&deque) : NULL;
        test_slots_limit(SIZE_MAX);
        if (most > 0) {
            assert_true(bytes <= (int64_t)most && 2 * bytes > (int64_t)most);
            assert_int_equal((end + 1 - deque.first) * (int64_t)sizeof *end, bytes);
            assert_false(rovei_slots_extend(&deque));
            assert_ptr_equal(end_of(&deque), end);
            assert_int_equal(deque.limit, deque.end);
        }
        rovei_slots_close(&deque);
    }
}

static void test_closing_gives_address_space_and_memory_back(void **state)
{
    (void)state;
    enum { ROUNDS = 20 };
    int64_t size = pages(false), resident = pages(true);
    int mappings = test_mapping_count();
    for (int i = 0; i < ROUNDS; i++) {
        struct rovei_deque deque;
        assert_true(rovei_slots_open(&deque));
        assert_true(pages(false) > size);
        while (end_of(&deque) - deque.first < MIB / 4)
            assert_true(rovei_slots_extend(&deque));
        memset(deque.first, 1, (size_t)(end_of(&deque) + 1 - deque.first) * sizeof *deque.first);
        assert_true(pages(true) - resident >= 2 * MIB / 65536); /* pages are not larger than that */
        rovei_slots_close(&deque);
    }
    if (!test_is_sanitized()) {
        assert_int_equal(pages(false), size);
        assert_int_equal(test_mapping_count(), mappings);
        assert_true(pages(true) - resident < 100);
    }
}

static void test_what_was_never_opened_can_be_closed(void **state)
{
    (void)state;
    static struct rovei_deque deque;
    rovei_slots_close(&deque);
}

/* In children, because limits hold for the whole process. */

/* The address space of the process is limited: the array takes a small part of it, and is whole all the same. */
static int open_in_a_limited_space(void *arg)
{
    (void)arg;
    rlim_t limit = (rlim_t)pages(false) * 4096 + (rlim_t)1024 * MIB;
    restrict_to(RLIMIT_AS, limit);
    struct rovei_deque deque;
    TEST_CHECK(rovei_slots_open(&deque), "no array in a GiB");
    int64_t reserved = (int64_t)deque.reserved_size;
    TEST_CHECK(reserved <= (int64_t)limit / 100 && reserved >= 1 << 16, "%lld bytes reserved", (long long)reserved);
    while (rovei_slots_extend(&deque))
        end_of(&deque)->task = (rove_task *)&deque;
    TEST_CHECK(end_of(&deque) == last_of(&deque), "the array does not grow to its end");
    rovei_slots_close(&deque);
    return 0;
}

/* There is none at all: a clean no, and nothing is left behind. */
static int open_in_no_space(void *arg)
{
    (void)arg;
    int mappings = test_mapping_count();
    rlim_t before = restrict_to(RLIMIT_AS, (rlim_t)pages(false) * 4096);
    struct rovei_deque deque = {.first = NULL};
    bool is_open = rovei_slots_open(&deque);
    restrict_to(RLIMIT_AS, before);
    TEST_CHECK(!is_open && !deque.first, "an array out of nothing");
    rovei_slots_close(&deque);
    TEST_CHECK(test_mapping_count() == mappings, "something is left behind");
    TEST_CHECK(rovei_slots_open(&deque), "not even now");
    rovei_slots_close(&deque);
    return 0;
}

/* There is address space, and no memory for it. */
static int open_without_memory(void *arg)
{
    (void)arg;
    int mappings = test_mapping_count();
    rlim_t before = restrict_to(RLIMIT_DATA, 4096);
    struct rovei_deque deque = {.first = NULL};
    bool is_open = rovei_slots_open(&deque);
    restrict_to(RLIMIT_DATA, before);
    TEST_CHECK(!is_open && !deque.first, "an array out of nothing");
    rovei_slots_close(&deque);
    TEST_CHECK(test_mapping_count() == mappings, "something is left behind");
    return 0;
}

/* There is no memory to extend: the deque is as it was, and stays so when there is memory again. */
static int extend_without_memory(void *arg)
{
    (void)arg;
    struct rovei_deque deque;
    TEST_CHECK(rovei_slots_open(&deque) && rovei_slots_extend(&deque), "open");
    rove_slot *end = end_of(&deque);
    rove_task task;
    for (rove_slot *slot = deque.first; slot <= end; slot++)
        rovei_deque_push(&deque, slot, &task);
    rlim_t before = restrict_to(RLIMIT_DATA, 4096);
    for (int i = 0; i < 3; i++)
        TEST_CHECK(!rovei_slots_extend(&deque), "memory out of nothing");
    restrict_to(RLIMIT_DATA, before);
    TEST_CHECK(!rovei_slots_extend(&deque), "a refusal that is taken back");
    TEST_CHECK(end_of(&deque) == end && deque.limit == deque.end && deque_is_full(&deque), "the deque has changed");
    for (rove_slot *slot = deque.first; slot <= end; slot++)
        TEST_CHECK(slot->task == &task, "a slot has changed");
    rovei_slots_close(&deque);
    return 0;
}

static void passes_in_a_child(int (*fn)(void *arg))
{
    struct test_outcome outcome = test_in_child(fn, NULL, CHILD_SECONDS, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
}

static void test_an_array_takes_a_small_part_of_a_limited_address_space(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip(); /* they have taken all the address space there is */
    passes_in_a_child(open_in_a_limited_space);
}

static void test_no_address_space_is_a_clean_refusal(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip();
    passes_in_a_child(open_in_no_space);
}

static void test_no_memory_at_first_is_a_clean_refusal(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip(); /* they need memory of their own when the limit is lifted */
    passes_in_a_child(open_without_memory);
}

static void test_no_memory_to_extend_changes_nothing(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip();
    passes_in_a_child(extend_without_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_array_can_be_written_to_its_end),
        cmocka_unit_test(test_extending_doubles_and_moves_nothing),
        cmocka_unit_test(test_the_array_grows_to_its_reserved_end),
        cmocka_unit_test(test_a_doorbell_survives_an_extension_and_a_refusal),
        cmocka_unit_test(test_a_refusal_is_final),
        cmocka_unit_test(test_closing_gives_address_space_and_memory_back),
        cmocka_unit_test(test_what_was_never_opened_can_be_closed),
        cmocka_unit_test(test_an_array_takes_a_small_part_of_a_limited_address_space),
        cmocka_unit_test(test_no_address_space_is_a_clean_refusal),
        cmocka_unit_test(test_no_memory_at_first_is_a_clean_refusal),
        cmocka_unit_test(test_no_memory_to_extend_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
