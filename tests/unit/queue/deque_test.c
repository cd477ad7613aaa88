/*
 * The deque, by one thread that plays all parts: what each operation does, at which indices, and what it leaves behind.
 * That it also holds with several threads is shown by model.deque and stress.deque.
 */
#include "runtime/queue/ring.h"

#include <rove/task.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TASKS = 64 };

/* A deque, the tasks that go through it, and a token that is new at each use. */
struct field {
    struct rovei_deque deque;
    rove_task tasks[TASKS];
    int64_t token;
};

static const rove_allocator allocator;

static void field_init(struct field *field, int64_t capacity, int64_t first)
{
    struct rovei_ring *ring = rovei_ring_create(&allocator, capacity);
    assert_non_null(ring);
    deque_init(&field->deque, ring, first);
    field->token = DEQUE_TOKENS;
}

static void field_fini(struct field *field)
{
    rovei_ring_destroy(&allocator, field->deque.ring);
}

/* Pushes and grows where that is needed. Returns whether somebody was hungry; the bell is then not yet answered. */
static bool push(struct field *field, rove_task *task)
{
    if (!rovei_deque_push(&field->deque, task, &task->slot))
        return false;
    if (deque_is_full(&field->deque)) {
        struct rovei_ring *larger = rovei_ring_create(&allocator, 2 * (field->deque.mask + 1));
        assert_non_null(larger);
        deque_grow(&field->deque, larger);
    }
    return field->deque.limit == DEQUE_HUNGRY;
}

static void push_many(struct field *field, int count)
{
    for (int i = 0; i < count; i++)
        push(field, &field->tasks[i]);
}

static bool take(struct field *field, const rove_task *task)
{
    return rovei_deque_take(&field->deque, task->slot) || deque_take_slow(&field->deque, task->slot);
}

static rove_task *steal(struct field *field)
{
    rove_task *task = NULL;
    enum steal_result result = deque_steal(&field->deque, &task);
    assert_int_equal(result, task ? STEAL_OK : STEAL_EMPTY);
    return task;
}

static bool barrier_passes(void)
{
    return true;
}

static bool barrier_fails(void)
{
    return false;
}

static bool force(struct field *field)
{
    return deque_force(&field->deque, field->token++, barrier_passes);
}

static void expect_indices(const struct field *field, int64_t top, int64_t split, int64_t bottom)
{
    assert_int_equal(field->deque.top, top);
    assert_int_equal(field->deque.split, split);
    assert_int_equal(field->deque.bottom, bottom);
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
    field_fini(&field);
}

static void test_pop_of_an_empty_deque_finds_nothing_and_changes_nothing(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 1, -3);
    for (int i = 0; i < 3; i++)
        assert_null(deque_pop(&field.deque));
    expect_indices(&field, -3, -3, -3);
    deque_publish(&field.deque);
    assert_null(deque_pop(&field.deque));
    push_many(&field, 1);
    deque_publish(&field.deque);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_null(deque_pop(&field.deque));
    expect_indices(&field, -2, -2, -2);
    field_fini(&field);
}

static void test_what_is_private_is_not_stolen(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    assert_false(field.deque.bottom > field.deque.split);
    push_many(&field, 2);
    assert_null(steal(&field));
    assert_false(deque_has_public(&field.deque));
    assert_true(field.deque.bottom > field.deque.split);
    assert_true(deque_hides_tasks(&field.deque));
    field_fini(&field);
}

static void test_a_private_task_is_taken_without_the_slow_path(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 2);
    assert_true(rovei_deque_take(&field.deque, 1));
    assert_true(rovei_deque_take(&field.deque, 0));
    expect_indices(&field, 0, 0, 0);
    push_many(&field, 2);
    deque_publish(&field.deque);
    push(&field, &field.tasks[2]);
    assert_true(rovei_deque_take(&field.deque, 2));
    assert_false(rovei_deque_take(&field.deque, 1));
    assert_true(deque_take_slow(&field.deque, 1));
    assert_true(take(&field, &field.tasks[0]));
    field_fini(&field);
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
    assert_true(take(&field, &field.tasks[2]));
    assert_null(steal(&field));
    expect_indices(&field, 3, 3, 3);
    field_fini(&field);
}

