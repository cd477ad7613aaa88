/*
 * Jobs that wait for jobs: in their own pool, in another one, in two that need each other, with groups, loops and sorts
 * between. Nothing locks up, with one worker and one place as with many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, DEPTH = 30, JOBS = 200 };

static rove_pool *pools[2];
static atomic_int runs;

/* Pools of one place each on `workers` workers, with room for `capacity`. */
static rove_runtime *begin(int workers, size_t capacity)
{
    rove_runtime *runtime = test_runtime(workers);
    rove_pool_config config = test_pool_config(runtime);
    config.width = 1;
    config.capacity = capacity;
    for (int i = 0; i < 2; i++)
        pools[i] = test_pool(&config);
    atomic_store(&runs, 0);
    return runtime;
}

static void end(rove_runtime *runtime)
{
    for (int i = 0; i < 2; i++)
        assert_int_equal(rove_pool_wait(pools[i], ROVE_NEVER), ROVE_OK);
    for (int i = 0; i < 2; i++)
        test_pool_end(pools[i]);
    test_runtime_end(runtime);
}

/* Runs the test with every number of workers and every capacity that is narrow. */
static void in_narrow_pools(void (*fn)(void))
{
    static const int workers[] = {1, 2, 4};
    static const size_t capacities[] = {0, 1, 4, ROVE_UNBOUNDED};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 4; j++) {
            rove_runtime *runtime = begin(workers[i], capacities[j]);
            fn();
            end(runtime);
        }
    }
}

struct level {
    int left;
    int step; /* which pool comes next: 0 the same one, 1 the other one */
    int pool;
};

/* Submits a job that does the same, and waits for it. */
static int descend(void *arg, void **value)
{
    struct level *self = arg, next = {self->left - 1, self->step, (self->pool + self->step) % 2};
    atomic_fetch_add(&runs, 1);
    *value = arg;
    if (self->left == 0)
        return 0;
    rove_future future = {.fn = NULL};
    void *below = NULL;
    rove_job job = {.fn = descend, .arg = &next, .future = &future};
    rove_status status = rove_pool_submit_job(pools[next.pool], &job, ROVE_NEVER, NULL);
    TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    status = rove_future_wait(&future, &below);
    TEST_CHECK(status == ROVE_OK && below == &next, "wait: %s", rove_status_text(status));
    return 0;
}

static void descend_in_one(void)
{
    struct level top = {DEPTH, 0, 0};
    assert_int_equal(rove_pool_submit(pools[0], descend, &top), ROVE_OK);
    assert_int_equal(rove_pool_wait(pools[0], ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), DEPTH + 1);
}

static void test_a_job_may_wait_for_a_job_of_its_own_pool(void **state)
{
    (void)state;
    in_narrow_pools(descend_in_one);
}

static void descend_in_turn(void)
{
    struct level tops[] = {{DEPTH, 1, 0}, {DEPTH, 1, 1}};
    assert_int_equal(rove_pool_submit(pools[0], descend, &tops[0]), ROVE_OK);
    assert_int_equal(rove_pool_submit(pools[1], descend, &tops[1]), ROVE_OK);
    for (int i = 0; i < 6; i++) /* what ends in one may still begin in the other */
        assert_int_equal(rove_pool_wait(pools[i % 2], ROVE_NEVER), ROVE_OK);
}

static void test_two_pools_may_wait_for_each_other(void **state)
{
    (void)state;
    in_narrow_pools(descend_in_turn);
}

struct branch {
    int left;
    int pool;
};

static struct branch branches[16];

/* Each submits two more, to its own pool or to the other one, which are full most of the time. */
static int branch_out(void *arg, void **value)
{
    struct branch *self = arg;
    (void)value;
    atomic_fetch_add(&runs, 1);
    for (int i = 0; i < 2 && self->left > 0; i++) {
        rove_status status = rove_pool_submit(pools[(self->pool + i) % 2], branch_out, self + 1);
        TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    }
    return 0;
}

static void branch_to_own(void)
{
    for (int i = 0; i < 10; i++)
        branches[i] = (struct branch){9 - i, i};
    assert_int_equal(rove_pool_submit(pools[0], branch_out, branches), ROVE_OK);
    while (atomic_load(&runs) < (1 << 10) - 1)
        for (int i = 0; i < 2; i++)
            assert_int_equal(rove_pool_wait(pools[i], ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), (1 << 10) - 1);
}

static void test_jobs_may_submit_into_full_pools(void **state)
{
    (void)state;
    in_narrow_pools(branch_to_own);
}

static int leaf(void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void leaf_loop(int64_t begin_at, int64_t end_at, void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, (int)(end_at - begin_at));
}

