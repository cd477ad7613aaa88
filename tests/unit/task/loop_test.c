/*
 * Loops with options, over planes and over arrays: every index, cell and element exactly once, cut as was asked for,
 * whatever the size and the number of workers; and how soon a hungry worker gets its half.
 */
#include "runtime/task/range.h"

#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, WORKERS_MOST = 8, ROUNDS = 400 };

/* A loop with options, whose body checks where it is cut. */
struct stepped {
    struct test_once once;
    int64_t begin;
    int64_t end;
    rove_loop options;
};

static void stepped_body(int64_t begin, int64_t end, void *arg)
{
    struct stepped *loop = arg;
    int64_t stride = loop->options.stride ? loop->options.stride : 1;
    int64_t unit = loop->options.grain ? loop->options.grain * stride : stride;
    TEST_CHECK(begin < end && begin >= loop->begin && end <= loop->end, "%lld to %lld", (long long)begin,
               (long long)end);
    TEST_CHECK((begin - loop->begin) % unit == 0, "cut at %lld", (long long)begin);
    TEST_CHECK(end == loop->end || (end - loop->begin) % unit == 0, "cut at %lld", (long long)end);
    for (int64_t i = begin; i < end; i += stride)
        test_once_mark(&loop->once, (i - loop->begin) / stride);
}

static void stepped_check(int64_t begin, int64_t length, int64_t stride, int64_t grain)
{
    struct stepped loop = {.begin = begin, .end = begin + length, .options = {.stride = stride, .grain = grain}};
    int64_t step = stride ? stride : 1;
    test_once_init(&loop.once, (length + step - 1) / step);
    TEST_CHECK(rove_for_with(begin, begin + length, stepped_body, &loop, &loop.options) == ROVE_OK,
               "%lld indices by %lld, grain %lld", (long long)length, (long long)stride, (long long)grain);
    test_once_check(&loop.once);
    test_once_fini(&loop.once);
}

static void random_steps(void *arg)
{
    struct test_random *random = arg;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t length = (int64_t)test_random_below(random, round % 20 == 0 ? 50000 : 60);
        int64_t stride = (int64_t)test_random_below(random, 6);
        int64_t grain = (int64_t)test_random_below(random, round % 3 ? 5 : 100);
        stepped_check((int64_t)test_random_below(random, 100) - 50, length, stride, grain);
    }
}

/* Calls fn(random) in runtimes of all sizes, and from a thread that is no worker. */
static void on_all_runtimes(void (*fn)(void *arg))
{
    for (int workers = 1; workers <= WORKERS_MOST; workers++) {
        struct test_random random = test_random_make((uint64_t)workers);
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, fn, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    struct test_random random = test_random_make(0);
    fn(&random);
}

static void test_a_loop_is_cut_at_its_grain_and_stride(void **state)
{
    (void)state;
    on_all_runtimes(random_steps);
}

/* How many indices there were, and how many ranges. */
struct ranges {
    _Atomic uint64_t indices;
    atomic_int count;
};

static void add_ranges(int64_t begin, int64_t end, void *arg)
{
    struct ranges *ranges = arg;
    atomic_fetch_add(&ranges->indices, (uint64_t)end - (uint64_t)begin);
    atomic_fetch_add(&ranges->count, 1);
}

static void test_the_longest_strides_and_grains_do_not_overflow(void **state)
{
    (void)state;
    static const struct {
        rove_loop options;
        int ranges; /* how many there must be; 0: any number */
    } cases[] = {
        {{INT64_MAX, 0}, 1},
        {{0, INT64_MAX}, 1},
        {{INT64_MAX, INT64_MAX}, 1},
        {{INT64_MAX - 1, 0}, 2},
        {{1, INT64_MAX - 1}, 2},
        {{INT64_MAX / 2, 3}, 1},
        {{3, INT64_MAX / 2}, 1},
        {{1, 1}, 0},
        {{2, 0}, 0},
        {{INT64_MAX / 2, 0}, 3},
    };
    static const int64_t begins[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t j = 0; j < sizeof begins / sizeof *begins; j++) {
            struct ranges ranges = {0};
            int64_t end = (int64_t)((uint64_t)begins[j] + INT64_MAX);
            assert_int_equal(rove_for_with(begins[j], end, add_ranges, &ranges, &cases[i].options), ROVE_OK);
            assert_true(ranges.indices == INT64_MAX);
            assert_true(cases[i].ranges == 0 || ranges.count <= cases[i].ranges);
        }
    }
}