/* Joins seven public tasks and looks where the public part then ends. */
static void test_what_is_public_is_taken_back_in_halves(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 16, 0);
    push_many(&field, 7);
    deque_publish(&field.deque);
    expect_indices(&field, 0, 7, 7);
    assert_true(take(&field, &field.tasks[6]));
    expect_indices(&field, 0, 3, 6);
    for (int i = 5; i >= 3; i--)
        assert_true(rovei_deque_take(&field.deque, i));
    assert_true(take(&field, &field.tasks[2]));
    expect_indices(&field, 0, 1, 2);
    assert_true(rovei_deque_take(&field.deque, 1));
    assert_true(take(&field, &field.tasks[0])); /* the last one is disputed, and leaves the indices behind */
    expect_indices(&field, 1, 1, 1);
    field_fini(&field);
}

static void test_a_join_after_a_theft_says_so_and_empties_the_deque(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 10);
    push_many(&field, 3);
    deque_publish(&field.deque);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(steal(&field), &field.tasks[i]);
    for (int i = 2; i >= 0; i--) {
        assert_false(take(&field, &field.tasks[i]));
        expect_indices(&field, 13, 13, 13);
    }
    push_many(&field, 1);
    assert_int_equal(field.tasks[0].slot, 13);
    assert_true(rovei_deque_take(&field.deque, 13));
    field_fini(&field);
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
    field_fini(&field);
}

static void test_a_doorbell_is_heard_at_the_next_push_and_once(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, 0);
    assert_false(push(&field, &field.tasks[0]));
    deque_ring_doorbell(&field.deque);
    deque_ring_doorbell(&field.deque);
    assert_true(push(&field, &field.tasks[1]));
    deque_publish(&field.deque);
    expect_indices(&field, 0, 2, 2);
    assert_false(push(&field, &field.tasks[2]));
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_ptr_equal(steal(&field), &field.tasks[1]);
    assert_null(steal(&field));
    field_fini(&field);
}

static void test_a_doorbell_survives_growth(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 1, 0);
    deque_ring_doorbell(&field.deque);
    assert_true(push(&field, &field.tasks[0]));
    assert_true(push(&field, &field.tasks[1]));
    assert_true(push(&field, &field.tasks[2]));
    deque_publish(&field.deque);
    assert_false(push(&field, &field.tasks[3]));
    expect_indices(&field, 0, 3, 4);
    field_fini(&field);
}

static void test_a_thief_publishes_for_a_busy_owner(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, -1);
    push_many(&field, 2);
    assert_true(force(&field));
    expect_indices(&field, -1, 1, 1);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_true(take(&field, &field.tasks[1]));
    assert_false(take(&field, &field.tasks[0]));
    field_fini(&field);
}

static void test_forcing_an_empty_deque_does_nothing(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 5);
    assert_false(deque_hides_tasks(&field.deque));
    assert_false(force(&field));
    expect_indices(&field, 5, 5, 5);
    assert_null(deque_pop(&field.deque));
    field_fini(&field);
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
    expect_indices(&field, 0, 1, 2);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_true(force(&field));
    expect_indices(&field, 1, 2, 2);
    field_fini(&field);
}

static void test_a_barrier_that_fails_leaves_everything_private(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 2);
    assert_false(deque_force(&field.deque, field.token++, barrier_fails));
    expect_indices(&field, 0, 0, 2);
    assert_null(steal(&field));
    assert_true(rovei_deque_take(&field.deque, 1));
    assert_true(rovei_deque_take(&field.deque, 0));
    field_fini(&field);
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
    expect_indices(&interrupted, 0, 2, 2);
    return true;
}

static void test_an_owner_that_meets_a_token_answers_it(void **state)
{
    (void)state;
    field_init(&interrupted, 4, 0);
    push_many(&interrupted, 3);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_a_join));
    expect_indices(&interrupted, 0, 2, 2);
    assert_ptr_equal(steal(&interrupted), &interrupted.tasks[0]);
    assert_true(take(&interrupted, &interrupted.tasks[1]));
    field_fini(&interrupted);
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
    expect_indices(&interrupted, 1, 2, 2);
    field_fini(&interrupted);
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
    expect_indices(&interrupted, 0, 0, 0);
    assert_null(deque_pop(&interrupted.deque));
    field_fini(&interrupted);
}

/* The owner looks for work and finds the deque empty while the thief is at its barrier. */
static bool barrier_meets_an_empty_pop(void)
{
    assert_null(deque_pop(&interrupted.deque));
    assert_true(interrupted.deque.split >= DEQUE_TOKENS);
    return true;
}

