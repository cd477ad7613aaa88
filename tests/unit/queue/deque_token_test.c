/*
 * The deque when a thief publishes for its owner: tokens that are met, answered, overwritten, or withdrawn. One thread
 * plays all parts; what happens while the thief is at its barrier is done by the barrier.
 */
#include "tests/unit/queue/field.h"

static void test_a_thief_publishes_for_a_busy_owner(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, -1);
    push_many(&field, 2);
    assert_true(force(&field));
    expect_ends(&field, 0, 2, 2);
    assert_int_equal(field.deque.top, -1);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_true(take(&field, &field.tasks[1]));
    assert_false(take(&field, &field.tasks[0]));
}

static void test_forcing_an_empty_deque_does_nothing(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 5);
    assert_false(deque_hides_tasks(&field.deque));
    assert_false(force(&field));
    expect_empty(&field, 0, 5);
    assert_null(deque_pop(&field.deque));
}

static void test_nobody_forces_where_something_is_public(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 1);
    deque_publish(&field.deque);
    push(&field, &field.tasks[1]);
    assert_false(force(&field));
    expect_ends(&field, 0, 1, 2);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_true(force(&field));
    expect_ends(&field, 1, 2, 2);
}

static void test_a_barrier_that_fails_leaves_everything_private(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 2);
    assert_false(deque_force(&field.deque, field.token++, barrier_fails));
    expect_ends(&field, 0, 0, 2);
    assert_null(steal(&field));
    assert_true(rovei_deque_take(&field.deque, field.slots + 1));
    assert_true(rovei_deque_take(&field.deque, field.slots));
}

/* A barrier has no argument, so what it interrupts lies here. */
static struct field interrupted;

/* The owner joins while the thief is at its barrier: it meets the token. */
static bool barrier_meets_a_join(void)
{
    assert_int_equal(interrupted.deque.split, DEQUE_TOKENS);
    assert_false(deque_has_public(&interrupted.deque));
    assert_false(deque_hides_tasks(&interrupted.deque));
    assert_null(steal(&interrupted));
    assert_false(force(&interrupted));
    assert_true(take(&interrupted, &interrupted.tasks[2]));
    expect_ends(&interrupted, 0, 2, 2);
    return true;
}

static void test_an_owner_that_meets_a_token_answers_it(void **state)
{
    (void)state;
    field_init(&interrupted, 4, 0);
    push_many(&interrupted, 3);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_a_join));
    expect_ends(&interrupted, 0, 2, 2);
    assert_ptr_equal(steal(&interrupted), &interrupted.tasks[0]);
    assert_true(take(&interrupted, &interrupted.tasks[1]));
}

/* The same, and then the barrier fails: what the answer has made public stays so, and the thief puts nothing back. */
static bool barrier_meets_a_join_and_fails(void)
{
    assert_true(take(&interrupted, &interrupted.tasks[2]));
    return false;
}

static void test_an_answer_is_not_undone_by_a_barrier_that_fails(void **state)
{
    (void)state;
    field_init(&interrupted, 4, 0);
    push_many(&interrupted, 3);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_a_join_and_fails));
    expect_ends(&interrupted, 0, 2, 2);
    assert_ptr_equal(steal(&interrupted), &interrupted.tasks[0]);
}

/* The owner rings out of its own accord while the thief is at its barrier. */
static bool barrier_meets_a_publication(void)
{
    deque_publish(&interrupted.deque);
    assert_ptr_equal(steal(&interrupted), &interrupted.tasks[0]);
    return true;
}

static void test_a_publication_replaces_a_token(void **state)
{
    (void)state;
    field_init(&interrupted, 4, 0);
    push_many(&interrupted, 2);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_a_publication));
    expect_ends(&interrupted, 1, 2, 2);
}

/* The owner takes the only task while the thief is at its barrier. */
static bool barrier_meets_the_last_join(void)
{
    assert_true(take(&interrupted, &interrupted.tasks[0]));
    return true;
}

static void test_a_token_on_the_last_task_is_answered(void **state)
{
    (void)state;
    field_init(&interrupted, 4, 0);
    push_many(&interrupted, 1);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_the_last_join));
    expect_empty(&interrupted, 0, 1); /* as if it had been public: nobody can say that it was not */
    assert_null(deque_pop(&interrupted.deque));
}

/* The owner looks for work and finds the deque empty while the thief is at its barrier. */
static bool barrier_meets_an_empty_pop(void)
{
    assert_null(deque_pop(&interrupted.deque));
    assert_int_equal(interrupted.deque.split, DEQUE_TOKENS);
    return true;
}

static void test_a_token_on_an_empty_deque_does_no_harm(void **state)
{
    (void)state;
    field_init(&interrupted, 4, 0);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_an_empty_pop));
    expect_empty(&interrupted, 0, 0);
}

