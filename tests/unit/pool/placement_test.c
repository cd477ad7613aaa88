/*
 * Lanes: what goes where, one job at a time in each, and who helps whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, LANES = 3, JOBS = 3000 };

static rove_pool *lanes_make(rove_runtime *runtime, rove_placement placement, int lanes)
{
    rove_pool_config config = test_pool_config(runtime);
    config.placement = placement;
    config.lanes = lanes;
    return test_pool(&config);
}

static atomic_int runs, at_once, most_at_once;

static int count_at_once(void *arg, void **value)
{
    (void)value;
    int now = atomic_fetch_add(&at_once, 1) + 1;
    int most = atomic_load(&most_at_once);
    while (most < now && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        continue;
    test_count_job(arg, value);
    atomic_fetch_sub(&at_once, 1);
    return 0;
}

static void test_every_placement_runs_every_job_once(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    for (rove_placement placement = ROVE_PLACE_SHARED; placement <= ROVE_PLACE_KEYED; placement++) {
        rove_pool *pool = lanes_make(runtime, (rove_placement)placement, LANES);
        rove_pool_lane lanes[LANES + 1];
        atomic_store(&runs, 0);
        atomic_store(&most_at_once, 0);
        for (uint64_t i = 0; i < JOBS; i++) {
            rove_job job = {.fn = count_at_once, .arg = &runs, .key = i % 17};
            assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
        }
        assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
        assert_int_equal(atomic_load(&runs), JOBS);
        if (placement == ROVE_PLACE_SHARED) {
            assert_int_equal(rove_pool_get_lanes(pool, lanes, LANES + 1), 0);
        } else {
            assert_true(atomic_load(&most_at_once) <= LANES);
            assert_int_equal(rove_pool_get_lanes(pool, lanes, LANES + 1), LANES);
            uint64_t total = 0, active = 0;
            for (int i = 0; i < LANES; i++) {
                total += lanes[i].total;
                active += lanes[i].active;
            }
            assert_int_equal(total, JOBS);
            assert_int_equal(active, 0);
        }
        test_pool_end(pool);
    }
    test_runtime_end(runtime);
}

static void test_jobs_in_turn_and_by_number_come_out_even(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    const rove_placement even[] = {ROVE_PLACE_ROUND_ROBIN, ROVE_PLACE_LEAST_TOTAL};
    for (int i = 0; i < 2; i++) {
        rove_pool *pool = lanes_make(runtime, even[i], LANES);
        rove_pool_lane lanes[LANES];
        for (int j = 0; j < JOBS; j++)
            assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
        assert_int_equal(rove_pool_submit_many(pool, test_count_job, &runs, 0, JOBS, NULL), ROVE_OK);
        assert_int_equal(rove_pool_get_lanes(pool, lanes, LANES), LANES);
        for (int lane = 0; lane < LANES; lane++)
            assert_int_equal(lanes[lane].total, 2 * JOBS / LANES);
        test_pool_end(pool);
    }
    test_runtime_end(runtime);
}

static void test_the_least_active_lane_gets_the_next_job(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(LANES + 1);
    rove_pool *pool = lanes_make(runtime, ROVE_PLACE_LEAST_ACTIVE, LANES);
    struct test_gate gate;
    rove_pool_lane lanes[LANES];
    test_gate_init(&gate);
    for (int i = 0; i < LANES; i++)
        assert_int_equal(rove_pool_submit(pool, test_gate_job, &gate), ROVE_OK);
    for (int i = 0; i < LANES; i++)
        test_gate_await(&gate);
    for (int i = 0; i < 10 * LANES; i++)
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_pool_get_lanes(pool, lanes, LANES), LANES);
    for (int i = 0; i < LANES; i++)
        assert_int_equal(lanes[i].active, 11);
    test_gate_open(&gate, LANES);
    test_pool_end(pool);
    test_gate_fini(&gate);
    test_runtime_end(runtime);
}

static void test_a_lane_runs_one_job_at_a_time(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    for (rove_placement placement = ROVE_PLACE_ROUND_ROBIN; placement <= ROVE_PLACE_KEYED; placement++) {
        rove_pool *pool = lanes_make(runtime, (rove_placement)placement, 1);
        atomic_store(&runs, 0);
        atomic_store(&most_at_once, 0);
        assert_int_equal(rove_pool_submit_many(pool, count_at_once, &runs, 0, JOBS, NULL), ROVE_OK);
        test_pool_end(pool);
        assert_int_equal(atomic_load(&runs), JOBS);
        assert_int_equal(atomic_load(&most_at_once), 1);
    }
    test_runtime_end(runtime);
}

/* What one key has come to: jobs find themselves alone and in order. */
struct account {
    atomic_int inside;
    uint64_t next; /* no atomic: nobody else may be here */
};

static int book(void *arg, void **value)
{
    struct account *account = arg;
    (void)value;
    TEST_CHECK(atomic_fetch_add(&account->inside, 1) == 0, "two jobs of one key at once");
    TEST_CHECK(rove_current_job()->id == account->next, "job %llu instead of %llu",
               (unsigned long long)rove_current_job()->id, (unsigned long long)account->next);
    account->next++;
    atomic_fetch_sub(&account->inside, 1);
    return 0;
}

