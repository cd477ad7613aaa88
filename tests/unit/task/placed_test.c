/*
 * Loops and reductions that run where their data lies, and memory that lies where it is used, on machines that are
 * described: of one node, two and four. What is asserted is that nothing depends on them but speed.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, LARGEST = 60000, WORKERS = 8 };

static const struct {
    const char *description; /* for hwloc; NULL: this machine */
    int nodes;
} machines[] = {{NULL, 1}, {"numa:1 core:8 pu:1", 1}, {"numa:2 core:4 pu:1", 2}, {"pack:2 numa:2 core:2 pu:1", 4}};

enum { MACHINES = sizeof machines / sizeof *machines };

static rove_runtime *runtime_on(int machine, int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.plan = ROVE_PLAN_SPREAD; /* so that there are workers on all nodes */
    if (machines[machine].description)
        setenv("HWLOC_SYNTHETIC", machines[machine].description, 1);
    rove_runtime *runtime = test_runtime_with(&config);
    unsetenv("HWLOC_SYNTHETIC");
    return runtime;
}

/* Whether machines can be described, which needs hwloc. */
static bool can_describe(void)
{
    rove_runtime *runtime = runtime_on(MACHINES - 1, WORKERS);
    int nodes = rove_node_count(runtime);
    test_runtime_end(runtime);
    return nodes > 1;
}

/* Runs fn once on each machine with one worker, some, and as many as there are processors. */
static void on_machines(void (*fn)(void *arg), void *arg)
{
    for (int machine = 0; machine < MACHINES; machine++)
        for (int workers = 1; workers <= WORKERS; workers = workers == 1 ? 3 : workers * 2 + 2) {
            rove_runtime *runtime = runtime_on(machine, workers);
            TEST_CHECK(rove_run(runtime, fn, arg) == ROVE_OK, "run on machine %d", machine);
            test_runtime_end(runtime);
        }
}

static void note_node(void *arg)
{
    (void)arg;
    int node = rove_worker_node(), nodes = rove_node_count(rove_current_runtime());
    TEST_CHECK(node >= 0 && node < nodes, "on node %d of %d", node, nodes);
}

/* Tasks that meet, one on each worker, and note the nodes. */
static struct {
    atomic_int arrived;
    atomic_int on_node[WORKERS];
} meeting;

static int meet(void *arg)
{
    note_node(arg);
    atomic_fetch_add(&meeting.on_node[rove_worker_node()], 1);
    atomic_fetch_add(&meeting.arrived, 1);
    while (atomic_load(&meeting.arrived) < WORKERS)
        test_yield();
    return 0;
}

