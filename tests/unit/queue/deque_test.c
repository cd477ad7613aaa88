/*
 * The deque, by one thread that plays all parts: what each operation does, at which slots and indices, and what it
 * leaves behind. That it also holds with several threads is shown by model.deque and stress.deque.
 */
#include "tests/unit/queue/field.h"

enum { ROUNDS = 5000 };

static void test_a_new_deque_is_empty(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 7);
    assert_ptr_equal(field.deque.first, field.slots);
    assert_int_equal(field.deque.end, (uintptr_t)(field.slots + 4));
    assert_int_equal(field.deque.limit, field.deque.end);
    expect_empty(&field, 0, 7);
}

static void test_pop_takes_newest_first(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 3);
    for (int i = 2; i >= 0; i--)
        assert_ptr_equal(deque_pop(&field.deque), &field.tasks[i]);
    assert_null(deque_pop(&field.deque));
}

static void test_a_push_stores_the_task_and_moves_the_bottom(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    for (int i = 0; i < 3; i++) {
        assert_false(push(&field, &field.tasks[i]));
        assert_ptr_equal(field.slots[i].task, &field.tasks[i]);
        expect_ends(&field, 0, 0, i + 1);
    }
}

static void test_pop_of_an_empty_deque_finds_nothing_and_changes_nothing(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, -3);
    for (int i = 0; i < 3; i++)
        assert_null(deque_pop(&field.deque));
    expect_empty(&field, 0, -3);
    deque_publish(&field.deque);
    assert_null(deque_pop(&field.deque));
    expect_empty(&field, 0, -3);
}

static void test_what_is_private_is_not_stolen(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 2);
    assert_null(steal(&field));
    assert_false(deque_has_public(&field.deque));
    assert_true(deque_hides_tasks(&field.deque));
}

static void test_a_private_task_is_taken_without_the_slow_path(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 2);
    assert_true(rovei_deque_take(&field.deque, field.slots + 1));
    assert_true(rovei_deque_take(&field.deque, field.slots));
    expect_empty(&field, 0, 0);
    push_many(&field, 2);
    deque_publish(&field.deque);
    push(&field, &field.tasks[2]);
    assert_true(rovei_deque_take(&field.deque, field.slots + 2));
    assert_false(rovei_deque_take(&field.deque, field.slots + 1));
    assert_true(deque_take_slow(&field.deque, field.slots + 1));
    assert_true(take(&field, &field.tasks[0]));
}

static void test_thieves_get_the_oldest_first(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 3);
    deque_publish(&field.deque);
    assert_true(deque_has_public(&field.deque));
    assert_false(deque_hides_tasks(&field.deque));
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_ptr_equal(steal(&field), &field.tasks[1]);
    expect_ends(&field, 2, 3, 3);
    assert_true(take(&field, &field.tasks[2]));
    expect_empty(&field, 2, 3);
}

/* Joins seven public tasks and looks where the public part then ends. */
static void test_what_is_public_is_taken_back_in_halves(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 16, 0);
    push_many(&field, 7);
    deque_publish(&field.deque);
    expect_ends(&field, 0, 7, 7);
    assert_true(take(&field, &field.tasks[6]));
    expect_ends(&field, 0, 3, 6);
    for (int i = 5; i >= 3; i--)
        assert_true(rovei_deque_take(&field.deque, field.slots + i));
    assert_true(take(&field, &field.tasks[2]));
    expect_ends(&field, 0, 1, 2);
    assert_true(rovei_deque_take(&field.deque, field.slots + 1));
    assert_true(take(&field, &field.tasks[0])); /* the last one is disputed: its index is used up, its slot is not */
    expect_empty(&field, 0, 1);
}

/* The half is counted in slots from where `top` lies, not in indices and not in bytes. */
static void test_the_half_is_rounded_up_to_a_slot(void **state)
{
    (void)state;
    rove_slot slots[8];
    uintptr_t first = (uintptr_t)slots;
    static const int halves[] = {0, 1, 1, 2, 2, 3, 3, 4};
    for (int i = 0; i < 8; i++)
        assert_int_equal(deque_half(first, first + (uintptr_t)i * sizeof *slots),
                         first + (uintptr_t)halves[i] * sizeof *slots);
    assert_int_equal(deque_half((uintptr_t)(slots + 5), (uintptr_t)(slots + 3)), (uintptr_t)(slots + 3));
}

