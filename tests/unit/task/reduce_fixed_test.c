/*
 * Reductions over a fixed tree: the shape is the one that is promised, whatever the number of workers and the timing.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, WORKERS_MOST = 8, ROUNDS = 120 };

/* Takes the place of the C library's, so that it can refuse what a reduction asks for. */
static atomic_bool refuses_memory;

void *aligned_alloc(size_t alignment, size_t size)
{
    void *memory = NULL;
    return atomic_load(&refuses_memory) || posix_memalign(&memory, alignment, size) ? NULL : memory;
}

/* A value that knows how it came about: a hash of the tree, in which every change of shape shows, and the indices. It
 * is padded to sizes that live in different places. */
struct trail {
    int64_t begin; /* of the indices; equal to end: none */
    int64_t end;
    uint64_t hash;
    char padding[2000];
};

static const size_t trail_sizes[] = {offsetof(struct trail, padding), 100, sizeof(struct trail)};

static uint64_t hash_mix(uint64_t left, uint64_t right)
{
    uint64_t x = (left ^ (left >> 29)) * UINT64_C(0x9e3779b97f4a7c15) + right;
    return (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
}

static uint64_t hash_leaf(int64_t begin, int64_t end)
{
    return hash_mix((uint64_t)begin, (uint64_t)end);
}

/* The tree as the contract describes it. */
static uint64_t hash_tree(int64_t begin, int64_t end, int64_t grain)
{
    int64_t blocks = (end - begin - 1) / grain + 1, left = 1;
    if (blocks == 1)
        return hash_leaf(begin, end);
    while (2 * left < blocks)
        left *= 2;
    return hash_mix(hash_tree(begin, begin + left * grain, grain), hash_tree(begin + left * grain, end, grain));
}

/* How many bodies and combinations were called, and how long a body dawdles. */
struct work {
    atomic_llong bodies;
    atomic_llong combinations;
    int64_t dawdle;  /* spins of every body */
    int64_t slow_at; /* the block that begins here takes a millisecond */
    int64_t stop_at; /* the block that begins here cancels the reduction, */
    bool is_stopped; /* if one does */
};

static void trail_body(int64_t begin, int64_t end, void *value, void *arg)
{
    struct trail *trail = value;
    struct work *work = arg;
    atomic_fetch_add(&work->bodies, 1);
    TEST_CHECK(trail->begin == trail->end && trail->hash == 0, "the value of a block is not the identity");
    for (volatile int64_t i = 0; i < work->dawdle; i++)
        continue;
    if (begin == work->slow_at)
        for (int64_t since = rove_clock(); rove_clock() - since < ROVE_MILLISECOND;)
            continue;
    if (work->is_stopped && begin == work->stop_at)
        rove_fail(3);
    trail->begin = begin;
    trail->end = end;
    trail->hash = hash_leaf(begin, end);
}

static void trail_combine(void *left, void *right, void *arg)
{
    struct trail *a = left;
    const struct trail *b = right;
    struct work *work = arg;
    atomic_fetch_add(&work->combinations, 1);
    if (b->begin == b->end)
        return; /* something was left out */
    TEST_CHECK(work->is_stopped || a->end == b->begin, "%lld is combined with %lld", (long long)a->end,
               (long long)b->begin);
    a->begin = a->begin == a->end ? b->begin : a->begin;
    a->end = b->end;
    a->hash = hash_mix(a->hash, b->hash);
}

static const struct trail nowhere;

static void tree_check(int64_t begin, int64_t length, int64_t grain, size_t size, struct work *work)
{
    rove_reduction reduction = {size, &nowhere, trail_body, trail_combine, work};
    struct trail result = {.hash = 55};
    int64_t blocks = (length - 1) / grain + 1;
    work->bodies = work->combinations = 0;
    TEST_CHECK(rove_reduce_fixed(begin, begin + length, grain, &reduction, &result) == ROVE_OK, "%lld by %lld",
               (long long)length, (long long)grain);
    TEST_CHECK(result.begin == begin && result.end == begin + length, "%lld to %lld", (long long)result.begin,
               (long long)result.end);
    TEST_CHECK(result.hash == hash_tree(begin, begin + length, grain), "another tree over %lld by %lld",
               (long long)length, (long long)grain);
    TEST_CHECK(work->bodies == blocks && work->combinations == blocks - 1, "%lld blocks, %lld bodies, %lld combined",
               (long long)blocks, (long long)work->bodies, (long long)work->combinations);
}

static void random_trees(void *arg)
{
    struct test_random *random = arg;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t length = 1 + (int64_t)test_random_below(random, round % 10 == 0 ? 15000 : 70);
        int64_t grain = 1 + (int64_t)test_random_below(random, round % 3 ? 4 : 1000);
        int64_t begin = (int64_t)test_random_below(random, 100) - 50;
        struct work work = {.dawdle = (int64_t)test_random_below(random, 2) * 300,
                            .slow_at = begin + (int64_t)test_random_below(random, (uint64_t)length)};
        tree_check(begin, length, grain, trail_sizes[round % 3], &work);
    }
}

