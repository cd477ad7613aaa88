/*
 * Slabs: cells come from the own slab and go home from wherever they end.
 */
#include "runtime/queue/slab.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { CHUNK = 32 * 1024, CELLS = 5000 };

/* An allocator that counts what is in use, and gives nothing when it is told so. */
struct purse {
    int64_t used;
    int64_t allocations;
    bool is_closed;
};

static void *purse_allocate(size_t size, size_t alignment, void *arg)
{
    struct purse *purse = arg;
    if (purse->is_closed)
        return NULL;
    purse->used += (int64_t)size;
    purse->allocations++;
    return aligned_alloc(alignment, size);
}

static void purse_release(void *memory, size_t size, void *arg)
{
    struct purse *purse = arg;
    purse->used -= (int64_t)size;
    free(memory);
}

/* Two slabs, as of two workers, and their memory. */
struct field {
    struct purse purse;
    rove_allocator allocator;
    struct rovei_slab mine;
    struct rovei_slab other;
    void *cells[CELLS];
};

static int init(void **state)
{
    struct field *field = test_calloc(1, sizeof *field);
    field->allocator = (rove_allocator){purse_allocate, purse_release, &field->purse};
    rovei_slab_init(&field->mine, SLAB_CELL, &field->allocator);
    rovei_slab_init(&field->other, SLAB_CELL, &field->allocator);
    *state = field;
    return 0;
}

static int fini(void **state)
{
    struct field *field = *state;
    rovei_slab_fini(&field->mine);
    rovei_slab_fini(&field->other);
    assert_int_equal(field->purse.used, 0);
    test_free(field);
    return 0;
}

/* Allocates the cells from `first` to before `end`, and fills each with its number. */
static void allocate(struct field *field, struct rovei_slab *slab, int first, int end)
{
    for (int i = first; i < end; i++) {
        field->cells[i] = slab_allocate(slab);
        assert_non_null(field->cells[i]);
        assert_int_equal((uintptr_t)field->cells[i] % SLAB_CELL, 0);
        assert_ptr_equal(slab_of(field->cells[i]), slab);
        memset(field->cells[i], i % 251, SLAB_CELL);
    }
}

/* Expects that nobody has written to the cells: they do not overlap. */
static void expect_intact(const struct field *field, int first, int end)
{
    for (int i = first; i < end; i++) {
        const unsigned char *bytes = field->cells[i];
        for (int j = 0; j < SLAB_CELL; j++)
            assert_int_equal(bytes[j], i % 251);
    }
}

static void release(struct field *field, struct rovei_slab *by, int first, int end)
{
    for (int i = first; i < end; i++)
        slab_release(by, field->cells[i]);
}

static void test_a_slab_takes_no_memory_before_its_first_cell(void **state)
{
    struct field *field = *state;
    assert_int_equal(field->purse.allocations, 0);
}

static void test_cells_are_apart(void **state)
{
    struct field *field = *state;
    allocate(field, &field->mine, 0, CELLS);
    expect_intact(field, 0, CELLS);
    assert_int_equal(field->purse.allocations, (CELLS + CHUNK / SLAB_CELL - 2) / (CHUNK / SLAB_CELL - 1));
}

static void test_a_cell_that_was_freed_here_comes_back_first(void **state)
{
    struct field *field = *state;
    allocate(field, &field->mine, 0, 10);
    slab_release(&field->mine, field->cells[3]);
    slab_release(&field->mine, field->cells[7]);
    assert_ptr_equal(slab_allocate(&field->mine), field->cells[7]);
    assert_ptr_equal(slab_allocate(&field->mine), field->cells[3]);
}

static void test_cells_are_used_again_without_new_memory(void **state)
{
    struct field *field = *state;
    allocate(field, &field->mine, 0, CELLS);
    int64_t allocations = field->purse.allocations;
    for (int round = 0; round < 20; round++) {
        release(field, round % 2 ? &field->other : &field->mine, 0, CELLS);
        allocate(field, &field->mine, 0, CELLS);
        expect_intact(field, 0, CELLS);
    }
    assert_int_equal(field->purse.allocations, allocations);
}

