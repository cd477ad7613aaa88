/*
 * The affinity mask becomes another one with as many processors, where nothing but the processors themselves tells that
 * it has changed: workers that are bound go to the new ones.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/heap.h>
#include <support/idle.h>

#include "fault/mask.h"

enum { CHILD_SECONDS = 50 };

static cpu_set_t everything; /* what was allowed in the beginning */

/* Allows only the processor number `index` of those that there were. */
static void allow_only(int index)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)mask_processor(&everything, index), &one);
    mask_put_on_each_thread(&one);
}

static rove_runtime *runtime_make(struct test_heap *heap)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.pin = ROVE_PIN_ALWAYS;
    config.allocator = test_heap_allocator(heap);
    return test_runtime_with(&config);
}

/* Where a worker is bound. */
struct place {
    int worker;
    atomic_int processor; /* -1: it is not bound to one */
};

static void note_place(void *arg)
{
    struct place *place = arg;
    if (rove_worker_id() != place->worker)
        return;
    cpu_set_t mask = mask_read();
    atomic_store(&place->processor, CPU_COUNT(&mask) == 1 ? mask_processor(&mask, 0) : -1);
}

/* A second worker comes, which was not there when the masks of all threads were set: it is bound by what the runtime
 * knows. Returns when that is the processor number `index`; until then workers wake and sleep, and the automatic mode
 * looks at the mask now and then. */
static void await_second_worker_on(rove_runtime *runtime, int index)
{
    TEST_CHECK(rove_auto_workers(runtime, 2, 2) == ROVE_OK, "automatic");
    struct place place = {.worker = 1, .processor = -1};
    while (atomic_load(&place.processor) != mask_processor(&everything, index)) {
        TEST_CHECK(rove_broadcast(runtime, note_place, &place, NULL) == ROVE_OK, "broadcast");
        idle_await(runtime, 2);
    }
}

/* The mask has changed before the automatic mode, and with it the thread that looks at the mask, began. */
static int move_before_the_first_look(void *arg)
{
    (void)arg;
    struct test_heap heap = {0};
    allow_only(0);
    rove_runtime *runtime = runtime_make(&heap);
    allow_only(1);
    await_second_worker_on(runtime, 1);
    test_runtime_end(runtime);
    test_heap_check(&heap, "a mask that has moved", 0);
    return 0;
}

/* A task that keeps a worker awake, and so the thread that looks at the mask, and allocates nothing. */
struct occupation {
    atomic_bool has_begun;
    atomic_bool is_over;
};

static int occupy(void *arg)
{
    struct occupation *occupation = arg;
    atomic_store(&occupation->has_begun, true);
    while (!atomic_load(&occupation->is_over))
        test_yield();
    return 0;
}

/* At the look that finds the new mask there is no memory to seat the workers anew. */
static int move_without_memory(void *arg)
{
    (void)arg;
    struct test_heap heap = {0};
    allow_only(0);
    rove_runtime *runtime = runtime_make(&heap);
    TEST_CHECK(rove_auto_workers(runtime, 1, 1) == ROVE_OK, "automatic");
    rove_group group = {.runtime = runtime};
    struct occupation occupation = {false, false};
    TEST_CHECK(rove_group_spawn(&group, occupy, &occupation) == ROVE_OK, "spawn");
    while (!atomic_load(&occupation.has_begun))
        test_yield();
    test_heap_refuse(&heap, 0, INT64_MAX);
    allow_only(1);
    while (atomic_load(&heap.calls) == 0)
        test_yield();
    test_heap_refuse(&heap, 0, 0);
    atomic_store(&occupation.is_over, true);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    await_second_worker_on(runtime, 1);
    test_runtime_end(runtime);
    test_heap_check(&heap, "a mask that has moved without memory", 0);
    return 0;
}

static void child(int (*fn)(void *arg), const char *name)
{
    if (CPU_COUNT(&everything) < 2) {
        printf("  skipped: there is one processor\n");
        return;
    }
    struct test_outcome outcome = test_in_child(fn, NULL, CHILD_SECONDS, false);
    TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == 0, "%s: end %d, code %d", name, (int)outcome.end,
               outcome.code);
}

static void mask_may_have_moved_before_the_first_look(void)
{
    child(move_before_the_first_look, "move_before_the_first_look");
}

static void mask_may_move_while_there_is_no_memory(void)
{
    child(move_without_memory, "move_without_memory");
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"mask_may_have_moved_before_the_first_look", mask_may_have_moved_before_the_first_look},
        {"mask_may_move_while_there_is_no_memory", mask_may_move_while_there_is_no_memory},
    };
    everything = mask_read();
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
