/*
 * Where rules of a pool meet that are seldom used together: keys and helpers, lanes and the shutdown of the runtime,
 * rooms that are offered to somebody who has given up, numbers at the end of their range. Serial pools have a file of
 * their own.
 */
#include "runtime/pool/pool.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/idle.h>
#include <support/pool.h>

#include <cmocka.h>

#include "alone.h"

static rove_status submit_keyed(rove_pool *pool, rove_job_fn *fn, void *arg, uint64_t key)
{
    rove_job job = {.fn = fn, .arg = arg, .key = key};
    return rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
}

/* A call on a worker: two jobs of one key for a queue of one place. */
static void submit_two_of_a_key(void *pool)
{
    for (int i = 0; i < 2; i++)
        TEST_CHECK(submit_keyed(pool, alone, NULL, 7) == ROVE_OK, "submit");
}

static void test_who_helps_runs_no_second_job_of_a_key(void **state)
{
    (void)state;
    for (int lanes = 1; lanes <= 3; lanes++) {
        rove_runtime *runtime = test_runtime(2);
        rove_pool_config config = test_pool_config(runtime);
        config.placement = ROVE_PLACE_KEYED;
        config.lanes = lanes;
        config.capacity = 1;
        rove_pool *pool = test_pool(&config);
        struct test_gate gate;
        test_gate_init(&gate);
        reset();
        assert_int_equal(submit_keyed(pool, alone, &gate, 7), ROVE_OK);
        test_gate_await(&gate);
        assert_int_equal(rove_run(runtime, submit_two_of_a_key, pool), ROVE_OK);
        assert_int_equal(atomic_load(&runs), 1);
        test_gate_open(&gate, 1);
        test_pool_end(pool);
        assert_int_equal(atomic_load(&runs), 3);
        test_gate_fini(&gate);
        test_runtime_end(runtime);
    }
}

/* A job that waits, at a gate and then for a promise. */
struct waiting {
    struct test_gate gate;
    rove_future promise;
};

static int wait_for_promise(void *arg, void **value)
{
    struct waiting *self = arg;
    test_gate_job(&self->gate, value);
    TEST_CHECK(rove_future_wait(&self->promise, NULL) == ROVE_OK, "wait");
    enter_alone();
    atomic_fetch_sub(&inside, 1);
    return 0;
}

static void test_a_lane_whose_jobs_may_not_start_keeps_no_worker_busy(void **state)
{
    (void)state;
    struct waiting waiting = {.promise = {.fn = NULL}};
    rove_runtime *runtime = test_runtime(1);
    rove_pool_config config = test_pool_config(runtime);
    config.placement = ROVE_PLACE_KEYED;
    rove_pool *pool = test_pool(&config);
    reset();
    test_gate_init(&waiting.gate);
    waiting.promise.group.runtime = runtime;
    assert_int_equal(rove_future_promise(&waiting.promise), ROVE_OK);
    assert_int_equal(submit_keyed(pool, wait_for_promise, &waiting, 1), ROVE_OK);
    test_gate_await(&waiting.gate);
    assert_int_equal(submit_keyed(pool, alone, NULL, 1), ROVE_OK);
    test_gate_open(&waiting.gate, 1);
    idle_await(runtime, 1);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(rove_future_set(&waiting.promise, NULL), ROVE_OK);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), 2);
    test_gate_fini(&waiting.gate);
    test_runtime_end(runtime);
}

/* A job that is held until the promise is set, when the runtime is shut down, in each of many lanes. */
enum { HELD_LANES = 5, HELD_JOBS = 20 };

struct held_jobs {
    rove_runtime *runtime;
    rove_pool *pool;
    rove_future promise;
    rove_batch batch;
    atomic_int discards;
};

