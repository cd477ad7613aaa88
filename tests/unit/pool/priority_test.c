/*
 * Levels: the first goes first, within one it is first come first served, and none starves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <support/pool.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static struct test_log starts;

static void begin(struct test_held *held, int levels, int aging)
{
    rove_pool_config config = test_pool_config(NULL);
    config.levels = levels;
    config.aging = aging;
    atomic_store(&starts.count, 0);
    test_held_begin(held, &config);
}

static rove_ticket submit(rove_pool *pool, uint64_t id, int priority)
{
    rove_ticket ticket = 0;
    rove_job job = {.fn = test_log_job, .arg = &starts, .id = id, .priority = priority};
    assert_int_equal(rove_pool_submit_job(pool, &job, 0, &ticket), ROVE_OK);
    assert_true(ticket != 0);
    return ticket;
}

static void test_a_lower_level_waits_until_the_upper_ones_are_empty(void **state)
{
    (void)state;
    struct test_held held;
    const int priorities[] = {2, 0, 1, 2, 0, 1, 0};
    const uint64_t expected[] = {1, 4, 6, 2, 5, 0, 3};
    begin(&held, 3, 64);
    for (uint64_t i = 0; i < 7; i++)
        submit(held.pool, i, priorities[i]);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    test_log_expect(&starts, expected, 7);
    test_held_end(&held);
}

static void test_a_plain_submission_goes_to_the_first_level(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held, ROVE_LEVELS_MAX, 64);
    submit(held.pool, 7, ROVE_LEVELS_MAX - 1);
    assert_int_equal(rove_pool_submit(held.pool, test_log_job, &starts), ROVE_OK);
    assert_int_equal(rove_pool_submit_many(held.pool, test_log_job, &starts, 0, 2, NULL), ROVE_OK);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    test_log_expect(&starts, (const uint64_t[]){0, 0, 1, 7}, 4);
    test_held_end(&held);
}

/* Every low job is among the next aging + 1 that start after the one before it. */
static void test_a_level_is_passed_over_at_most_so_many_times_as_aging_says(void **state)
{
    (void)state;
    for (int aging = 1; aging <= 64; aging *= 4) {
        struct test_held held;
        begin(&held, 2, aging);
        for (int i = 0; i < 10; i++)
            submit(held.pool, 1, 1);
        for (int i = 0; i < 12 * aging; i++)
            submit(held.pool, 0, 0);
        test_held_release(&held);
        assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
        assert_int_equal(atomic_load(&starts.count), 10 + 12 * aging);
        int passed = 0, low = 0;
        for (int i = 0; low < 10; i++) {
            passed = atomic_load(&starts.ids[i]) == 1 ? 0 : passed + 1;
            low += passed == 0;
            TEST_CHECK(passed <= aging, "passed over %d times, aging is %d", passed, aging);
        }
        test_held_end(&held);
    }
}

/* With several levels that wait for their turn, one comes after the other. */
static void test_all_levels_get_their_turn(void **state)
{
    (void)state;
    enum { AGING = 16, EACH = 30 };
    struct test_held held;
    begin(&held, ROVE_LEVELS_MAX, AGING);
    for (int i = 0; i < EACH; i++)
        for (int level = 0; level < ROVE_LEVELS_MAX; level++)
            submit(held.pool, (uint64_t)level, level);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    for (uint64_t level = 0; level < ROVE_LEVELS_MAX; level++) {
        int passed = 0, met = 0;
        for (int i = 0; met < EACH; i++) {
            passed = atomic_load(&starts.ids[i]) == level ? 0 : passed + 1;
            met += passed == 0;
            TEST_CHECK(passed <= AGING + ROVE_LEVELS_MAX - 2, "level %d was passed over %d times", (int)level, passed);
        }
    }
    test_held_end(&held);
}

/* Two high jobs that submit themselves again until the low one has run: there is always one that waits. */
static struct {
    rove_pool *pool;
    atomic_int high;
    atomic_int before_low; /* how many high ones had started before it; -1: it has not run */
} duel;

static int duel_high(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add(&duel.high, 1);
    if (atomic_load(&duel.before_low) < 0)
        TEST_CHECK(rove_pool_submit(duel.pool, duel_high, arg) == ROVE_OK, "submit");
    return 0;
}

static int duel_low(void *arg, void **value)
{
    (void)arg;
    (void)value;
    atomic_store(&duel.before_low, atomic_load(&duel.high));
    return 0;
}

