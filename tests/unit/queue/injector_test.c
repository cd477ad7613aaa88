/*
 * The injector, by one thread: order, batches, emptiness. That it also holds with several is shown by model.injector
 * and stress.injector.
 */
#include "runtime/queue/injector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TASKS = 100 };

struct field {
    struct rovei_injector injector;
    struct rovei_injected tasks[TASKS];
};

/* Pushes the tasks from `first` to before `end`, linked. */
static void push(struct field *field, int first, int end)
{
    for (int i = first; i + 1 < end; i++)
        field->tasks[i].next = &field->tasks[i + 1];
    field->tasks[end - 1].next = &field->tasks[0]; /* nonsense, which the push corrects */
    injector_push(&field->injector, &field->tasks[first], &field->tasks[end - 1], end - first);
}

/* Takes up to `most` and expects the tasks from `first` to before `end`. */
static void expect_taken(struct field *field, int64_t most, int first, int end)
{
    int64_t count = -1;
    const struct rovei_injected *task = injector_take(&field->injector, most, &count);
    assert_int_equal(count, end - first);
    for (int i = first; i < end; i++, task = task->next)
        assert_ptr_equal(task, &field->tasks[i]);
    assert_null(task);
}

static int init(void **state)
{
    struct field *field = test_calloc(1, sizeof *field);
    injector_init(&field->injector);
    *state = field;
    return 0;
}

static int fini(void **state)
{
    struct field *field = *state;
    injector_fini(&field->injector);
    test_free(field);
    return 0;
}

static void test_a_new_injector_is_empty(void **state)
{
    struct field *field = *state;
    assert_true(injector_is_empty(&field->injector));
    assert_int_equal(injector_length(&field->injector), 0);
    expect_taken(field, 1, 0, 0);
}

static void test_take_gives_the_oldest_first(void **state)
{
    struct field *field = *state;
    for (int i = 0; i < TASKS; i++)
        push(field, i, i + 1);
    for (int i = 0; i < TASKS; i++)
        expect_taken(field, 1, i, i + 1);
    assert_true(injector_is_empty(&field->injector));
}

static void test_a_chain_keeps_its_order_and_its_place(void **state)
{
    struct field *field = *state;
    push(field, 0, 1);
    push(field, 1, 5);
    push(field, 5, 6);
    assert_int_equal(injector_length(&field->injector), 6);
    expect_taken(field, TASKS, 0, 6);
}

static void test_a_batch_is_as_long_as_asked_or_as_there_is(void **state)
{
    struct field *field = *state;
    push(field, 0, 10);
    expect_taken(field, 3, 0, 3);
    assert_int_equal(injector_length(&field->injector), 7);
    expect_taken(field, 7, 3, 10);
    assert_true(injector_is_empty(&field->injector));
    push(field, 10, 12);
    expect_taken(field, INT64_MAX, 10, 12);
    expect_taken(field, INT64_MAX, 12, 12);
}

static void test_it_may_be_filled_again_after_it_ran_empty(void **state)
{
    struct field *field = *state;
    for (int i = 0; i < TASKS; i += 4) {
        push(field, i, i + 2);
        push(field, i + 2, i + 4);
        assert_false(injector_is_empty(&field->injector));
        expect_taken(field, 1, i, i + 1);
        expect_taken(field, 4, i + 1, i + 4);
        assert_true(injector_is_empty(&field->injector));
    }
}

static void test_a_taken_task_may_go_in_again(void **state)
{
    struct field *field = *state;
    push(field, 0, 3);
    expect_taken(field, 1, 0, 1);
    push(field, 0, 1);
    int64_t count;
    const struct rovei_injected *task = injector_take(&field->injector, 3, &count);
    assert_int_equal(count, 3);
    assert_ptr_equal(task, &field->tasks[1]);
    assert_ptr_equal(task->next->next, &field->tasks[0]);
    assert_null(task->next->next->next);
}

static void test_take_does_not_wait_for_the_lock(void **state)
{
    struct field *field = *state;
    push(field, 0, 2);
    mutex_lock(&field->injector.lock);
    int64_t count = -1;
    assert_null(injector_take(&field->injector, 2, &count));
    assert_int_equal(count, 0);
    assert_false(injector_is_empty(&field->injector)); /* so the caller knows to come back */
    mutex_unlock(&field->injector.lock);
    expect_taken(field, 2, 0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_new_injector_is_empty, init, fini),
        cmocka_unit_test_setup_teardown(test_take_gives_the_oldest_first, init, fini),
        cmocka_unit_test_setup_teardown(test_a_chain_keeps_its_order_and_its_place, init, fini),
        cmocka_unit_test_setup_teardown(test_a_batch_is_as_long_as_asked_or_as_there_is, init, fini),
        cmocka_unit_test_setup_teardown(test_it_may_be_filled_again_after_it_ran_empty, init, fini),
        cmocka_unit_test_setup_teardown(test_a_taken_task_may_go_in_again, init, fini),
        cmocka_unit_test_setup_teardown(test_take_does_not_wait_for_the_lock, init, fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
