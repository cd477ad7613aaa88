/*
 * A deque and what goes through it, for tests in which one thread plays all parts.
 */
#ifndef TESTS_UNIT_QUEUE_FIELD_H
#define TESTS_UNIT_QUEUE_FIELD_H

#include "runtime/queue/deque.h"

#include <rove/task.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TASKS = 64 };

/* A deque in slots of the test's own, the tasks that go through it, and a token that is new at each use. */
struct field {
    struct rovei_deque deque;
    rove_slot slots[TASKS + 1]; /* one more than there are tasks: nothing that is queued lies in the last one */
    rove_task tasks[TASKS];
    uintptr_t token;
};

/* The slots up to and with number `end` may be written; the first task gets the index `index`. */
static inline void field_init(struct field *field, int end, int64_t index)
{
    deque_init(&field->deque, field->slots, field->slots + end, index);
    field->token = DEQUE_TOKENS;
}

/* Pushes at the bottom. Returns whether the slow path must be taken. */
static inline bool push(struct field *field, rove_task *task)
{
    task->slot = field->deque.bottom;
    return rovei_deque_push(&field->deque, task->slot, task);
}

static inline void push_many(struct field *field, int count)
{
    for (int i = 0; i < count; i++)
        push(field, &field->tasks[i]);
}

static inline bool take(struct field *field, const rove_task *task)
{
    return rovei_deque_take(&field->deque, task->slot) || deque_take_slow(&field->deque, task->slot);
}

static inline rove_task *steal(struct field *field)
{
    rove_task *task = NULL;
    enum steal_result result = deque_steal(&field->deque, &task);
    assert_int_equal(result, task ? STEAL_OK : STEAL_EMPTY);
    return task;
}

static inline bool barrier_passes(void)
{
    return true;
}

static inline bool barrier_fails(void)
{
    return false;
}

static inline bool force(struct field *field)
{
    return deque_force(&field->deque, field->token++, barrier_passes);
}

/* Values of `split` repeat, so a thief that has looked before may place its token over what has become public since:
 * this is that token. */
static inline void place_token(struct field *field)
{
    field->deque.split = DEQUE_TOKENS + 5;
}

/* The numbers of the slots at the three ends. */
static inline void expect_ends(const struct field *field, int64_t top, int64_t split, int64_t bottom)
{
    uintptr_t place = deque_place(field->deque.origin, field->deque.top);
    assert_int_equal((int64_t)(place - (uintptr_t)field->slots) / (int64_t)sizeof(rove_slot), top);
    assert_int_equal((int64_t)(field->deque.split - (uintptr_t)field->slots) / (int64_t)sizeof(rove_slot), split);
    assert_int_equal(field->deque.bottom - field->slots, bottom);
}

/* Where all three ends of an empty deque are, and the index that the next task gets. */
static inline void expect_empty(struct field *field, int64_t slot, int64_t index)
{
    expect_ends(field, slot, slot, slot);
    assert_int_equal(field->deque.top, index);
    assert_false(deque_has_public(&field->deque));
    assert_false(deque_hides_tasks(&field->deque));
    assert_null(steal(field));
}

#endif