/* All is stolen, the owner finds that out and goes back to the first slot while a thief is at its barrier. */
static bool barrier_meets_a_pop_that_goes_back(void)
{
    assert_null(deque_pop(&interrupted.deque));
    expect_ends(&interrupted, 0, 0, 0); /* no token stands after this */
    push(&interrupted, &interrupted.tasks[3]);
    return true;
}

static void test_a_token_does_not_survive_the_way_back(void **state)
{
    (void)state;
    field_init(&interrupted, 8, 0);
    push_many(&interrupted, 3);
    deque_publish(&interrupted.deque);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(steal(&interrupted), &interrupted.tasks[i]);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_a_pop_that_goes_back));
    expect_ends(&interrupted, 0, 0, 1);
    assert_ptr_equal(deque_pop(&interrupted.deque), &interrupted.tasks[3]);
    expect_empty(&interrupted, 0, 4);
}

static void test_a_token_over_public_tasks_hides_them_until_it_is_answered(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, 0);
    push_many(&field, 4);
    deque_publish(&field.deque);
    place_token(&field);
    assert_false(deque_has_public(&field.deque));
    assert_false(deque_hides_tasks(&field.deque));
    assert_null(steal(&field));
    assert_true(take(&field, &field.tasks[3]));
    expect_ends(&field, 0, 3, 3);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
}

/* Under the token, thieves that had looked before it have taken some, the newest but one, or all. */
static void test_a_token_over_public_tasks_is_answered_by_what_is_left(void **state)
{
    (void)state;
    for (int stolen = 0; stolen <= 4; stolen++) {
        struct field field;
        field_init(&field, 8, 20);
        push_many(&field, 4);
        deque_publish(&field.deque);
        for (int i = 0; i < stolen; i++)
            assert_ptr_equal(steal(&field), &field.tasks[i]);
        place_token(&field);
        assert_int_equal(take(&field, &field.tasks[3]), stolen < 4);
        if (stolen < 3)
            expect_ends(&field, stolen, 3, 3);
        else
            expect_empty(&field, 3, stolen == 3 ? 24 : 25);
        for (int i = 2; i >= 0; i--) {
            assert_int_equal(take(&field, &field.tasks[i]), i >= stolen);
            assert_ptr_equal(field.deque.bottom, field.slots + i);
        }
    }
}

static void test_a_publication_replaces_a_token_over_public_tasks(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, 0);
    push_many(&field, 2);
    deque_publish(&field.deque);
    place_token(&field);
    push(&field, &field.tasks[2]);
    deque_publish(&field.deque);
    expect_ends(&field, 0, 3, 3);
}

/* The owner has begun to join what was stolen, and not yet looked at `split`, when the thief comes back. */
static bool barrier_meets_half_a_join(void)
{
    assert_false(rovei_deque_take(&interrupted.deque, interrupted.slots + 2));
    return true;
}

static void test_nothing_is_published_below_what_was_public(void **state)
{
    (void)state;
    field_init(&interrupted, 8, 0);
    push_many(&interrupted, 3);
    deque_publish(&interrupted.deque);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(steal(&interrupted), &interrupted.tasks[i]);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_half_a_join));
    expect_ends(&interrupted, 3, 3, 2);
    assert_false(deque_take_slow(&interrupted.deque, interrupted.slots + 2));
    expect_empty(&interrupted, 2, 4);
}

/* The owner goes on forking while the thief is at its barrier. */
static bool barrier_meets_another_push(void)
{
    push(&interrupted, &interrupted.tasks[3]);
    return true;
}

static void test_what_is_pushed_under_a_token_becomes_public_too(void **state)
{
    (void)state;
    field_init(&interrupted, 8, 0);
    push_many(&interrupted, 3);
    assert_true(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_another_push));
    expect_ends(&interrupted, 0, 4, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thief_publishes_for_a_busy_owner),
        cmocka_unit_test(test_forcing_an_empty_deque_does_nothing),
        cmocka_unit_test(test_nobody_forces_where_something_is_public),
        cmocka_unit_test(test_a_barrier_that_fails_leaves_everything_private),
        cmocka_unit_test(test_an_owner_that_meets_a_token_answers_it),
        cmocka_unit_test(test_an_answer_is_not_undone_by_a_barrier_that_fails),
        cmocka_unit_test(test_a_publication_replaces_a_token),
        cmocka_unit_test(test_a_token_on_the_last_task_is_answered),
        cmocka_unit_test(test_a_token_on_an_empty_deque_does_no_harm),
        cmocka_unit_test(test_a_token_does_not_survive_the_way_back),
        cmocka_unit_test(test_a_token_over_public_tasks_hides_them_until_it_is_answered),
        cmocka_unit_test(test_a_token_over_public_tasks_is_answered_by_what_is_left),
        cmocka_unit_test(test_a_publication_replaces_a_token_over_public_tasks),
        cmocka_unit_test(test_nothing_is_published_below_what_was_public),
        cmocka_unit_test(test_what_is_pushed_under_a_token_becomes_public_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