static void test_a_low_job_starts_among_high_ones_without_an_end(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct test_held held;
        begin(&held, 3, 10);
        duel.pool = held.pool;
        atomic_store(&duel.high, 0);
        atomic_store(&duel.before_low, -1);
        rove_job low = {.fn = duel_low, .priority = 2};
        assert_int_equal(rove_pool_submit_job(held.pool, &low, 0, NULL), ROVE_OK);
        for (int i = 0; i < 2; i++)
            assert_int_equal(rove_pool_submit(held.pool, duel_high, NULL), ROVE_OK);
        test_held_release(&held);
        assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
        TEST_CHECK(atomic_load(&duel.before_low) <= 10, "%d high jobs before the low one",
                   atomic_load(&duel.before_low));
        test_held_end(&held);
    }
}

static void test_a_job_that_waits_can_be_moved_to_another_level(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held, 3, 64);
    rove_ticket last = submit(held.pool, 0, 2);
    submit(held.pool, 1, 1);
    submit(held.pool, 2, 1);
    rove_ticket first = submit(held.pool, 3, 0);
    submit(held.pool, 4, 0);
    assert_int_equal(rove_job_set_priority(held.pool, last, 0), ROVE_OK);
    assert_int_equal(rove_job_set_priority(held.pool, first, 1), ROVE_OK);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    test_log_expect(&starts, (const uint64_t[]){4, 0, 1, 2, 3}, 5);
    test_held_end(&held);
}

static void test_a_job_told_its_own_level_goes_behind_what_waits_there(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held, 1, 64);
    rove_ticket ticket = submit(held.pool, 0, 0);
    submit(held.pool, 1, 0);
    assert_int_equal(rove_job_set_priority(held.pool, ticket, 0), ROVE_OK);
    test_held_release(&held);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    test_log_expect(&starts, (const uint64_t[]){1, 0}, 2);
    test_held_end(&held);
}

static void test_the_level_of_a_job_that_has_started_is_settled(void **state)
{
    (void)state;
    struct test_held held;
    struct test_gate gate;
    begin(&held, 2, 64);
    test_gate_init(&gate);
    rove_ticket ticket = 0;
    rove_job job = {.fn = test_gate_job, .arg = &gate};
    assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, &ticket), ROVE_OK);
    test_held_release(&held);
    test_gate_await(&gate);
    assert_int_equal(rove_job_set_priority(held.pool, ticket, 1), ROVE_BUSY);
    test_gate_open(&gate, 1);
    assert_int_equal(rove_pool_wait(held.pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_job_set_priority(held.pool, ticket, 1), ROVE_INVALID);
    test_held_end(&held);
    test_gate_fini(&gate);
}

static void test_a_level_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    struct test_held held;
    begin(&held, 2, 64);
    rove_ticket ticket = submit(held.pool, 0, 1);
    const int wrong[] = {-1, 2, ROVE_LEVELS_MAX, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 5; i++) {
        rove_job job = {.fn = test_log_job, .arg = &starts, .priority = wrong[i]};
        assert_int_equal(rove_pool_submit_job(held.pool, &job, 0, NULL), ROVE_INVALID);
        assert_int_equal(rove_job_set_priority(held.pool, ticket, wrong[i]), ROVE_INVALID);
    }
    assert_int_equal(rove_job_set_priority(NULL, ticket, 0), ROVE_INVALID);
    assert_int_equal(rove_job_set_priority(held.pool, 0, 0), ROVE_INVALID);
    assert_int_equal(rove_job_set_priority(held.pool, UINT64_MAX, 0), ROVE_INVALID);
    assert_int_equal(rove_job_set_priority(held.pool, ticket + 1000000, 0), ROVE_INVALID);
    test_held_release(&held);
    test_held_end(&held);
    assert_int_equal(atomic_load(&starts.count), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lower_level_waits_until_the_upper_ones_are_empty),
        cmocka_unit_test(test_a_plain_submission_goes_to_the_first_level),
        cmocka_unit_test(test_a_level_is_passed_over_at_most_so_many_times_as_aging_says),
        cmocka_unit_test(test_all_levels_get_their_turn),
        cmocka_unit_test(test_a_low_job_starts_among_high_ones_without_an_end),
        cmocka_unit_test(test_a_job_that_waits_can_be_moved_to_another_level),
        cmocka_unit_test(test_a_job_told_its_own_level_goes_behind_what_waits_there),
        cmocka_unit_test(test_the_level_of_a_job_that_has_started_is_settled),
        cmocka_unit_test(test_a_level_that_does_not_exist_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