static void test_a_cell_that_ends_elsewhere_goes_home(void **state)
{
    struct field *field = *state;
    allocate(field, &field->mine, 0, 1);
    allocate(field, &field->other, 1, 2);
    slab_release(&field->other, field->cells[0]);
    assert_ptr_not_equal(slab_allocate(&field->other), field->cells[0]);
    assert_ptr_equal(slab_allocate(&field->mine), field->cells[0]);
    expect_intact(field, 1, 2);
}

static void test_a_slab_without_memory_gives_null_and_recovers(void **state)
{
    struct field *field = *state;
    field->purse.is_closed = true;
    assert_null(slab_allocate(&field->mine));
    field->purse.is_closed = false;
    int cells = CHUNK / SLAB_CELL - 1;
    allocate(field, &field->mine, 0, cells);
    field->purse.is_closed = true;
    assert_null(slab_allocate(&field->mine));
    assert_null(slab_allocate(&field->mine));
    slab_release(&field->mine, field->cells[1]);
    slab_release(&field->other, field->cells[0]);
    assert_ptr_equal(slab_allocate(&field->mine), field->cells[1]);
    assert_ptr_equal(slab_allocate(&field->mine), field->cells[0]);
    assert_null(slab_allocate(&field->mine));
    field->purse.is_closed = false;
    allocate(field, &field->mine, cells, cells + 1);
    expect_intact(field, 2, cells);
}

enum { HELPERS = 3, HANDED = 20000, MAILBOX = 128 };

/* Another worker: frees what it finds in its mailbox. */
struct helper {
    pthread_t thread;
    struct rovei_slab slab;
    _Atomic(unsigned char *) mailbox[MAILBOX];
};

static void *helper_run(void *arg)
{
    struct helper *helper = arg;
    for (int i = 0; i < HANDED; i++) {
        unsigned char *cell;
        while (!(cell = atomic_exchange(&helper->mailbox[i % MAILBOX], NULL)))
            test_yield();
        TEST_CHECK(cell[0] == i % 251 && cell[SLAB_CELL - 1] == i % 251, "cell %d was overwritten", i);
        slab_release(&helper->slab, cell);
    }
    return NULL;
}

static void helper_hand(struct helper *helper, int number, unsigned char *cell)
{
    TEST_CHECK(cell, "no memory for cell %d", number);
    memset(cell, number % 251, SLAB_CELL);
    while (atomic_load(&helper->mailbox[number % MAILBOX]))
        test_yield();
    atomic_store(&helper->mailbox[number % MAILBOX], cell);
}

static void test_cells_that_many_threads_return_all_come_back(void **state)
{
    struct field *field = *state;
    struct helper *helpers = test_calloc(HELPERS, sizeof *helpers);
    for (int i = 0; i < HELPERS; i++) {
        rovei_slab_init(&helpers[i].slab, SLAB_CELL, &field->allocator);
        assert_int_equal(pthread_create(&helpers[i].thread, NULL, helper_run, &helpers[i]), 0);
    }
    for (int i = 0; i < HANDED; i++)
        for (int j = 0; j < HELPERS; j++)
            helper_hand(&helpers[j], i, slab_allocate(&field->mine));
    for (int i = 0; i < HELPERS; i++)
        pthread_join(helpers[i].thread, NULL);
    /* What was on its way at one time fits in a chunk, so there was no need for another; and now all of it is free. */
    assert_int_equal(field->purse.allocations, 1);
    allocate(field, &field->mine, 0, CHUNK / SLAB_CELL - 1);
    expect_intact(field, 0, CHUNK / SLAB_CELL - 1);
    assert_int_equal(field->purse.allocations, 1);
    test_free(helpers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_slab_takes_no_memory_before_its_first_cell, init, fini),
        cmocka_unit_test_setup_teardown(test_cells_are_apart, init, fini),
        cmocka_unit_test_setup_teardown(test_a_cell_that_was_freed_here_comes_back_first, init, fini),
        cmocka_unit_test_setup_teardown(test_cells_are_used_again_without_new_memory, init, fini),
        cmocka_unit_test_setup_teardown(test_a_cell_that_ends_elsewhere_goes_home, init, fini),
        cmocka_unit_test_setup_teardown(test_a_slab_without_memory_gives_null_and_recovers, init, fini),
        cmocka_unit_test_setup_teardown(test_cells_that_many_threads_return_all_come_back, init, fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