static void test_a_token_on_an_empty_deque_does_no_harm(void **state)
{
    (void)state;
    field_init(&interrupted, 4, 0);
    assert_false(deque_force(&interrupted.deque, DEQUE_TOKENS, barrier_meets_an_empty_pop));
    expect_indices(&interrupted, 0, 0, 0);
    field_fini(&interrupted);
}

static void test_growth_keeps_tasks_and_order(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 1, -5);
    push_many(&field, TASKS);
    assert_int_equal(field.deque.mask, 2 * TASKS - 1);
    deque_publish(&field.deque);
    for (int i = 0; i < TASKS / 2; i++)
        assert_ptr_equal(steal(&field), &field.tasks[i]);
    for (int i = TASKS - 1; i >= TASKS / 2; i--)
        assert_ptr_equal(deque_pop(&field.deque), &field.tasks[i]);
    assert_null(deque_pop(&field.deque));
    field_fini(&field);
}

static void test_growth_from_one_slot_to_a_million(void **state)
{
    (void)state;
    enum { MANY = 1 << 20 };
    struct field field;
    field_init(&field, 1, 0);
    rove_task *tasks = test_calloc(MANY, sizeof *tasks);
    for (int64_t i = 0; i < MANY; i++)
        push(&field, &tasks[i]);
    int rings = 0;
    for (const struct rovei_ring *ring = field.deque.ring; ring; ring = ring->older)
        rings++;
    assert_int_equal(rings, 22);
    deque_publish(&field.deque);
    for (int64_t i = 0; i < MANY / 4; i++)
        assert_ptr_equal(steal(&field), &tasks[i]);
    for (int64_t i = MANY - 1; i >= MANY / 4; i--)
        assert_true(take(&field, &tasks[i]));
    assert_null(deque_pop(&field.deque));
    test_free(tasks);
    field_fini(&field);
}

/* One task at a time, taken by the owner or by a thief, for many times around a ring of `capacity` slots. */
static void go_round(int64_t capacity, int64_t first)
{
    struct field field;
    field_init(&field, capacity, first);
    for (int i = 0; i < 10000; i++) {
        rove_task *task = &field.tasks[i % TASKS];
        push(&field, task);
        if (i % 3 == 0) {
            assert_true(take(&field, task));
        } else {
            deque_publish(&field.deque);
            assert_ptr_equal(i % 3 == 1 ? steal(&field) : deque_pop(&field.deque), task);
        }
    }
    assert_int_equal(field.deque.mask, capacity == 1 ? 1 : capacity - 1);
    assert_int_equal(field.deque.bottom, first + 6666);
    field_fini(&field);
}

static void test_indices_go_round_small_rings(void **state)
{
    (void)state;
    go_round(1, 0);
    go_round(2, 0);
    go_round(4, 0);
}

static void test_indices_may_begin_anywhere(void **state)
{
    (void)state;
    static const int64_t firsts[] = {INT64_MIN / 2, -10000, -3, -1, 1, (INT64_C(1) << 32) - 5, DEQUE_TOKENS - 20000};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        go_round(1, firsts[i]);
        go_round(2, firsts[i]);
    }
}

static void test_the_last_indices_below_the_tokens_work(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 8, DEQUE_TOKENS - 8);
    push_many(&field, 7);
    assert_true(force(&field));
    expect_indices(&field, DEQUE_TOKENS - 8, DEQUE_TOKENS - 1, DEQUE_TOKENS - 1);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    for (int i = 6; i > 0; i--)
        assert_true(take(&field, &field.tasks[i]));
    assert_false(take(&field, &field.tasks[0]));
    field_fini(&field);
}

/* The ring is full and there is no memory: the owner withdraws its push. */
static void test_a_push_without_room_can_be_withdrawn(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 2, 0);
    push_many(&field, 1);
    rove_task *task = &field.tasks[1];
    assert_true(rovei_deque_push(&field.deque, task, &task->slot));
    assert_true(deque_is_full(&field.deque));
    assert_true(take(&field, task));
    expect_indices(&field, 0, 0, 1);
    assert_ptr_equal(deque_pop(&field.deque), &field.tasks[0]);
    field_fini(&field);
}