/* The owner's guess of `top` is old: the half that it takes back begins below what was stolen. */
static void test_halving_goes_on_from_what_was_stolen(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 16, 0);
    push_many(&field, 8);
    deque_publish(&field.deque);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(steal(&field), &field.tasks[i]);
    assert_true(take(&field, &field.tasks[7])); /* 4, 5 and 6 are left: one goes back */
    expect_ends(&field, 4, 6, 7);
    assert_true(take(&field, &field.tasks[6]));
    assert_true(take(&field, &field.tasks[5]));
    expect_ends(&field, 4, 5, 5);
    assert_ptr_equal(steal(&field), &field.tasks[4]);
    for (int i = 4; i >= 0; i--) {
        assert_false(take(&field, &field.tasks[i]));
        expect_ends(&field, i, i, i);
    }
}

/* What was stolen is joined at its slot, and there the deque goes on, with an index that nobody has had. */
static void test_a_join_after_a_theft_says_so_and_goes_on_at_its_slot(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 10);
    push_many(&field, 3);
    deque_publish(&field.deque);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(steal(&field), &field.tasks[i]);
    expect_ends(&field, 3, 3, 3);
    for (int i = 2; i >= 0; i--) {
        assert_false(rovei_deque_take(&field.deque, field.slots + i));
        assert_false(deque_take_slow(&field.deque, field.slots + i));
        expect_empty(&field, i, 13 + 3 - i); /* each one counts on */
    }
    push_many(&field, 1);
    assert_ptr_equal(field.tasks[0].slot, field.slots);
    assert_true(rovei_deque_take(&field.deque, field.slots));
}

static void test_a_pop_after_all_was_stolen_goes_back_to_the_first_slot(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, -3);
    push_many(&field, 3);
    deque_publish(&field.deque);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(steal(&field), &field.tasks[i]);
    expect_ends(&field, 3, 3, 3);
    assert_null(deque_pop(&field.deque));
    expect_empty(&field, 0, 1);
    assert_null(deque_pop(&field.deque)); /* there already */
    expect_empty(&field, 0, 1);
    push_many(&field, 1);
    deque_publish(&field.deque);
    expect_ends(&field, 0, 1, 1);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
}

/* The owner pops down to a slot in the middle, where the dispute for the last public task is. */
static void test_a_pop_of_the_last_public_task_stays_at_its_slot(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, 0);
    push_many(&field, 3);
    deque_publish(&field.deque);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_ptr_equal(deque_pop(&field.deque), &field.tasks[2]);
    assert_ptr_equal(deque_pop(&field.deque), &field.tasks[1]);
    expect_empty(&field, 1, 2);
    assert_null(deque_pop(&field.deque));
    expect_empty(&field, 0, 3);
}

static void test_only_the_oldest_is_gone_when_one_was_stolen(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, 0);
    push_many(&field, 5);
    deque_publish(&field.deque);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    for (int i = 4; i > 0; i--)
        assert_true(take(&field, &field.tasks[i]));
    assert_false(take(&field, &field.tasks[0]));
    assert_ptr_equal(field.deque.bottom, field.slots);
}

/* An index is used once: a thief that has read `top` before the deque went on elsewhere must fail to take it. */
static void test_no_index_is_used_twice(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, 0);
    int64_t last = -1;
    for (int i = 0; i < 100; i++) {
        push_many(&field, 1 + i % 5);
        deque_publish(&field.deque);
        assert_true(field.deque.top > last);
        last = field.deque.top;
        for (int stolen = 0; stolen < i % 4 && stolen <= i % 5; stolen++)
            last = field.deque.top + (steal(&field) ? 0 : 1);
        for (int j = i % 5; j >= 0; j--)
            take(&field, &field.tasks[j]);
        assert_ptr_equal(field.deque.bottom, field.slots);
    }
}

static void test_a_doorbell_is_heard_at_the_next_push_and_once(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, 0);
    assert_false(push(&field, &field.tasks[0]));
    deque_ring_doorbell(&field.deque);
    deque_ring_doorbell(&field.deque);
    assert_int_equal(field.deque.limit, DEQUE_HUNGRY);
    assert_true(push(&field, &field.tasks[1]));
    assert_false(deque_is_full(&field.deque));
    deque_publish(&field.deque);
    assert_int_equal(field.deque.limit, field.deque.end);
    expect_ends(&field, 0, 2, 2);
    assert_false(push(&field, &field.tasks[2]));
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_ptr_equal(steal(&field), &field.tasks[1]);
    assert_null(steal(&field));
}

/* A few tasks at a time, stolen or popped, up the slots and back to the first one again and again. */
static void go_on(int64_t first)
{
    struct field field;
    field_init(&field, TASKS, first);
    int64_t index = first;
    for (int i = 0; i < ROUNDS; i++) {
        int count = 1 + i % 3, stolen = i % 5 < count ? i % 5 : count;
        if (field.deque.bottom > field.slots + TASKS - 3)
            assert_null(deque_pop(&field.deque));
        rove_slot *base = field.deque.bottom;
        push_many(&field, count);
        deque_publish(&field.deque);
        assert_true(field.deque.top >= index);
        index = field.deque.top;
        assert_int_equal(deque_place(field.deque.origin, index), (uintptr_t)base);
        for (int j = 0; j < stolen; j++)
            assert_ptr_equal(steal(&field), &field.tasks[j]);
        for (int j = count - 1; j >= stolen; j--)
            assert_ptr_equal(deque_pop(&field.deque), &field.tasks[j]);
        index += stolen;
    }
    assert_true(field.deque.top - first > ROUNDS);
    assert_true(field.deque.top - first < 4 * ROUNDS);
}