static void range_must_not_run(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    TEST_CHECK(false, "called with %lld to %lld", (long long)begin, (long long)end);
}

static void test_options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    assert_int_equal(rove_for_with(0, 9, range_must_not_run, NULL, &(rove_loop){.stride = -1}), ROVE_INVALID);
    assert_int_equal(rove_for_with(0, 9, range_must_not_run, NULL, &(rove_loop){.grain = -1}), ROVE_INVALID);
    assert_int_equal(rove_for_with(0, 9, NULL, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_with(-1, INT64_MAX, range_must_not_run, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_with(9, 9, range_must_not_run, NULL, NULL), ROVE_OK);
    assert_int_equal(rove_for_with(9, 0, range_must_not_run, NULL, &(rove_loop){3, 4}), ROVE_OK);
    struct ranges ranges = {0};
    assert_int_equal(rove_for_with(3, 10, add_ranges, &ranges, NULL), ROVE_OK);
    assert_true(ranges.indices == 7);
}

/* A plane whose cells are marked. */
struct plane {
    struct test_once once;
    rove_tile whole;
    int64_t rows; /* of a tile; 0: any */
    int64_t columns;
};

static void plane_check_tile(const struct plane *plane, const rove_tile *tile)
{
    const rove_tile *whole = &plane->whole;
    TEST_CHECK(tile->row_begin < tile->row_end && tile->column_begin < tile->column_end, "an empty tile");
    TEST_CHECK(tile->row_begin >= whole->row_begin && tile->row_end <= whole->row_end &&
                   tile->column_begin >= whole->column_begin && tile->column_end <= whole->column_end,
               "a tile that is not inside");
    if (plane->rows == 0) {
        bool is_wide = tile->column_begin == whole->column_begin && tile->column_end == whole->column_end;
        TEST_CHECK(is_wide || tile->row_end - tile->row_begin == 1, "neither whole rows nor a part of one");
        return;
    }
    TEST_CHECK((tile->row_begin - whole->row_begin) % plane->rows == 0 &&
                   (tile->column_begin - whole->column_begin) % plane->columns == 0,
               "a tile that is shifted");
    TEST_CHECK(tile->row_end == whole->row_end || tile->row_end - tile->row_begin == plane->rows, "its rows");
    TEST_CHECK(tile->column_end == whole->column_end || tile->column_end - tile->column_begin == plane->columns,
               "its columns");
}

static void plane_body(const rove_tile *tile, void *arg)
{
    struct plane *plane = arg;
    int64_t across = plane->whole.column_end - plane->whole.column_begin;
    plane_check_tile(plane, tile);
    for (int64_t row = tile->row_begin; row < tile->row_end; row++)
        for (int64_t column = tile->column_begin; column < tile->column_end; column++)
            test_once_mark(&plane->once, (row - plane->whole.row_begin) * across + column - plane->whole.column_begin);
}

static void plane_check(int64_t row, int64_t column, int64_t height, int64_t width, int64_t rows, int64_t columns)
{
    struct plane plane = {.whole = {row, row + height, column, column + width}, .rows = rows, .columns = columns};
    test_once_init(&plane.once, height * width);
    TEST_CHECK(rove_for_2d(&plane.whole, rows, columns, plane_body, &plane) == ROVE_OK, "%lld x %lld",
               (long long)height, (long long)width);
    test_once_check(&plane.once);
    test_once_fini(&plane.once);
}

static void random_planes(void *arg)
{
    struct test_random *random = arg;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t side = round % 20 == 0 ? 300 : 12;
        int64_t height = (int64_t)test_random_below(random, side), width = (int64_t)test_random_below(random, side);
        int64_t rows = 1 + (int64_t)test_random_below(random, 7), columns = 1 + (int64_t)test_random_below(random, 7);
        bool is_given = test_random_below(random, 2);
        plane_check((int64_t)test_random_below(random, 9) - 4, (int64_t)test_random_below(random, 9) - 4, height, width,
                    is_given ? rows : 0, is_given ? columns : 0);
    }
    plane_check(0, 0, 1, 100000, 0, 0);
    plane_check(0, 0, 100000, 1, 0, 0);
    plane_check(INT64_MAX - 5, INT64_MIN, 5, 70, 3, 64);
}