static int less(const void *a, const void *b, void *arg)
{
    (void)arg;
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static int work_in_parallel(void *arg, void **value)
{
    enum { ITEMS = 3000 };
    (void)value;
    rove_group group = {0};
    const rove_job_info *self = rove_current_job();
    for (int i = 0; i < 50; i++)
        TEST_CHECK(rove_group_spawn(&group, leaf, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_for(0, 50, leaf_loop, NULL) == ROVE_OK, "loop");
    int *items = malloc(ITEMS * sizeof *items);
    TEST_CHECK(items, "no memory");
    for (int i = 0; i < ITEMS; i++)
        items[i] = (i * 7919) % ITEMS;
    TEST_CHECK(rove_sort(items, ITEMS, sizeof *items, less, NULL) == ROVE_OK, "sort");
    for (int i = 1; i < ITEMS; i++)
        TEST_CHECK(items[i] >= items[i - 1], "not sorted at %d", i);
    free(items);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(rove_current_job() == self && self->id == (uint64_t)(uintptr_t)arg, "the job has lost itself");
    return 0;
}

static void run_parallel_jobs(void)
{
    for (uint64_t i = 0; i < 20; i++) {
        rove_job job = {.fn = work_in_parallel, .arg = (void *)(uintptr_t)i, .id = i};
        assert_int_equal(rove_pool_submit_job(pools[i % 2], &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(rove_pool_wait(pools[i], ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 20 * 100);
}

static void test_jobs_may_spawn_loop_and_sort(void **state)
{
    (void)state;
    in_narrow_pools(run_parallel_jobs);
}

static int run_a_batch(void *arg, void **value)
{
    (void)value;
    rove_batch batch = {.count = 0};
    rove_status status = rove_batch_run(&batch, arg, test_count_job, &runs, 0, JOBS);
    TEST_CHECK(status == ROVE_OK, "batch: %s", rove_status_text(status));
    TEST_CHECK(rove_batch_successes(&batch) == JOBS, "%zu", rove_batch_successes(&batch));
    return 0;
}

static void run_batches(void)
{
    assert_int_equal(rove_pool_submit(pools[0], run_a_batch, pools[0]), ROVE_OK);
    assert_int_equal(rove_pool_submit(pools[1], run_a_batch, pools[0]), ROVE_OK);
    assert_int_equal(rove_pool_submit(pools[0], run_a_batch, pools[1]), ROVE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rove_pool_wait(pools[i % 2], ROVE_NEVER), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 3 * JOBS);
}

static void test_a_job_may_run_a_batch_in_its_own_pool(void **state)
{
    (void)state;
    in_narrow_pools(run_batches);
}

static void read_all(void *pool)
{
    rove_result result;
    while (rove_pool_next(pool, &result, ROVE_NEVER) == ROVE_OK)
        continue;
}

/* The records of all that wait for each other have no room, whoever reads: none of them has ended yet. */
static void test_jobs_wait_for_jobs_where_the_stream_holds_one_record(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        rove_pool_config config = test_pool_config(runtime);
        config.has_results = true;
        config.results_capacity = 1;
        config.capacity = 3;
        struct test_thread readers[2];
        struct level tops[] = {{DEPTH, 1, 0}, {DEPTH, 0, 0}, {DEPTH, 0, 1}};
        for (int i = 0; i < 2; i++) {
            pools[i] = test_pool(&config);
            test_thread_start(&readers[i], read_all, pools[i]);
        }
        atomic_store(&runs, 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(rove_pool_submit(pools[tops[i].pool], descend, &tops[i]), ROVE_OK);
        while (atomic_load(&runs) < 3 * (DEPTH + 1))
            test_yield();
        for (int i = 0; i < 2; i++) {
            assert_int_equal(rove_pool_drain(pools[i], ROVE_NEVER), ROVE_OK);
            test_thread_join(&readers[i]);
            test_pool_end(pools[i]);
        }
        test_runtime_end(runtime);
    }
}

/* A worker in a blocking region is not lost for the pool that it works for. */
static int pass_gate_in_region(void *arg, void **value)
{
    rove_blocking_begin();
    test_gate_job(arg, value);
    rove_blocking_end();
    return 0;
}

static void test_a_job_that_blocks_in_a_region_does_not_stop_the_others(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config), *other = test_pool(&config);
    struct test_gate gate;
    test_gate_init(&gate);
    atomic_store(&runs, 0);
    assert_int_equal(rove_pool_submit(pool, pass_gate_in_region, &gate), ROVE_OK);
    test_gate_await(&gate);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(rove_pool_submit(other, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_pool_wait(other, ROVE_NEVER), ROVE_OK);
    test_gate_open(&gate, 1);
    test_pool_end(pool);
    test_pool_end(other);
    test_gate_fini(&gate);
    test_runtime_end(runtime);
}

/* Job 0 holds one worker; the other runs job 1, which waits for 0, and on top of that wait job 2, which waits for 1. */
static rove_future chain[3];
static rove_status outcomes[3];

static int wait_for_the_one_before(void *arg, void **value)
{
    (void)value;
    int number = *(int *)arg;
    outcomes[number] = rove_future_wait(&chain[number - 1], NULL);
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void test_who_waits_for_a_job_that_lies_beneath_is_told_so(void **state)
{
    (void)state;
    static int numbers[] = {0, 1, 2};
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    struct test_gate gate;
    test_gate_init(&gate);
    atomic_store(&runs, 0);
    for (int i = 0; i < 3; i++) {
        chain[i] = (rove_future){.fn = NULL};
        rove_job job = {.fn = i ? wait_for_the_one_before : test_gate_job, .future = &chain[i]};
        job.arg = i ? (void *)&numbers[i] : (void *)&gate;
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    while (atomic_load(&runs) < 1)
        test_yield();
    assert_int_equal(outcomes[2], ROVE_BUSY);
    test_gate_open(&gate, 1);
    test_pool_end(pool);
    assert_int_equal(outcomes[1], ROVE_OK);
    test_gate_fini(&gate);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_waits_for_a_job_that_lies_beneath_is_told_so),
        cmocka_unit_test(test_a_job_may_wait_for_a_job_of_its_own_pool),
        cmocka_unit_test(test_two_pools_may_wait_for_each_other),
        cmocka_unit_test(test_jobs_may_submit_into_full_pools),
        cmocka_unit_test(test_jobs_may_spawn_loop_and_sort),
        cmocka_unit_test(test_a_job_may_run_a_batch_in_its_own_pool),
        cmocka_unit_test(test_jobs_wait_for_jobs_where_the_stream_holds_one_record),
        cmocka_unit_test(test_a_job_that_blocks_in_a_region_does_not_stop_the_others),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