static void held_jobs_begin(struct held_jobs *held, bool has_results)
{
    rove_future *const after[] = {&held->promise};
    *held = (struct held_jobs){.runtime = test_runtime(2)};
    rove_pool_config config = test_pool_config(held->runtime);
    config.placement = ROVE_PLACE_KEYED;
    config.lanes = HELD_LANES;
    config.has_results = has_results;
    held->pool = test_pool(&config);
    reset();
    assert_int_equal(rove_future_promise(&held->promise), ROVE_OK);
    for (uint64_t key = 0; key < HELD_JOBS; key++) {
        rove_job job = {.fn = test_count_job,
                        .arg = &runs,
                        .on_discard = test_count_discard,
                        .key = key,
                        .after = after,
                        .after_count = 1,
                        .batch = &held->batch};
        assert_int_equal(rove_pool_submit_job(held->pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
}

static void held_jobs_release(struct held_jobs *held)
{
    assert_int_equal(rove_runtime_shutdown(held->runtime), ROVE_OK);
    assert_int_equal(rove_future_set(&held->promise, NULL), ROVE_OK);
}

static void held_jobs_end(struct held_jobs *held)
{
    assert_int_equal(rove_pool_wait(held->pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(test_pool_stats(held->pool).canceled, HELD_JOBS);
    assert_int_equal(rove_batch_wait(&held->batch, ROVE_NEVER), ROVE_CANCELED);
    assert_int_equal(atomic_load(&runs), HELD_JOBS); /* discards */
    assert_int_equal(rove_pool_destroy(held->pool), ROVE_OK);
    test_runtime_end(held->runtime);
}

static void test_a_wait_ends_the_jobs_of_all_lanes_when_the_runtime_is_gone(void **state)
{
    struct held_jobs held;
    (void)state;
    held_jobs_begin(&held, false);
    held_jobs_release(&held);
    held_jobs_end(&held);
}

static void read_all(void *arg)
{
    const struct held_jobs *held = arg;
    rove_result result;
    for (int i = 0; i < HELD_JOBS; i++)
        TEST_CHECK(rove_pool_next(held->pool, &result, ROVE_NEVER) == ROVE_OK, "next");
    TEST_CHECK(rove_pool_next(held->pool, &result, ROVE_NEVER) == ROVE_CLOSED, "next");
}

static void wait_for_batch(void *arg)
{
    struct held_jobs *held = arg;
    TEST_CHECK(rove_batch_wait(&held->batch, ROVE_NEVER) == ROVE_CANCELED, "wait");
}

static void test_who_sleeps_sees_to_jobs_that_are_let_go_when_the_runtime_is_gone(void **state)
{
    (void)state;
    for (int is_reader = 0; is_reader < 2; is_reader++) {
        struct held_jobs held;
        struct test_thread thread;
        held_jobs_begin(&held, is_reader);
        test_thread_start(&thread, is_reader ? read_all : wait_for_batch, &held);
        test_thread_await_asleep(&thread);
        held_jobs_release(&held);
        test_thread_join(&thread);
        held_jobs_end(&held);
    }
}

static void submit_to_canceled_batch(void *arg)
{
    struct held_jobs *held = arg;
    rove_job job = {.fn = test_count_job, .arg = &runs, .batch = &held->batch};
    TEST_CHECK(rove_pool_submit_job(held->pool, &job, ROVE_NEVER, NULL) == ROVE_CANCELED, "submit");
}

static void submit_one(void *pool)
{
    TEST_CHECK(rove_pool_submit(pool, test_count_job, &runs) == ROVE_OK, "submit");
}

/* The batch is canceled without a word to those who wait, as a cancellation is that comes when they are on their way
 * already. */
static void test_room_that_is_offered_to_who_has_given_up_goes_to_the_next(void **state)
{
    enum { GIVE_UP = 4 };
    struct test_thread threads[GIVE_UP + 1];
    struct test_held held;
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.capacity = 1;
    test_held_begin(&held, &config);
    struct held_jobs jobs = {.pool = held.pool};
    reset();
    assert_int_equal(rove_pool_submit(held.pool, test_count_job, &runs), ROVE_OK);
    for (int i = 0; i < GIVE_UP; i++) {
        test_thread_start(&threads[i], submit_to_canceled_batch, &jobs);
        test_thread_await_asleep(&threads[i]);
    }
    test_thread_start(&threads[GIVE_UP], submit_one, held.pool);
    test_thread_await_asleep(&threads[GIVE_UP]);
    rove_scope_cancel(&jobs.batch.scope);
    test_held_release(&held);
    for (int i = 0; i <= GIVE_UP; i++)
        test_thread_join(&threads[i]);
    assert_int_equal(rove_batch_wait(&jobs.batch, ROVE_NEVER), ROVE_CANCELED);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 2);
}

static void submit_too_late(void *pool)
{
    rove_job job = {.fn = test_count_job, .arg = &runs};
    rove_status status = rove_pool_submit_job(pool, &job, 1, NULL);
    TEST_CHECK(status == ROVE_TIMED_OUT, "submit: %s", rove_status_text(status));
}

static void test_a_worker_whose_time_is_over_makes_no_room(void **state)
{
    struct test_held held;
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    config.capacity = 1;
    test_held_begin(&held, &config);
    reset();
    assert_int_equal(rove_pool_submit(held.pool, test_count_job, &runs), ROVE_OK);
    assert_int_equal(rove_run(held.runtime, submit_too_late, held.pool), ROVE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(test_pool_stats(held.pool).refused_full, 1);
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&runs), 1);
}

static int nothing(void *arg, void **value)
{
    (void)arg;
    (void)value;
    return 0;
}

/* So that the pool takes its jobs for short ones. */
static void run_short_jobs(rove_pool *pool)
{
    for (int i = 0; i < 20; i++) {
        assert_int_equal(rove_pool_submit_many(pool, nothing, NULL, 0, 500, NULL), ROVE_OK);
        assert_int_equal(rove_pool_wait(pool, ROVE_NEVER), ROVE_OK);
    }
}

enum { BEHIND = 39 };

static int wait_for_all_behind(void *arg, void **value)
{
    (void)arg;
    (void)value;
    while (atomic_load(&runs) < BEHIND)
        test_yield();
    return 0;
}

static int spin(void *arg, void **value)
{
    (void)arg;
    (void)value;
    test_spin_ns(300000);
    atomic_fetch_add(&runs, 1);
    return 0;
}

static int spin_or_wait(void *arg, void **value)
{
    return *(const int *)arg == 0 ? wait_for_all_behind(arg, value) : spin(arg, value);
}

static void test_a_long_job_keeps_none_behind_it_that_was_taken_with_it(void **state)
{
    int places[BEHIND + 1];
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_pool_config config = test_pool_config(runtime);
    rove_pool *pool = test_pool(&config);
    run_short_jobs(pool);
    reset();
    for (int i = 0; i <= BEHIND; i++)
        places[i] = i;
    assert_int_equal(rove_pool_submit_many(pool, spin_or_wait, places, sizeof *places, BEHIND + 1, NULL), ROVE_OK);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), BEHIND);
    test_runtime_end(runtime);
}

static int wait_for_submitter(void *arg, void **value)
{
    (void)arg;
    (void)value;
    while (atomic_load(&inside) == 0)
        test_yield();
    return 0;
}

static void submit_and_say_so(void *pool)
{
    TEST_CHECK(rove_pool_submit(pool, nothing, NULL) == ROVE_OK, "submit");
    atomic_store(&inside, 1);
}

/* Another pool's job has the only worker while the queue is filled, so that this pool has seen short jobs only. */
static void test_there_is_room_in_a_queue_of_short_jobs_behind_a_long_one(void **state)
{
    enum { CAPACITY = 64 };
    struct test_held held;
    struct test_thread thread;
    (void)state;
    test_held_begin(&held, NULL);
    rove_pool_config config = test_pool_config(held.runtime);
    config.levels = 2;
    config.capacity = CAPACITY;
    rove_pool *pool = test_pool(&config);
    reset();
    test_held_release(&held);
    run_short_jobs(pool);
    assert_int_equal(rove_pool_submit(held.pool, test_gate_job, &held.gate), ROVE_OK);
    test_gate_await(&held.gate);
    for (int i = 0; i < CAPACITY; i++)
        assert_int_equal(rove_pool_try_submit(pool, i == 2 ? wait_for_submitter : nothing, NULL), ROVE_OK);
    test_thread_start(&thread, submit_and_say_so, pool);
    test_thread_await_asleep(&thread);
    test_held_release(&held);
    test_thread_join(&thread);
    test_pool_end(pool);
    test_held_end(&held);
}

/* The driver waits for the lock of its pool until its turn is over; another pool's driver is behind it. */
static void test_a_turn_that_is_over_when_it_begins_is_one_job_long(void **state)
{
    (void)state;
    static struct test_log starts;
    struct test_held held;
    test_held_begin(&held, NULL);
    rove_pool_config config = test_pool_config(held.runtime);
    rove_pool *first = test_pool(&config), *second = test_pool(&config);
    rove_job job = {.fn = test_log_job, .arg = &starts, .id = 1};
    atomic_store(&starts.count, 0);
    assert_int_equal(rove_pool_submit_job(first, &job, ROVE_NEVER, NULL), ROVE_OK);
    job.id = 2;
    assert_int_equal(rove_pool_submit_job(second, &job, ROVE_NEVER, NULL), ROVE_OK);
    pool_lock(first);
    test_held_release(&held);
    test_spin_ns(5 * ROVE_MILLISECOND);
    pool_unlock(first);
    test_pool_end(first);
    test_pool_end(second);
    test_log_expect(&starts, (const uint64_t[]){1, 2}, 2);
    test_held_end(&held);
}

static int count_and_fail(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 1;
}

static void test_a_pause_without_an_end_lasts_until_the_job_is_canceled(void **state)
{
    (void)state;
    for (int jitter = 0; jitter <= 100; jitter += 50) {
        rove_pool_config config = test_pool_config(NULL);
        rove_pool *pool = test_pool(&config);
        rove_job job = {.fn = count_and_fail,
                        .arg = &runs,
                        .timeout = INT64_MAX,
                        .deadline = INT64_MAX,
                        .retry = {.attempts = 3, .backoff = INT64_MAX, .jitter = jitter}};
        rove_ticket ticket;
        reset();
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, &ticket), ROVE_OK);
        job.deadline = 0;
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, &ticket), ROVE_OK);
        while (atomic_load(&runs) < 2 || test_pool_stats(pool).held == 0) /* with jitter the first one may pause, too */
            test_yield();
        assert_int_equal(rove_pool_wait(pool, rove_clock() + 20 * ROVE_MILLISECOND), ROVE_TIMED_OUT);
        assert_int_equal(atomic_load(&runs), 2);
        assert_int_equal(rove_job_cancel(pool, ticket), ROVE_OK);
        assert_int_equal(rove_pool_cancel(pool), ROVE_OK);
        test_pool_end(pool);
    }
}