static void test_a_plane_is_covered_by_tiles(void **state)
{
    (void)state;
    on_all_runtimes(random_planes);
}

static void add_tile(const rove_tile *tile, void *arg)
{
    atomic_fetch_add((_Atomic uint64_t *)arg,
                     (uint64_t)(tile->row_end - tile->row_begin) * (uint64_t)(tile->column_end - tile->column_begin));
}

static void test_the_largest_planes_do_not_overflow(void **state)
{
    (void)state;
    static const struct {
        rove_tile whole;
        int64_t rows, columns;
    } planes[] = {
        {{0, INT64_MAX, 0, 1}, 0, 0},
        {{INT64_MIN, -1, 7, 8}, 0, 0},
        {{7, 8, -1, INT64_MAX - 1}, 0, 0},
        {{0, INT64_MAX, 0, 1}, INT64_MAX - 1, 1},
        {{0, 1, INT64_MIN, -1}, INT64_MAX, INT64_MAX},
        {{0, 1, 0, INT64_MAX}, 2, INT64_MAX / 2},
    };
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) {
        _Atomic uint64_t cells = 0;
        assert_int_equal(rove_for_2d(&planes[i].whole, planes[i].rows, planes[i].columns, add_tile, &cells), ROVE_OK);
        assert_true(cells == INT64_MAX);
    }
}

static void tile_must_not_run(const rove_tile *tile, void *arg)
{
    (void)arg;
    TEST_CHECK(false, "called with row %lld", (long long)tile->row_begin);
}

static void test_planes_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const rove_tile plane = {0, 9, 0, 9}, empty = {0, 9, 5, 5}, upside_down = {9, 0, 0, 9};
    const rove_tile tall = {-1, INT64_MAX, 0, 1}, wide = {0, 1, INT64_MIN, INT64_MAX},
                    large = {0, 1L << 32, 0, 1L << 32};
    assert_int_equal(rove_for_2d(NULL, 1, 1, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&plane, 1, 1, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&plane, -1, 1, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&plane, 1, -1, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&plane, 1, 0, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&plane, 0, 1, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&tall, 1, 1, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&wide, 1, 1, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&large, 0, 0, tile_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_2d(&empty, 1, 1, tile_must_not_run, NULL), ROVE_OK);
    assert_int_equal(rove_for_2d(&upside_down, 0, 0, tile_must_not_run, NULL), ROVE_OK);
}

/* Elements of an awkward size. */
struct element {
    unsigned char runs;
    char number[6];
};

static void element_visit(void *element, void *arg)
{
    struct element *self = element;
    TEST_CHECK(self->number[0] == 'e' && arg == (void *)&element_visit, "no element of ours");
    self->runs++;
}