static void test_indices_may_begin_anywhere(void **state)
{
    (void)state;
    static const int64_t firsts[] = {INT64_MIN,
                                     INT64_MIN / 2,
                                     -10000,
                                     -3,
                                     -1,
                                     0,
                                     1,
                                     (INT64_C(1) << 32) - 5,
                                     (INT64_C(1) << 61) - 5,
                                     (int64_t)DEQUE_TOKENS - 5,
                                     INT64_MAX - 20000};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
        go_on(firsts[i]);
}

/* Indices and tokens have nothing to do with each other. */
static void test_indices_beyond_the_tokens_work(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, (int64_t)DEQUE_TOKENS + 1);
    push_many(&field, 7);
    assert_true(force(&field));
    expect_ends(&field, 0, 7, 7);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    for (int i = 6; i > 0; i--)
        assert_true(take(&field, &field.tasks[i]));
    assert_false(take(&field, &field.tasks[0]));
    assert_true(field.deque.top > (int64_t)DEQUE_TOKENS);
}

/* The origin of a deque lies wherever its arithmetic puts it, below zero too; places are right all the same. */
static void test_a_place_is_where_its_index_lies(void **state)
{
    (void)state;
    rove_slot slots[4];
    static const int64_t indices[] = {0, 1, -1, INT64_C(1) << 40, INT64_C(1) << 62, -(INT64_C(1) << 62), INT64_MIN};
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) {
        struct rovei_deque deque;
        deque_init(&deque, slots, slots + 3, indices[i]);
        for (int j = 0; j < 4; j++)
            assert_int_equal(deque_place(deque.origin, indices[i] + j), (uintptr_t)(slots + j));
        deque_restart(&deque, slots + 2, indices[i] + 7);
        assert_int_equal(deque_place(deque.origin, indices[i] + 7), (uintptr_t)(slots + 2));
        assert_int_equal(deque_place(deque.origin, indices[i] + 5), (uintptr_t)slots);
    }
}

static void test_lines_are_apart(void **state)
{
    (void)state;
    assert_int_equal(offsetof(struct rovei_deque, bottom), 0);
    assert_int_equal(offsetof(struct rovei_deque, split), ROVEI_LINE);
    assert_int_equal(offsetof(struct rovei_deque, top), 2 * ROVEI_LINE);
    assert_int_equal(sizeof(struct rovei_deque), 3 * ROVEI_LINE);
    assert_int_equal(ROVEI_LINE, 128);
    assert_true(offsetof(struct rovei_deque, end) < 2 * ROVEI_LINE);
    assert_int_equal(sizeof(rove_slot), sizeof(rove_task *));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_deque_is_empty),
        cmocka_unit_test(test_pop_takes_newest_first),
        cmocka_unit_test(test_a_push_stores_the_task_and_moves_the_bottom),
        cmocka_unit_test(test_pop_of_an_empty_deque_finds_nothing_and_changes_nothing),
        cmocka_unit_test(test_what_is_private_is_not_stolen),
        cmocka_unit_test(test_a_private_task_is_taken_without_the_slow_path),
        cmocka_unit_test(test_thieves_get_the_oldest_first),
        cmocka_unit_test(test_what_is_public_is_taken_back_in_halves),
        cmocka_unit_test(test_the_half_is_rounded_up_to_a_slot),
        cmocka_unit_test(test_halving_goes_on_from_what_was_stolen),
        cmocka_unit_test(test_a_join_after_a_theft_says_so_and_goes_on_at_its_slot),
        cmocka_unit_test(test_a_pop_after_all_was_stolen_goes_back_to_the_first_slot),
        cmocka_unit_test(test_a_pop_of_the_last_public_task_stays_at_its_slot),
        cmocka_unit_test(test_only_the_oldest_is_gone_when_one_was_stolen),
        cmocka_unit_test(test_no_index_is_used_twice),
        cmocka_unit_test(test_a_doorbell_is_heard_at_the_next_push_and_once),
        cmocka_unit_test(test_indices_may_begin_anywhere),
        cmocka_unit_test(test_indices_beyond_the_tokens_work),
        cmocka_unit_test(test_a_place_is_where_its_index_lies),
        cmocka_unit_test(test_lines_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