/* Calls fn(random) in runtimes of all sizes, and from a thread that is no worker. */
static void on_all_runtimes(void (*fn)(void *arg))
{
    for (int workers = 1; workers <= WORKERS_MOST; workers += 1 + workers / 3) {
        struct test_random random = test_random_make((uint64_t)workers);
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, fn, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    struct test_random random = test_random_make(0);
    fn(&random);
}

static void test_the_tree_is_the_one_that_is_promised(void **state)
{
    (void)state;
    on_all_runtimes(random_trees);
}

static void test_the_longest_ranges_do_not_overflow(void **state)
{
    (void)state;
    static const int64_t begins[] = {0, -1, INT64_MIN};
    static const int64_t grains[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX / 2, INT64_MAX / 1000};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        for (size_t j = 0; j < sizeof grains / sizeof *grains; j++) {
            struct work work = {.slow_at = INT64_MIN + 1};
            tree_check(begins[i], INT64_MAX, grains[j], sizeof nowhere, &work);
        }
    }
}

/* Nothing is combined that was not, and every value that was made is given to a combination, which may have to free. */
static void stopped_trees(void *arg)
{
    struct test_random *random = arg;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t blocks = 1 + (int64_t)test_random_below(random, round % 10 == 0 ? 5000 : 40);
        struct work work = {.slow_at = -1, .is_stopped = true};
        work.stop_at = (int64_t)test_random_below(random, (uint64_t)blocks);
        rove_reduction reduction = {trail_sizes[round % 3], &nowhere, trail_body, trail_combine, &work};
        struct trail result;
        rove_status status = rove_reduce_fixed(0, blocks, 1, &reduction, &result);
        TEST_CHECK(status == ROVE_FAILED, "%lld of %lld blocks: %s", (long long)work.bodies, (long long)blocks,
                   rove_status_text(status));
        TEST_CHECK(work.combinations >= work.bodies - 1, "%lld values, %lld combinations", (long long)work.bodies,
                   (long long)work.combinations);
    }
}

static void test_a_reduction_that_is_stopped_combines_what_it_has(void **state)
{
    (void)state;
    on_all_runtimes(stopped_trees);
}

static void test_a_fixed_reduction_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct work work = {.slow_at = -1};
    struct trail result = {.hash = 55};
    rove_reduction reduction = {sizeof result, &nowhere, trail_body, trail_combine, &work};
    rove_reduction broken = reduction;
    assert_int_equal(rove_reduce_fixed(0, 9, 0, &reduction, &result), ROVE_INVALID);
    assert_int_equal(rove_reduce_fixed(0, 9, -1, &reduction, &result), ROVE_INVALID);
    assert_int_equal(rove_reduce_fixed(0, 9, 1, NULL, &result), ROVE_INVALID);
    assert_int_equal(rove_reduce_fixed(0, 9, 1, &reduction, NULL), ROVE_INVALID);
    assert_int_equal(rove_reduce_fixed(-1, INT64_MAX, 1, &reduction, &result), ROVE_INVALID);
    broken.combine = NULL;
    assert_int_equal(rove_reduce_fixed(0, 9, 1, &broken, &result), ROVE_INVALID);
    broken = reduction, broken.identity = &result;
    assert_int_equal(rove_reduce_fixed(0, 9, 1, &broken, &result), ROVE_INVALID);
    assert_true(result.hash == 55 && work.bodies == 0);
    assert_int_equal(rove_reduce_fixed(9, 9, 1, &reduction, &result), ROVE_OK);
    assert_true(result.hash == 0 && work.bodies == 0);
}

/* A value of which no second one can be had: the first block is reduced, and so is each left branch. */
static void refused_trees(void *arg)
{
    (void)arg;
    for (int64_t blocks = 1; blocks < 3000; blocks = blocks < 20 ? blocks + 1 : blocks * 2) {
        struct work work = {.slow_at = -1};
        rove_reduction reduction = {sizeof nowhere, &nowhere, trail_body, trail_combine, &work};
        struct trail result;
        atomic_store(&refuses_memory, true);
        rove_status status = rove_reduce_fixed(0, blocks, 1, &reduction, &result);
        atomic_store(&refuses_memory, false);
        TEST_CHECK(status == (blocks == 1 ? ROVE_OK : ROVE_NO_MEMORY), "%lld blocks: %s", (long long)blocks,
                   rove_status_text(status));
        TEST_CHECK(work.bodies == 1 && work.combinations == 0 && result.end == 1, "%lld bodies, %lld combinations",
                   (long long)work.bodies, (long long)work.combinations);
        tree_check(0, blocks, 1, sizeof nowhere, &work);
    }
}

/* Valgrind puts an allocator of its own in the place of ours, which refuses nothing. */
static bool can_refuse_memory(void)
{
    void *(*volatile allocate)(size_t alignment, size_t size) = aligned_alloc;
    atomic_store(&refuses_memory, true);
    void *memory = allocate(64, 64);
    atomic_store(&refuses_memory, false);
    free(memory);
    return !memory;
}

static void test_without_memory_the_status_says_so(void **state)
{
    (void)state;
    if (!can_refuse_memory())
        skip();
    rove_runtime *runtime = test_runtime(3);
    assert_int_equal(rove_run(runtime, refused_trees, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tree_is_the_one_that_is_promised),
        cmocka_unit_test(test_the_longest_ranges_do_not_overflow),
        cmocka_unit_test(test_a_reduction_that_is_stopped_combines_what_it_has),
        cmocka_unit_test(test_a_fixed_reduction_that_makes_no_sense_is_refused),
        cmocka_unit_test(test_without_memory_the_status_says_so),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
