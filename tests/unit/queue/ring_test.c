/*
 * The memory of rings.
 */
#include "runtime/queue/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* An allocator that counts what is in use, and stops giving at a limit. */
struct purse {
    int64_t used;
    int64_t blocks;
    int64_t limit;
};

static void *purse_allocate(size_t size, size_t alignment, void *arg)
{
    struct purse *purse = arg;
    if (purse->used + (int64_t)size > purse->limit)
        return NULL;
    purse->used += (int64_t)size;
    purse->blocks++;
    return aligned_alloc(alignment, size);
}

static void purse_release(void *memory, size_t size, void *arg)
{
    struct purse *purse = arg;
    purse->used -= (int64_t)size;
    purse->blocks--;
    free(memory);
}

static void test_a_ring_has_empty_slots_and_a_mask(void **state)
{
    (void)state;
    const rove_allocator allocator = {0};
    for (int64_t capacity = 1; capacity <= 1 << 16; capacity *= 2) {
        struct rovei_ring *ring = rovei_ring_create(&allocator, capacity);
        assert_non_null(ring);
        assert_null(ring->older);
        assert_int_equal(ring->mask, capacity - 1);
        for (int64_t i = 0; i < capacity; i++)
            assert_null(ring->slots[i]);
        rovei_ring_destroy(&allocator, ring);
    }
}

static void test_destroying_a_ring_destroys_the_older_ones(void **state)
{
    (void)state;
    struct purse purse = {.limit = INT64_MAX};
    const rove_allocator allocator = {purse_allocate, purse_release, &purse};
    struct rovei_deque deque;
    deque_init(&deque, rovei_ring_create(&allocator, 1), 0);
    for (int64_t capacity = 2; capacity <= 1024; capacity *= 2)
        deque_grow(&deque, rovei_ring_create(&allocator, capacity));
    assert_int_equal(purse.blocks, 11);
    rovei_ring_destroy(&allocator, deque.ring);
    assert_int_equal(purse.blocks, 0);
    assert_int_equal(purse.used, 0);
    rovei_ring_destroy(&allocator, NULL);
}

static void test_a_ring_without_memory_is_null(void **state)
{
    (void)state;
    struct purse purse = {.limit = 4096};
    const rove_allocator allocator = {purse_allocate, purse_release, &purse};
    assert_null(rovei_ring_create(&allocator, 1024));
    struct rovei_ring *ring = rovei_ring_create(&allocator, 16);
    assert_non_null(ring);
    rovei_ring_destroy(&allocator, ring);
    assert_int_equal(purse.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ring_has_empty_slots_and_a_mask),
        cmocka_unit_test(test_destroying_a_ring_destroys_the_older_ones),
        cmocka_unit_test(test_a_ring_without_memory_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