static void test_a_theft_makes_room(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 2, 0);
    push_many(&field, 1);
    deque_publish(&field.deque);
    rove_task *task = &field.tasks[1];
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_true(rovei_deque_push(&field.deque, task, &task->slot)); /* has not heard of the theft */
    assert_false(deque_is_full(&field.deque));
    assert_int_equal(field.deque.limit, 2);
    field_fini(&field);
}

/* The join of a task that was not queued lowers the bottom beyond every index, and puts it back. */
static void test_an_unqueued_join_puts_the_bottom_back(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    push_many(&field, 2);
    int64_t bottom = field.deque.bottom;
    assert_false(rovei_deque_take(&field.deque, INT64_MIN));
    assert_false(force(&field)); /* a thief that looks now finds nothing, and lowers nothing */
    deque_restore(&field.deque, bottom);
    expect_indices(&field, 0, 0, 2);
    assert_true(take(&field, &field.tasks[1]));
    assert_true(take(&field, &field.tasks[0]));
    field_fini(&field);
}

/* What was forked after the unqueued task has been stolen, so the bottom now lies higher. */
static void test_an_unqueued_join_leaves_the_bottom_above_what_was_stolen(void **state)
{
    (void)state;
    struct field field;
    field_init(&field, 4, 0);
    int64_t bottom = field.deque.bottom;
    push_many(&field, 1);
    deque_publish(&field.deque);
    assert_ptr_equal(steal(&field), &field.tasks[0]);
    assert_false(take(&field, &field.tasks[0]));
    assert_false(rovei_deque_take(&field.deque, INT64_MIN));
    deque_restore(&field.deque, bottom);
    expect_indices(&field, 1, 1, 1);
    push_many(&field, 1);
    assert_true(take(&field, &field.tasks[0]));
    field_fini(&field);
}

static void test_lines_are_apart(void **state)
{
    (void)state;
    assert_int_equal(offsetof(struct rovei_deque, bottom), 0);
    assert_int_equal(offsetof(struct rovei_deque, split), ROVEI_LINE);
    assert_int_equal(offsetof(struct rovei_deque, top), 2 * ROVEI_LINE);
    assert_int_equal(sizeof(struct rovei_deque), 3 * ROVEI_LINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pop_takes_newest_first),
        cmocka_unit_test(test_pop_of_an_empty_deque_finds_nothing_and_changes_nothing),
        cmocka_unit_test(test_what_is_private_is_not_stolen),
        cmocka_unit_test(test_a_private_task_is_taken_without_the_slow_path),
        cmocka_unit_test(test_thieves_get_the_oldest_first),
        cmocka_unit_test(test_what_is_public_is_taken_back_in_halves),
        cmocka_unit_test(test_a_join_after_a_theft_says_so_and_empties_the_deque),
        cmocka_unit_test(test_only_the_oldest_is_gone_when_one_was_stolen),
        cmocka_unit_test(test_a_doorbell_is_heard_at_the_next_push_and_once),
        cmocka_unit_test(test_a_doorbell_survives_growth),
        cmocka_unit_test(test_a_thief_publishes_for_a_busy_owner),
        cmocka_unit_test(test_forcing_an_empty_deque_does_nothing),
        cmocka_unit_test(test_nobody_forces_where_something_is_public),
        cmocka_unit_test(test_a_barrier_that_fails_leaves_everything_private),
        cmocka_unit_test(test_an_owner_that_meets_a_token_answers_it),
        cmocka_unit_test(test_a_publication_replaces_a_token),
        cmocka_unit_test(test_a_token_on_the_last_task_is_answered),
        cmocka_unit_test(test_a_token_on_an_empty_deque_does_no_harm),
        cmocka_unit_test(test_growth_keeps_tasks_and_order),
        cmocka_unit_test(test_growth_from_one_slot_to_a_million),
        cmocka_unit_test(test_indices_go_round_small_rings),
        cmocka_unit_test(test_indices_may_begin_anywhere),
        cmocka_unit_test(test_the_last_indices_below_the_tokens_work),
        cmocka_unit_test(test_a_push_without_room_can_be_withdrawn),
        cmocka_unit_test(test_a_theft_makes_room),
        cmocka_unit_test(test_an_unqueued_join_puts_the_bottom_back),
        cmocka_unit_test(test_an_unqueued_join_leaves_the_bottom_above_what_was_stolen),
        cmocka_unit_test(test_lines_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
