/*
 * A full queue: who may not wait is told so, who waits is let in, given up on, or sent away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

/* A held pool with room for `capacity` jobs, of which `queued` are there. */
static atomic_int runs;

static void fill(struct test_held *held, size_t capacity, size_t queued)
{
    rove_pool_config config = test_pool_config(NULL);
    config.capacity = capacity;
    atomic_store(&runs, 0);
    test_held_begin(held, &config);
    for (size_t i = 0; i < queued; i++)
        assert_int_equal(rove_pool_try_submit(held->pool, test_count_job, &runs), ROVE_OK);
}

static void test_a_full_queue_refuses_who_does_not_wait(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 1000; capacity *= 10) {
        struct test_held held;
        rove_job job = {.fn = test_count_job, .arg = &runs};
        fill(&held, capacity, capacity);
        assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_FULL);
        assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_FULL);
        assert_int_equal(rove_pool_submit_job(held.pool, &job, 1, NULL), ROVE_TIMED_OUT);
        rove_pool_stats stats = test_pool_stats(held.pool);
        assert_int_equal(stats.capacity, capacity);
        assert_int_equal(stats.queued, capacity);
        assert_int_equal(stats.queued_most, capacity);
        assert_int_equal(stats.refused_full, 3);
        assert_int_equal(stats.submitted, capacity + 1);
        test_held_release(&held);
        assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
        assert_int_equal(atomic_load(&runs), capacity);
        assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_OK);
        test_held_end(&held);
        assert_int_equal(atomic_load(&runs), capacity + 1);
    }
}

static void test_a_submission_gives_up_at_its_time_and_not_before(void **state)
{
    (void)state;
    struct test_held held;
    rove_job job = {.fn = test_count_job, .arg = &runs};
    fill(&held, 2, 2);
    for (int i = 0; i < 5; i++) {
        int64_t until = rove_clock() + i * ROVE_MILLISECOND;
        assert_int_equal(rove_pool_submit_job(held.pool, &job, until, NULL), ROVE_TIMED_OUT);
        assert_true(rove_clock() >= until);
    }
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 2);
}

/* A thread that submits and waits for room. */
struct submitter {
    struct test_thread thread;
    rove_pool *pool;
    size_t count; /* by rove_pool_submit_many, if it is above 0 */
    size_t submitted;
    rove_status status;
};

static void submitter_run(void *arg)
{
    struct submitter *self = arg;
    if (self->count)
        self->status = rove_pool_submit_many(self->pool, test_count_job, &runs, 0, self->count, &self->submitted);
    else
        self->status = rove_pool_submit(self->pool, test_count_job, &runs);
}

enum { SUBMITTERS = 4 };

static void submitters_start(struct submitter *submitters, rove_pool *pool, size_t count)
{
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i] = (struct submitter){.pool = pool, .count = count, .submitted = 99, .status = ROVE_PENDING};
        test_thread_start(&submitters[i].thread, submitter_run, &submitters[i]);
    }
    test_pool_await_submitters(pool, SUBMITTERS);
}

static void submitters_join(struct submitter *submitters)
{
    for (int i = 0; i < SUBMITTERS; i++)
        test_thread_join(&submitters[i].thread);
}

static void test_who_waits_is_let_in_when_there_is_room(void **state)
{
    (void)state;
    for (size_t many = 0; many <= 50; many += 50) {
        struct test_held held;
        struct submitter submitters[SUBMITTERS];
        fill(&held, 1, 1);
        submitters_start(submitters, held.pool, many);
        test_held_release(&held);
        submitters_join(submitters);
        for (int i = 0; i < SUBMITTERS; i++) {
            assert_int_equal(submitters[i].status, ROVE_OK);
            assert_true(many == 0 || submitters[i].submitted == many);
        }
        test_held_end(&held);
        assert_int_equal(atomic_load(&runs), 1 + SUBMITTERS * (many ? many : 1));
    }
}

static void test_who_waits_is_sent_away_when_the_pool_is_closed(void **state)
{
    (void)state;
    struct test_held held;
    struct submitter submitters[SUBMITTERS];
    fill(&held, 1, 1);
    submitters_start(submitters, held.pool, 0);
    assert_int_equal(rove_pool_close(held.pool), ROVE_OK);
    submitters_join(submitters);
    for (int i = 0; i < SUBMITTERS; i++)
        assert_int_equal(submitters[i].status, ROVE_DRAINING);
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 1);
}

static void test_who_waits_is_sent_away_when_the_pool_is_canceled(void **state)
{
    (void)state;
    struct test_held held;
    struct submitter submitters[SUBMITTERS];
    fill(&held, 1, 1);
    submitters_start(submitters, held.pool, 0);
    assert_int_equal(rove_pool_cancel(held.pool), ROVE_OK);
    submitters_join(submitters);
    for (int i = 0; i < SUBMITTERS; i++)
        assert_int_equal(submitters[i].status, ROVE_CANCELED);
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 0);
}

static void test_submit_many_says_how_far_it_came(void **state)
{
    (void)state;
    for (int cancels = 0; cancels <= 1; cancels++) {
        struct test_held held;
        struct submitter submitter = {.count = 8, .submitted = 99};
        fill(&held, 3, 0);
        submitter.pool = held.pool;
        test_thread_start(&submitter.thread, submitter_run, &submitter);
        test_pool_await_submitters(held.pool, 1);
        assert_int_equal(cancels ? rove_pool_cancel(held.pool) : rove_pool_close(held.pool), ROVE_OK);
        test_thread_join(&submitter.thread);
        assert_int_equal(submitter.status, cancels ? ROVE_CANCELED : ROVE_DRAINING);
        assert_int_equal(submitter.submitted, 3);
        test_held_release(&held);
        test_held_end(&held);
        assert_int_equal(atomic_load(&runs), cancels ? 0 : 3);
    }
}