static void each_element(void *arg)
{
    (void)arg;
    for (size_t count = 0; count < 50000; count = count < 40 ? count + 1 : count * 2) {
        struct element *elements = calloc(count + 1, sizeof *elements);
        TEST_CHECK(elements, "no memory");
        for (size_t i = 0; i < count; i++)
            elements[i].number[0] = 'e';
        TEST_CHECK(rove_for_each(elements, count, sizeof *elements, element_visit, (void *)&element_visit) == ROVE_OK,
                   "%zu elements", count);
        for (size_t i = 0; i <= count; i++)
            TEST_CHECK(elements[i].runs == (i < count), "element %zu of %zu: %d", i, count, elements[i].runs);
        free(elements);
    }
}

static void test_each_element_is_visited_once(void **state)
{
    (void)state;
    on_all_runtimes(each_element);
}

static void element_must_not_run(void *element, void *arg)
{
    (void)arg;
    TEST_CHECK(false, "called with %p", element);
}

static void test_arrays_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    char byte;
    assert_int_equal(rove_for_each(&byte, 1, 1, NULL, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_each(NULL, 1, 1, element_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_each(&byte, 1, 0, element_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_each(&byte, SIZE_MAX, 1, element_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_each(&byte, SIZE_MAX / 2, 4, element_must_not_run, NULL), ROVE_INVALID);
    assert_int_equal(rove_for_each(NULL, 0, 0, element_must_not_run, NULL), ROVE_OK);
}

/* A loop with long indices: the first ones go on until somebody is hungry, or has got something already; the others
 * until two workers are in them at the same time, which never happens unless what is left is shared at once. */
struct shared {
    int64_t alone; /* how many indices one worker may have to do alone */
    atomic_int inside;
    atomic_bool is_met;
    atomic_int handled;
    atomic_int first_worker;
    atomic_llong first_stolen; /* the first index of the worker that did not begin the loop */
};

static struct shared shared_make(int64_t alone)
{
    return (struct shared){.alone = alone, .first_worker = rove_worker_id(), .first_stolen = -1};
}

static void shared_index(struct shared *shared, int64_t index)
{
    int64_t begin = rove_clock();
    long long none = -1;
    if (rove_worker_id() != shared->first_worker)
        atomic_compare_exchange_strong(&shared->first_stolen, &none, index);
    while (index < shared->alone && atomic_load(&shared->inside) == 0 &&
           (!range_is_wanted() || rove_clock() - begin < ROVE_MILLISECOND))
        test_yield();
    if (index >= shared->alone) {
        if (atomic_fetch_add(&shared->inside, 1) > 0)
            atomic_store(&shared->is_met, true);
        while (!atomic_load(&shared->is_met))
            test_yield();
        atomic_fetch_sub(&shared->inside, 1);
    }
    atomic_fetch_add(&shared->handled, 1);
}

static void shared_body(int64_t begin, int64_t end, void *arg)
{
    for (int64_t i = begin; i < end; i++)
        shared_index(arg, i);
}

static void shared_tile(const rove_tile *tile, void *arg)
{
    for (int64_t row = tile->row_begin; row < tile->row_end; row++)
        for (int64_t column = tile->column_begin; column < tile->column_end; column++)
            shared_index(arg, row * 3 + column);
}

static void shared_value(int64_t begin, int64_t end, void *value, void *arg)
{
    shared_body(begin, end, arg);
    *(int64_t *)value += end - begin;
}

static void shared_combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(int64_t *)right;
}

/* The worker that begins is done with one or two of the six indices when the other gets the latter half of what is
 * left; of a plane, what begins with the second row. */
static void shared_loops(void *arg)
{
    (void)arg;
    struct shared loop = shared_make(2), plane = shared_make(2), reduced = shared_make(2);
    TEST_CHECK(rove_for(0, 6, shared_body, &loop) == ROVE_OK && loop.handled == 6, "a loop");
    TEST_CHECK(loop.first_stolen == 4, "the other half begins at %lld", loop.first_stolen);
    TEST_CHECK(rove_for_2d(&(rove_tile){0, 2, 0, 3}, 0, 0, shared_tile, &plane) == ROVE_OK && plane.handled == 6,
               "a plane");
    TEST_CHECK(plane.first_stolen == 3, "the other half begins at %lld", plane.first_stolen);
    int64_t zero = 0, count = 0;
    rove_reduction reduction = {sizeof zero, &zero, shared_value, shared_combine, &reduced};
    TEST_CHECK(rove_reduce(0, 6, &reduction, &count) == ROVE_OK && count == 6, "a reduction");
    TEST_CHECK(reduced.first_stolen == 4, "the other half begins at %lld", reduced.first_stolen);
}

static void test_a_hungry_worker_gets_half_of_what_is_left(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_run(runtime, shared_loops, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void loop_for_the_hungry(void *arg)
{
    (void)arg;
    struct shared loop = shared_make(1);
    while (!range_is_wanted())
        test_yield();
    TEST_CHECK(rove_for(0, 3, shared_body, &loop) == ROVE_OK && loop.handled == 3, "a loop");
    TEST_CHECK(loop.first_stolen == 2, "the other half begins at %lld", loop.first_stolen);
}

static void test_a_worker_that_was_hungry_before_waits_for_one_index(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_run(runtime, loop_for_the_hungry, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* Loops that are stopped in the middle. */
struct stopped {
    struct test_once once;
    int64_t at; /* the index that stops the loop */
    bool fails;
    atomic_llong handled;
};

static void stopped_body(int64_t begin, int64_t end, void *arg)
{
    struct stopped *stopped = arg;
    for (int64_t i = begin; i < end; i++) {
        test_once_mark(&stopped->once, i);
        atomic_fetch_add(&stopped->handled, 1);
        if (i == stopped->at && stopped->fails)
            rove_fail(7);
        else if (i == stopped->at)
            rove_scope_cancel(rove_current_scope());
    }
}

/* Nothing is handled twice, and the loop says that it was stopped exactly if something was left out, or if rove_fail was
 * called. */
static void stopped_check(int64_t length, int64_t at, bool fails)
{
    struct stopped stopped = {.at = at, .fails = fails};
    test_once_init(&stopped.once, length);
    rove_status status = rove_for(0, length, stopped_body, &stopped);
    int64_t handled = atomic_load(&stopped.handled);
    TEST_CHECK(status == ROVE_OK || status == (fails ? ROVE_FAILED : ROVE_CANCELED), "%s", rove_status_text(status));
    TEST_CHECK((status == ROVE_OK) == (handled == length && !fails), "%s with %lld of %lld", rove_status_text(status),
               (long long)handled, (long long)length);
    for (int64_t i = 0; i < length; i++)
        TEST_CHECK(stopped.once.runs[i] <= 1, "index %lld twice", (long long)i);
    test_once_fini(&stopped.once);
}

static void random_stops(void *arg)
{
    struct test_random *random = arg;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t length = 1 + (int64_t)test_random_below(random, round % 10 == 0 ? 100000 : 50);
        stopped_check(length, (int64_t)test_random_below(random, (uint64_t)length), test_random_below(random, 2));
    }
}

static void test_a_loop_that_is_stopped_handles_nothing_twice(void **state)
{
    (void)state;
    on_all_runtimes(random_stops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_loop_is_cut_at_its_grain_and_stride),
        cmocka_unit_test(test_the_longest_strides_and_grains_do_not_overflow),
        cmocka_unit_test(test_options_that_make_no_sense_are_refused),
        cmocka_unit_test(test_a_plane_is_covered_by_tiles),
        cmocka_unit_test(test_the_largest_planes_do_not_overflow),
        cmocka_unit_test(test_planes_that_make_no_sense_are_refused),
        cmocka_unit_test(test_each_element_is_visited_once),
        cmocka_unit_test(test_arrays_that_make_no_sense_are_refused),
        cmocka_unit_test(test_a_hungry_worker_gets_half_of_what_is_left),
        cmocka_unit_test(test_a_worker_that_was_hungry_before_waits_for_one_index),
        cmocka_unit_test(test_a_loop_that_is_stopped_handles_nothing_twice),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
