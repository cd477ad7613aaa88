/*
 * The deque at the end of its slots: what cannot stay there, and how it is extended. The memory of the slots is in
 * unit.queue.slots.
 */
#include "tests/unit/queue/field.h"

/* What lies at `end` cannot stay: it is taken back if there is no more memory, so nobody may see it. */
static void test_a_push_at_the_end_is_full_and_never_public(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 2, 0);
    assert_false(push(&field, &field.tasks[0]));
    assert_false(push(&field, &field.tasks[1]));
    assert_false(deque_is_full(&field.deque));
    assert_true(push(&field, &field.tasks[2]));
    assert_true(deque_is_full(&field.deque));
    assert_int_equal(deque_public_end(&field.deque, field.deque.bottom), (uintptr_t)(field.slots + 2));
    assert_true(force(&field));
    expect_ends(&field, 0, 2, 3);
    assert_false(deque_hides_tasks(&field.deque));
    assert_true(take(&field, &field.tasks[2])); /* the push is undone */
    expect_ends(&field, 0, 2, 2);
    deque_publish(&field.deque);
    expect_ends(&field, 0, 2, 2);
    assert_ptr_equal(deque_pop(&field.deque), &field.tasks[1]);
    assert_ptr_equal(deque_pop(&field.deque), &field.tasks[0]);
    assert_null(deque_pop(&field.deque));
}

static void test_a_push_at_the_end_can_be_undone_under_a_token(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 2, 0);
    push_many(&field, 3);
    place_token(&field);
    assert_false(rovei_deque_take(&field.deque, field.slots + 2));
    assert_true(deque_take_slow(&field.deque, field.slots + 2));
    assert_int_equal(field.deque.split, DEQUE_TOKENS + 5); /* it is not answered: nothing was taken */
    assert_true(take(&field, &field.tasks[1]));
    expect_ends(&field, 0, 1, 1);
}

/* A hungry thief is heard at the end too, and gets what is queued. */
static void test_a_publication_at_the_end_leaves_out_what_cannot_stay(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 2, 0);
    push_many(&field, 2);
    deque_ring_doorbell(&field.deque);
    assert_true(push(&field, &field.tasks[2]));
    deque_publish(&field.deque);
    expect_ends(&field, 0, 2, 3);
    assert_int_equal(field.deque.limit, field.deque.end);
    assert_true(take(&field, &field.tasks[2]));
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_true(take(&field, &field.tasks[1]));
    assert_false(take(&field, &field.tasks[0]));
}

/* Tasks that are not queued are forked, and joined, at the end. What is queued below stays, public or not. */
static void test_joins_at_the_end_run_their_tasks(void **state)
{
    (void)state;
    for (int stolen = -1; stolen <= 2; stolen++) { /* -1: all is private */
        struct field field;
        field_init(&field, 2, 0);
        push_many(&field, 2);
        if (stolen >= 0)
            deque_publish(&field.deque);
        for (int i = 0; i < stolen; i++)
            assert_ptr_equal(steal(&field), &field.tasks[i]);
        for (int i = 2; i < 9; i++) {
            assert_true(push(&field, &field.tasks[i]));
            assert_true(take(&field, &field.tasks[i]));
        }
        for (int i = 8; i >= 2; i--) {
            assert_true(take(&field, &field.tasks[i]));
            assert_false(stolen == 2 && deque_has_public(&field.deque));
            assert_ptr_equal(field.deque.bottom, field.slots + 2);
        }
        for (int i = 1; i >= 0; i--)
            assert_int_equal(take(&field, &field.tasks[i]), i >= stolen);
        assert_ptr_equal(field.deque.bottom, field.slots);
    }
}

/* The way back to the first slot makes room: what is pushed after it is queued. */
static void test_a_pop_makes_room_when_all_was_stolen(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 2, 0);
    push_many(&field, 2);
    deque_publish(&field.deque);
    for (int i = 0; i < 2; i++)
        assert_ptr_equal(steal(&field), &field.tasks[i]);
    assert_true(push(&field, &field.tasks[2]));
    assert_true(deque_is_full(&field.deque));
    assert_ptr_equal(deque_pop(&field.deque), &field.tasks[2]);
    assert_null(deque_pop(&field.deque));
    expect_empty(&field, 0, 3);
    assert_false(push(&field, &field.tasks[2]));
}

static void test_an_extension_makes_room_and_keeps_everything(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 2, 0);
    push_many(&field, 3);
    assert_true(deque_is_full(&field.deque));
    deque_extend(&field.deque, field.slots + 5);
    assert_false(deque_is_full(&field.deque));
    assert_int_equal(field.deque.end, (uintptr_t)(field.slots + 5));
    assert_int_equal(field.deque.limit, field.deque.end);
    deque_publish(&field.deque);
    expect_ends(&field, 0, 3, 3); /* what lay at the old end stays, and is public like the rest */
    assert_false(push(&field, &field.tasks[3]));
    assert_false(push(&field, &field.tasks[4]));
    assert_true(push(&field, &field.tasks[5]));
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(steal(&field), &field.tasks[i]);
    for (int i = 5; i >= 3; i--)
        assert_true(take(&field, &field.tasks[i]));
    for (int i = 2; i >= 0; i--)
        assert_false(take(&field, &field.tasks[i]));
}

static void test_an_extension_keeps_a_doorbell(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 1, 0);
    deque_ring_doorbell(&field.deque);
    push_many(&field, 2);
    assert_true(deque_is_full(&field.deque));
    deque_extend(&field.deque, field.slots + 4);
    assert_int_equal(field.deque.limit, DEQUE_HUNGRY);
    assert_true(push(&field, &field.tasks[2]));
    deque_publish(&field.deque);
    assert_int_equal(field.deque.limit, (uintptr_t)(field.slots + 4));
    assert_false(push(&field, &field.tasks[3]));
    expect_ends(&field, 0, 3, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_push_at_the_end_is_full_and_never_public),
        cmocka_unit_test(test_a_push_at_the_end_can_be_undone_under_a_token),
        cmocka_unit_test(test_a_publication_at_the_end_leaves_out_what_cannot_stay),
        cmocka_unit_test(test_joins_at_the_end_run_their_tasks),
        cmocka_unit_test(test_a_pop_makes_room_when_all_was_stolen),
        cmocka_unit_test(test_an_extension_makes_room_and_keeps_everything),
        cmocka_unit_test(test_an_extension_keeps_a_doorbell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