static void test_jobs_of_one_key_run_one_after_the_other_in_order(void **state)
{
    (void)state;
    enum { KEYS = 16 };
    rove_runtime *runtime = test_runtime(4);
    for (int lanes = 0; lanes <= 8; lanes++) {
        rove_pool *pool = lanes_make(runtime, ROVE_PLACE_KEYED, lanes);
        struct account accounts[KEYS] = {0};
        uint64_t given[KEYS] = {0};
        struct test_random random = test_random_make((uint64_t)lanes);
        for (int i = 0; i < JOBS; i++) {
            uint64_t key = test_random_below(&random, KEYS);
            rove_job job = {.fn = book, .arg = &accounts[key], .id = given[key]++, .key = key << 40};
            assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
        }
        test_pool_end(pool);
        for (int key = 0; key < KEYS; key++)
            assert_int_equal(accounts[key].next, given[key]);
    }
    test_runtime_end(runtime);
}

static void test_jobs_of_a_key_wait_though_other_lanes_are_idle(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    rove_pool *pool = lanes_make(runtime, ROVE_PLACE_KEYED, 4);
    struct test_gate gate;
    rove_job first = {.fn = test_gate_job, .arg = &gate, .key = 1};
    rove_job same = {.fn = test_count_job, .arg = &runs, .key = 1};
    test_gate_init(&gate);
    atomic_store(&runs, 0);
    assert_int_equal(rove_pool_submit_job(pool, &first, 0, NULL), ROVE_OK);
    test_gate_await(&gate);
    for (int i = 0; i < 5; i++)
        assert_int_equal(rove_pool_submit_job(pool, &same, 0, NULL), ROVE_OK);
    for (int i = 0; i < 1000; i++)
        test_yield();
    assert_int_equal(test_pool_stats(pool).queued, 5);
    assert_int_equal(atomic_load(&runs), 0);
    test_gate_open(&gate, 1);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), 5);
    test_gate_fini(&gate);
    test_runtime_end(runtime);
}

static void test_a_lane_that_is_idle_helps_another(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    rove_pool *pool = lanes_make(runtime, ROVE_PLACE_ROUND_ROBIN, 2);
    struct test_gate gate;
    rove_future ended[4] = {{.fn = NULL}};
    test_gate_init(&gate);
    atomic_store(&runs, 0);
    assert_int_equal(rove_pool_submit(pool, test_gate_job, &gate), ROVE_OK);
    test_gate_await(&gate);
    for (int i = 0; i < 4; i++) { /* half of them lie behind the one at the gate */
        rove_job job = {.fn = test_count_job, .arg = &runs, .future = &ended[i]};
        assert_int_equal(rove_pool_submit_job(pool, &job, 0, NULL), ROVE_OK);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(rove_future_wait(&ended[i], NULL), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 4);
    assert_true(test_pool_stats(pool).moved > 0);
    test_gate_open(&gate, 1);
    test_pool_end(pool);
    test_gate_fini(&gate);
    test_runtime_end(runtime);
}

/* Each job is over, and whoever ran it perhaps gone, before the next one comes. */
static void test_a_lane_that_has_gone_idle_is_called_to_help(void **state)
{
    (void)state;
    for (rove_placement placement = ROVE_PLACE_ROUND_ROBIN; placement <= ROVE_PLACE_RANDOM; placement++) {
        rove_runtime *runtime = test_runtime(3);
        rove_pool *pool = lanes_make(runtime, placement, 2);
        struct test_gate gate;
        test_gate_init(&gate);
        atomic_store(&runs, 0);
        assert_int_equal(rove_pool_submit(pool, test_gate_job, &gate), ROVE_OK);
        test_gate_await(&gate);
        for (int i = 0; i < 100; i++) {
            rove_future ended = {.fn = NULL};
            rove_job job = {.fn = test_count_job, .arg = &runs, .future = &ended};
            assert_int_equal(rove_pool_submit_job(pool, &job, 0, NULL), ROVE_OK);
            while (atomic_load(&runs) <= i)
                test_yield();
            assert_int_equal(rove_future_wait(&ended, NULL), ROVE_OK);
        }
        test_gate_open(&gate, 1);
        test_pool_end(pool);
        test_gate_fini(&gate);
        test_runtime_end(runtime);
    }
}

static void test_a_pool_has_as_many_lanes_as_it_asks_for(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    const int asked[] = {0, 1, 2, 100, ROVE_LANES_MAX}, got[] = {3, 1, 2, 100, ROVE_LANES_MAX};
    for (int i = 0; i < 5; i++) {
        rove_pool *pool = lanes_make(runtime, ROVE_PLACE_RANDOM, asked[i]);
        rove_pool_lane lane;
        assert_int_equal(rove_pool_get_lanes(pool, NULL, 0), got[i]);
        assert_int_equal(rove_pool_get_lanes(pool, &lane, 1), got[i]);
        assert_int_equal(lane.total, 0);
        assert_int_equal(rove_pool_submit_many(pool, test_count_job, &runs, 0, 1000, NULL), ROVE_OK);
        test_pool_end(pool);
    }
    assert_int_equal(rove_pool_get_lanes(NULL, NULL, 0), 0);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_placement_runs_every_job_once),
        cmocka_unit_test(test_jobs_in_turn_and_by_number_come_out_even),
        cmocka_unit_test(test_the_least_active_lane_gets_the_next_job),
        cmocka_unit_test(test_a_lane_runs_one_job_at_a_time),
        cmocka_unit_test(test_jobs_of_one_key_run_one_after_the_other_in_order),
        cmocka_unit_test(test_jobs_of_a_key_wait_though_other_lanes_are_idle),
        cmocka_unit_test(test_a_lane_that_is_idle_helps_another),
        cmocka_unit_test(test_a_lane_that_has_gone_idle_is_called_to_help),
        cmocka_unit_test(test_a_pool_has_as_many_lanes_as_it_asks_for),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
