/*
 * Delays: cells come out by their times, whatever else was taken out before.
 */
#include "runtime/pool/delays.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MANY = 100000 };

static struct pool_cell *take_first(struct pool_delays *delays)
{
    struct pool_cell *cell = delays->first;
    assert_non_null(cell);
    assert_true(delays_has(delays, cell));
    rovei_delays_remove(delays, cell);
    assert_false(delays_has(delays, cell));
    assert_null(cell->next);
    assert_null(cell->previous);
    assert_null(cell->child);
    return cell;
}

static void check_order(struct pool_delays *delays, size_t count)
{
    int64_t before = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        int64_t due = take_first(delays)->due;
        assert_true(due >= before);
        before = due;
    }
    assert_null(delays->first);
}

/* All orders of four cells, of which some are due at the same time. */
static void test_few_cells_come_out_in_order_from_any_order(void **state)
{
    (void)state;
    for (int code = 0; code < 256; code++) {
        struct pool_delays delays = {NULL};
        struct pool_cell cells[4] = {
            {.due = code & 3}, {.due = code >> 2 & 3}, {.due = code >> 4 & 3}, {.due = code >> 6}};
        for (int i = 0; i < 4; i++)
            rovei_delays_add(&delays, &cells[i]);
        check_order(&delays, 4);
    }
}

static void test_many_cells_come_out_in_order(void **state)
{
    (void)state;
    struct pool_cell *cells = calloc(MANY, sizeof *cells);
    struct test_random random = test_random_make(1);
    assert_non_null(cells);
    for (int kind = 0; kind < 4; kind++) {
        struct pool_delays delays = {NULL};
        for (int64_t i = 0; i < MANY; i++) {
            int64_t dues[] = {i, MANY - i, 7, (int64_t)test_random_below(&random, MANY)};
            cells[i].due = dues[kind];
            rovei_delays_add(&delays, &cells[i]);
        }
        check_order(&delays, MANY);
    }
    free(cells);
}

/* Against a plain list of who is in. */
static void test_cells_may_be_taken_out_from_anywhere(void **state)
{
    (void)state;
    enum { CELLS = 64, STEPS = 200000 };
    struct pool_cell cells[CELLS] = {{.due = 0}};
    bool is_in[CELLS] = {false};
    struct pool_delays delays = {NULL};
    struct test_random random = test_random_make(2);
    for (int step = 0; step < STEPS; step++) {
        uint64_t i = test_random_below(&random, CELLS);
        assert_int_equal(delays_has(&delays, &cells[i]), is_in[i]);
        if (is_in[i]) {
            rovei_delays_remove(&delays, &cells[i]);
        } else {
            cells[i].due = (int64_t)test_random_below(&random, 100);
            rovei_delays_add(&delays, &cells[i]);
        }
        is_in[i] = !is_in[i];
        int64_t least = INT64_MAX;
        for (int k = 0; k < CELLS; k++)
            if (is_in[k] && cells[k].due < least)
                least = cells[k].due;
        assert_int_equal(delays.first ? delays.first->due : INT64_MAX, least);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_cells_come_out_in_order_from_any_order),
        cmocka_unit_test(test_many_cells_come_out_in_order),
        cmocka_unit_test(test_cells_may_be_taken_out_from_anywhere),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