static void test_a_job_leaves_room_when_it_starts(void **state)
{
    (void)state;
    struct test_held held;
    struct test_gate next;
    fill(&held, 1, 0);
    test_gate_init(&next);
    assert_int_equal(rove_pool_try_submit(held.pool, test_gate_job, &next), ROVE_OK);
    assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_FULL);
    test_held_release(&held);
    test_gate_await(&next);
    assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_pool_try_submit(held.pool, test_count_job, &runs), ROVE_FULL);
    test_gate_open(&next, 1);
    test_held_end(&held);
    test_gate_fini(&next);
}

/* Most of the room is taken by jobs that wait for what the last of the others makes: who waits gets in one by one. */
static void test_who_waits_is_let_in_beside_jobs_that_wait_for_futures(void **state)
{
    (void)state;
    enum { CAPACITY = 16, OTHERS = 200 };
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = CAPACITY;
    rove_pool *pool = test_pool(&config);
    rove_future gate = {.fn = NULL}, *const after[] = {&gate};
    atomic_store(&runs, 0);
    assert_int_equal(rove_future_promise(&gate), ROVE_OK);
    for (int i = 0; i < CAPACITY - 1; i++) {
        rove_job job = {.fn = test_count_job, .arg = &runs, .after = after, .after_count = 1};
        assert_int_equal(rove_pool_submit_job(pool, &job, 0, NULL), ROVE_OK);
    }
    for (int i = 0; i < OTHERS; i++)
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_future_set(&gate, NULL), ROVE_OK);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), OTHERS + CAPACITY - 1);
    test_runtime_end(runtime);
}

/* Of a full queue one job starts, and stays: that is room for one, though not for many. */
static void test_who_waits_is_let_in_when_one_long_job_has_started(void **state)
{
    (void)state;
    struct test_held held;
    struct test_gate next;
    struct submitter submitter = {.status = ROVE_PENDING};
    fill(&held, 100, 0);
    test_gate_init(&next);
    assert_int_equal(rove_pool_try_submit(held.pool, test_gate_job, &next), ROVE_OK);
    while (rove_pool_try_submit(held.pool, test_count_job, &runs) == ROVE_OK)
        continue;
    submitter.pool = held.pool;
    test_thread_start(&submitter.thread, submitter_run, &submitter);
    test_thread_await_asleep(&submitter.thread);
    test_held_release(&held);
    test_gate_await(&next);
    test_thread_join(&submitter.thread);
    assert_int_equal(submitter.status, ROVE_OK);
    test_gate_open(&next, 1);
    test_held_end(&held);
    test_gate_fini(&next);
}

static void test_a_queue_without_a_bound_is_never_full(void **state)
{
    (void)state;
    enum { JOBS = 100000 };
    struct test_held held;
    fill(&held, ROVE_UNBOUNDED, JOBS);
    rove_pool_stats stats = test_pool_stats(held.pool);
    assert_int_equal(stats.queued, JOBS);
    assert_true(stats.capacity == ROVE_UNBOUNDED);
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), JOBS);
}

static void test_a_capacity_of_zero_hands_over_to_a_free_place(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    config.capacity = 0;
    config.width = 2;
    rove_pool *pool = test_pool(&config);
    struct test_gate gate;
    test_gate_init(&gate);
    for (int round = 0; round < 50; round++) {
        assert_int_equal(rove_pool_try_submit(pool, test_gate_job, &gate), ROVE_OK);
        assert_int_equal(rove_pool_try_submit(pool, test_gate_job, &gate), ROVE_OK);
        assert_int_equal(rove_pool_try_submit(pool, test_gate_job, &gate), ROVE_FULL);
        test_gate_await(&gate);
        test_gate_await(&gate);
        assert_int_equal(rove_pool_try_submit(pool, test_gate_job, &gate), ROVE_FULL);
        test_gate_open(&gate, 2);
        assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    }
    atomic_store(&runs, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_pool_submit_many(pool, test_count_job, &runs, 0, 1000, NULL), ROVE_OK);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), 2000);
    test_gate_fini(&gate);
    test_runtime_end(runtime);
}

static void test_a_hand_over_waits_for_a_free_place(void **state)
{
    (void)state;
    struct test_held held;
    struct submitter submitters[SUBMITTERS];
    fill(&held, 0, 0);
    submitters_start(submitters, held.pool, 0);
    assert_int_equal(test_pool_stats(held.pool).queued, 0);
    test_held_release(&held);
    submitters_join(submitters);
    for (int i = 0; i < SUBMITTERS; i++)
        assert_int_equal(submitters[i].status, ROVE_OK);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), SUBMITTERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_queue_refuses_who_does_not_wait),
        cmocka_unit_test(test_a_submission_gives_up_at_its_time_and_not_before),
        cmocka_unit_test(test_who_waits_is_let_in_when_there_is_room),
        cmocka_unit_test(test_who_waits_is_sent_away_when_the_pool_is_closed),
        cmocka_unit_test(test_who_waits_is_sent_away_when_the_pool_is_canceled),
        cmocka_unit_test(test_submit_many_says_how_far_it_came),
        cmocka_unit_test(test_a_job_leaves_room_when_it_starts),
        cmocka_unit_test(test_who_waits_is_let_in_beside_jobs_that_wait_for_futures),
        cmocka_unit_test(test_who_waits_is_let_in_when_one_long_job_has_started),
        cmocka_unit_test(test_a_queue_without_a_bound_is_never_full),
        cmocka_unit_test(test_a_capacity_of_zero_hands_over_to_a_free_place),
        cmocka_unit_test(test_a_hand_over_waits_for_a_free_place),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