static void test_many_attempts_without_a_pause_take_no_longer_each_than_few(void **state)
{
    (void)state;
    rove_pool_config config = test_pool_config(NULL);
    rove_pool *pool = test_pool(&config);
    rove_job job = {.fn = count_and_fail, .arg = &runs, .retry = {.attempts = 300000}};
    reset();
    assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    test_pool_end(pool);
    assert_int_equal(atomic_load(&runs), 300000);
}

static void test_the_greatest_numbers_are_as_good_as_others(void **state)
{
    (void)state;
    for (int levels = 1; levels <= 3; levels++) {
        rove_pool_config config = test_pool_config(NULL);
        config.levels = levels;
        config.aging = INT_MAX;
        config.capacity = SIZE_MAX - 1;
        config.has_results = true;
        config.results_capacity = SIZE_MAX;
        config.stuck_after = INT64_MAX;
        config.progress_interval = INT64_MAX;
        rove_pool *pool = test_pool(&config);
        rove_result result;
        reset();
        for (int i = 0; i < 20; i++)
            assert_int_equal(rove_pool_submit(pool, test_count_job, &runs), ROVE_OK);
        for (int i = 0; i < 20; i++)
            assert_int_equal(rove_pool_next(pool, &result, ROVE_NEVER - 1), ROVE_OK);
        assert_int_equal(rove_pool_wait(pool, ROVE_NEVER - 1), ROVE_OK);
        assert_int_equal(atomic_load(&runs), 20);
        test_pool_end(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EDGE(test_who_helps_runs_no_second_job_of_a_key),
        EDGE(test_a_lane_whose_jobs_may_not_start_keeps_no_worker_busy),
        EDGE(test_a_wait_ends_the_jobs_of_all_lanes_when_the_runtime_is_gone),
        EDGE(test_who_sleeps_sees_to_jobs_that_are_let_go_when_the_runtime_is_gone),
        EDGE(test_room_that_is_offered_to_who_has_given_up_goes_to_the_next),
        EDGE(test_a_worker_whose_time_is_over_makes_no_room),
        EDGE(test_a_long_job_keeps_none_behind_it_that_was_taken_with_it),
        EDGE(test_there_is_room_in_a_queue_of_short_jobs_behind_a_long_one),
        EDGE(test_a_turn_that_is_over_when_it_begins_is_one_job_long),
        EDGE(test_a_pause_without_an_end_lasts_until_the_job_is_canceled),
        EDGE(test_many_attempts_without_a_pause_take_no_longer_each_than_few),
        EDGE(test_the_greatest_numbers_are_as_good_as_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