static void meet_all(void *arg)
{
    rove_group group = {0};
    memset(&meeting, 0, sizeof meeting);
    for (int i = 0; i < WORKERS; i++)
        TEST_CHECK(rove_group_spawn(&group, meet, arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void test_workers_know_their_nodes(void **state)
{
    (void)state;
    if (!can_describe())
        skip();
    assert_int_equal(rove_node_count(NULL), 0);
    assert_int_equal(rove_worker_node(), -1);
    for (int machine = 1; machine < MACHINES; machine++) {
        rove_runtime *runtime = runtime_on(machine, WORKERS);
        assert_int_equal(rove_node_count(runtime), machines[machine].nodes);
        assert_int_equal(rove_run(runtime, meet_all, NULL), ROVE_OK);
        for (int node = 0; node < WORKERS; node++) /* the plan spreads them evenly */
            assert_int_equal(atomic_load(&meeting.on_node[node]),
                             node < machines[machine].nodes ? WORKERS / machines[machine].nodes : 0);
        test_runtime_end(runtime);
    }
    rove_runtime *runtime = test_runtime(2);
    assert_true(rove_node_count(runtime) >= 1);
    assert_int_equal(rove_run(runtime, note_node, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static unsigned char touched[LARGEST];
static int64_t range_begin, range_end;

static void touch(int64_t begin, int64_t end, void *arg)
{
    TEST_CHECK(arg == touched, "another argument");
    TEST_CHECK(begin < end && begin >= range_begin && end <= range_end, "a part from %lld to %lld", (long long)begin,
               (long long)end);
    for (int64_t i = begin; i < end; i++)
        __atomic_fetch_add(&touched[i - range_begin], 1, __ATOMIC_RELAXED);
}

static void loop_over(int64_t begin, int64_t length)
{
    memset(touched, 0, sizeof touched);
    range_begin = begin;
    range_end = begin + length;
    rove_status status = rove_for_placed(range_begin, range_end, touch, touched);
    TEST_CHECK(status == ROVE_OK, "%lld indices: %s", (long long)length, rove_status_text(status));
    for (int64_t i = 0; i < length; i++)
        TEST_CHECK(touched[i] == 1, "index %lld of %lld handled %d times", (long long)i, (long long)length, touched[i]);
}

static void loops(void *arg)
{
    struct test_random random = test_random_make(1);
    (void)arg;
    for (int64_t length = 0; length < 20; length++)
        loop_over(-length / 2, length);
    for (int i = 0; i < 30; i++) {
        int64_t length = (int64_t)test_random_below(&random, i < 20 ? 300 : LARGEST);
        loop_over((int64_t)test_random_below(&random, 1000) - 500, length);
    }
    loop_over(INT64_MAX - 1000, 1000);
    loop_over(INT64_MIN, 1000);
    loop_over(INT64_MAX, 0);
}

static void test_every_index_is_handled_once_on_any_machine(void **state)
{
    (void)state;
    on_machines(loops, NULL);
    loops(NULL); /* no worker: the default runtime */
}

/* Text under concatenation, as hashes: associative, and not commutative. */
struct text {
    uint64_t hash;
    uint64_t power;
};

enum { BASE = 1000003 };

static void text_body(int64_t begin, int64_t end, void *value, void *arg)
{
    struct text *text = value;
    (void)arg;
    for (int64_t i = begin; i < end; i++) {
        text->hash = text->hash * BASE + (uint64_t)(i * i + 7);
        text->power *= BASE;
    }
}

static void text_combine(void *left, void *right, void *arg)
{
    struct text *text = left, *tail = right;
    (void)arg;
    text->hash = text->hash * tail->power + tail->hash;
    text->power *= tail->power;
}

static void reductions(void *arg)
{
    static const struct text empty = {0, 1};
    const rove_reduction reduction = {sizeof empty, &empty, text_body, text_combine, NULL};
    struct test_random random = test_random_make(2);
    (void)arg;
    for (int i = 0; i < 60; i++) {
        int64_t begin = (int64_t)test_random_below(&random, 2000) - 1000;
        int64_t length = i < 20 ? i : (int64_t)test_random_below(&random, i < 40 ? 500 : LARGEST);
        struct text serial = empty, result = {3, 3}, free_form = {4, 4};
        text_body(begin, begin + length, &serial, NULL);
        rove_status status = rove_reduce_placed(begin, begin + length, &reduction, &result);
        TEST_CHECK(status == ROVE_OK, "%s", rove_status_text(status));
        TEST_CHECK(result.hash == serial.hash && result.power == serial.power, "%lld indices: another value",
                   (long long)length);
        TEST_CHECK(rove_reduce(begin, begin + length, &reduction, &free_form) == ROVE_OK, "reduce");
        TEST_CHECK(free_form.hash == result.hash, "%lld indices: another value than of rove_reduce", (long long)length);
    }
}

static void test_a_reduction_keeps_the_order_on_any_machine(void **state)
{
    (void)state;
    on_machines(reductions, NULL);
    reductions(NULL);
}

/* Values too large for the stack. */
static void large_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        ((int64_t *)value)[i % 1000] += i;
}

static void large_combine(void *left, void *right, void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        ((int64_t *)left)[i] += ((int64_t *)right)[i];
}

static void large_reduction(void *arg)
{
    static const int64_t zeros[1000];
    static int64_t result[1000];
    (void)arg;
    const rove_reduction reduction = {sizeof zeros, zeros, large_body, large_combine, NULL};
    TEST_CHECK(rove_reduce_placed(0, 100000, &reduction, result) == ROVE_OK, "reduce");
    for (int64_t i = 0; i < 1000; i++)
        TEST_CHECK(result[i] == 100 * i + 1000 * 4950, "bin %lld holds %lld", (long long)i, (long long)result[i]);
}

static void test_a_reduction_to_a_large_value(void **state)
{
    (void)state;
    on_machines(large_reduction, NULL);
}

static void never(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    TEST_CHECK(begin > end, "the body is called");
}

static void never_reduce(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)value;
    never(begin, end, arg);
}

static void misuse(void *arg)
{
    static const struct text empty = {0, 1};
    struct text result = {3, 3};
    const rove_reduction good = {sizeof empty, &empty, never_reduce, text_combine, NULL};
    (void)arg;
    TEST_CHECK(rove_for_placed(0, 9, NULL, NULL) == ROVE_INVALID, "no body");
    TEST_CHECK(rove_for_placed(INT64_MIN, INT64_MAX, never, NULL) == ROVE_INVALID, "too long a range");
    TEST_CHECK(rove_for_placed(-1, INT64_MAX, never, NULL) == ROVE_INVALID, "too long a range");
    TEST_CHECK(rove_for_placed(9, 0, never, NULL) == ROVE_OK, "upside down");
    TEST_CHECK(rove_for_placed(INT64_MAX, INT64_MIN, never, NULL) == ROVE_OK, "upside down");
    TEST_CHECK(rove_reduce_placed(0, 9, NULL, &result) == ROVE_INVALID, "no reduction");
    TEST_CHECK(rove_reduce_placed(0, 9, &good, NULL) == ROVE_INVALID, "no result");
    rove_reduction bad = good;
    bad.body = NULL;
    TEST_CHECK(rove_reduce_placed(0, 9, &bad, &result) == ROVE_INVALID, "no body");
    bad = good;
    bad.combine = NULL;
    TEST_CHECK(rove_reduce_placed(0, 9, &bad, &result) == ROVE_INVALID, "no combine");
    bad = good;
    bad.size = 0;
    TEST_CHECK(rove_reduce_placed(0, 9, &bad, &result) == ROVE_INVALID, "no size");
    bad = good;
    bad.identity = NULL;
    TEST_CHECK(rove_reduce_placed(0, 9, &bad, &result) == ROVE_INVALID, "no identity");
    TEST_CHECK(rove_reduce_placed(-1, INT64_MAX, &good, &result) == ROVE_INVALID, "too long a range");
    TEST_CHECK(result.hash == 3, "a refused reduction has a result");
    TEST_CHECK(rove_reduce_placed(5, 5, &good, &result) == ROVE_OK && result.hash == 0 && result.power == 1, "empty");
}

static void test_arguments_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    on_machines(misuse, NULL);
    misuse(NULL);
}

/* A loop that is ended in the middle: by an error, from above, by a deadline. */
static rove_scope *stopping;

static void fail_at(int64_t begin, int64_t end, void *arg)
{
    touch(begin, end, arg);
    if (begin <= 700 && 700 < end)
        rove_fail(66);
}

static void stop_at(int64_t begin, int64_t end, void *arg)
{
    touch(begin, end, arg);
    rove_scope_cancel(stopping);
}

static void check_at_most_once(int64_t length)
{
    for (int64_t i = 0; i < length; i++)
        TEST_CHECK(touched[i] <= 1, "index %lld handled %d times", (long long)i, touched[i]);
}

static void loop_that_fails(void *arg)
{
    (void)arg;
    memset(touched, 0, sizeof touched);
    TEST_CHECK(rove_for_placed(0, LARGEST, fail_at, touched) == ROVE_FAILED, "the loop has not failed");
    check_at_most_once(LARGEST);
    TEST_CHECK(touched[700] == 1, "the index that failed was not handled");
}

static void loop_that_is_stopped(void *arg)
{
    (void)arg;
    memset(touched, 0, sizeof touched);
    rove_status status = rove_for_placed(0, LARGEST, stop_at, touched);
    TEST_CHECK(status == ROVE_CANCELED || status == ROVE_OK, "%s", rove_status_text(status));
    check_at_most_once(LARGEST);
    TEST_CHECK(status != ROVE_OK || !memchr(touched, 0, LARGEST), "ROVE_OK, and something is left out");
}

/* With all other workers held, nothing is begun by anybody once the loop has failed. */
static struct {
    atomic_int held;
    atomic_bool is_open;
    int calls;
} door;

static int hold(void *arg)
{
    (void)arg;
    atomic_fetch_add(&door.held, 1);
    while (!atomic_load(&door.is_open))
        test_yield();
    return 0;
}

static void fail_once(int64_t begin, int64_t end, void *arg)
{
    touch(begin, end, arg);
    TEST_CHECK(door.calls++ == 0, "a body was begun after the loop had failed");
    rove_fail(67);
}

static void fail_alone(void *arg)
{
    rove_group group = {0};
    int others = rove_worker_count(rove_current_runtime()) - 1;
    memset(&door, 0, sizeof door);
    memset(touched, 0, sizeof touched);
    for (int i = 0; i < others; i++)
        TEST_CHECK(rove_group_spawn(&group, hold, arg) == ROVE_OK, "spawn");
    while (atomic_load(&door.held) < others)
        test_yield();
    TEST_CHECK(rove_for_placed(0, LARGEST, fail_once, touched) == ROVE_FAILED, "the loop has not failed");
    atomic_store(&door.is_open, true);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void fail_in_scope(void *arg)
{
    rove_scope scope = {0};
    range_begin = 0;
    range_end = LARGEST;
    TEST_CHECK(rove_scope_run(&scope, NULL, fail_alone, arg) == ROVE_OK, "an error cancels what is around it");
    TEST_CHECK(rove_scope_error(&scope) == 67, "error %d", rove_scope_error(&scope));
}

static void test_a_loop_that_fails_begins_no_more_parts(void **state)
{
    (void)state;
    on_machines(fail_in_scope, NULL);
}

static void end_loops(void *arg)
{
    (void)arg;
    range_begin = 0;
    range_end = LARGEST;
    rove_scope failing = {0}, stopped = {0}, late = {.deadline = 1};
    stopping = &stopped;
    TEST_CHECK(rove_scope_run(&failing, NULL, loop_that_fails, NULL) == ROVE_OK, "an error cancels what is around it");
    TEST_CHECK(rove_scope_error(&failing) == 66, "error %d", rove_scope_error(&failing));
    TEST_CHECK(rove_scope_run(&stopped, NULL, loop_that_is_stopped, NULL) == ROVE_CANCELED, "not canceled");
    TEST_CHECK(rove_scope_run(&late, NULL, loop_that_is_stopped, NULL) == ROVE_TIMED_OUT, "not timed out");
    loop_over(0, 1000); /* and the next one is whole */
}

static void test_a_loop_may_be_ended_in_the_middle(void **state)
{
    (void)state;
    on_machines(end_loops, NULL);
}

static const rove_memory kinds[] = {ROVE_MEMORY_FIRST_TOUCH, ROVE_MEMORY_BOUND, ROVE_MEMORY_INTERLEAVED,
                                    ROVE_MEMORY_BLOCKED};

static void check_memory(rove_runtime *runtime, size_t size, rove_memory kind, int node)
{
    unsigned char *memory = rove_numa_alloc(runtime, size, kind, node);
    TEST_CHECK(memory, "no memory: %zu bytes of kind %d on node %d", size, (int)kind, node);
    TEST_CHECK((uintptr_t)memory % 4096 == 0, "%p is not aligned to a page", (void *)memory);
    for (size_t i = 0; i < size; i++)
        TEST_CHECK(memory[i] == 0, "byte %zu of %zu is not zero", i, size);
    memset(memory, 0xee, size);
    rove_numa_free(memory, size);
}

static void allocate(void *arg)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 3 * 4096 + 1, 300000};
    rove_runtime *runtime = arg;
    int nodes = rove_node_count(runtime ? runtime : rove_current_runtime());
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++)
        for (size_t kind = 0; kind < 4; kind++)
            for (int node = 0; node < (nodes > 0 ? nodes : 1); node++)
                check_memory(runtime, sizes[size], kinds[kind], node);
    /* The node is not looked at where it does not matter. */
    check_memory(runtime, 5000, ROVE_MEMORY_FIRST_TOUCH, -1);
    check_memory(runtime, 5000, ROVE_MEMORY_INTERLEAVED, 99);
    check_memory(runtime, 5000, ROVE_MEMORY_BLOCKED, -7);
}

static void allocate_nonsense(void *arg)
{
    rove_runtime *runtime = arg;
    static const size_t too_large[] = {SIZE_MAX, SIZE_MAX - 4094, SIZE_MAX / 2, (size_t)1 << 62};
    int nodes = rove_node_count(runtime ? runtime : rove_current_runtime());
    for (size_t i = 0; i < 4; i++) {
        TEST_CHECK(!rove_numa_alloc(runtime, 0, kinds[i], 0), "nothing of kind %zu", i);
        for (size_t j = 0; j < 4; j++)
            TEST_CHECK(!rove_numa_alloc(runtime, too_large[i], kinds[j], 0), "%zu bytes", too_large[i]);
    }
    TEST_CHECK(!rove_numa_alloc(runtime, 100, ROVE_MEMORY_BOUND, -1), "node -1");
    TEST_CHECK(!rove_numa_alloc(runtime, 100, ROVE_MEMORY_BOUND, nodes), "a node that there is not");
    TEST_CHECK(!rove_numa_alloc(runtime, 100, ROVE_MEMORY_BOUND, INT32_MAX), "a node that there is not");
    TEST_CHECK(!rove_numa_alloc(runtime, 100, (rove_memory)4, 0), "a kind that there is not");
    TEST_CHECK(!rove_numa_alloc(runtime, 100, (rove_memory)77, 0), "a kind that there is not");
    rove_numa_free(NULL, 100);
    rove_numa_free(NULL, 0);
}

static void test_memory_is_zero_and_whole_pages_of_every_kind(void **state)
{
    (void)state;
    int mappings = 0;
    for (int round = 0; round < 2; round++) {
        on_machines(allocate, NULL); /* the caller's own runtime */
        for (int machine = 0; machine < MACHINES; machine++) {
            rove_runtime *runtime = runtime_on(machine, WORKERS);
            allocate(runtime); /* any thread */
            test_runtime_end(runtime);
        }
        mappings = round == 0 ? test_mapping_count() : test_mapping_count() - mappings;
    }
    assert_true(test_is_sanitized() || mappings < 100); /* of a thousand that were made */
    check_memory(NULL, 5000, ROVE_MEMORY_BLOCKED, 0);
}

static void test_memory_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    on_machines(allocate_nonsense, NULL);
    rove_runtime *runtime = runtime_on(MACHINES - 1, WORKERS);
    allocate_nonsense(runtime);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_know_their_nodes),
        cmocka_unit_test(test_every_index_is_handled_once_on_any_machine),
        cmocka_unit_test(test_a_reduction_keeps_the_order_on_any_machine),
        cmocka_unit_test(test_a_reduction_to_a_large_value),
        cmocka_unit_test(test_arguments_that_make_no_sense_are_refused),
        cmocka_unit_test(test_a_loop_may_be_ended_in_the_middle),
        cmocka_unit_test(test_a_loop_that_fails_begins_no_more_parts),
        cmocka_unit_test(test_memory_is_zero_and_whole_pages_of_every_kind),
        cmocka_unit_test(test_memory_that_makes_no_sense_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
