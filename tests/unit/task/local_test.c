/*
 * Worker-local storage: one value for each worker that asked, made once, found by who combines, freed once.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/heap.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, INDICES = 200000, TASKS = 500, ALIGNMENT = 128 };

/* A value that knows whose it is. */
struct tally {
    int64_t sum;
    int64_t count;
    int worker; /* one more than its number; 0: nobody has asked yet */
    char text[300];
};

static atomic_int inits, finis;

static void add_up(int64_t begin, int64_t end, void *arg)
{
    struct tally *tally = rove_local_get(arg);
    TEST_CHECK(tally, "no value for worker %d", rove_worker_id());
    TEST_CHECK((uintptr_t)tally % ALIGNMENT == 0, "%p is not aligned", (void *)tally);
    TEST_CHECK(tally->worker == 0 || tally->worker == rove_worker_id() + 1, "worker %d has the value of %d",
               rove_worker_id(), tally->worker - 1);
    for (size_t i = 0; i < sizeof tally->text && tally->worker == 0; i++)
        TEST_CHECK(tally->text[i] == 0, "a new value is not zero");
    TEST_CHECK(rove_local_get(arg) == tally, "another value the second time");
    tally->worker = rove_worker_id() + 1;
    memset(tally->text, 1, sizeof tally->text);
    for (int64_t i = begin; i < end; i++) {
        tally->sum += i;
        tally->count++;
    }
}

/* What rove_local_each finds. */
struct total {
    int64_t sum;
    int64_t count;
    int values;
    int last_worker;
};

static void combine(void *value, void *arg)
{
    struct tally *tally = value;
    struct total *total = arg;
    TEST_CHECK(tally->worker > total->last_worker, "worker %d after worker %d", tally->worker - 1,
               total->last_worker - 1);
    total->last_worker = tally->worker;
    total->sum += tally->sum;
    total->count += tally->count;
    total->values++;
}

static void sum_up(void *arg)
{
    rove_local *local = arg;
    for (int64_t round = 1; round <= 3; round++) {
        struct total total = {0};
        TEST_CHECK(rove_for(0, INDICES, add_up, local) == ROVE_OK, "loop");
        rove_local_each(local, combine, &total);
        TEST_CHECK(total.count == INDICES * round, "%lld indices", (long long)total.count);
        TEST_CHECK(total.sum == (int64_t)INDICES * (INDICES - 1) / 2 * round, "sum %lld", (long long)total.sum);
        TEST_CHECK(total.values >= 1 && total.values <= rove_worker_limit(rove_current_runtime()), "%d values",
                   total.values);
    }
}

static void test_the_values_of_all_workers_add_up(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        rove_local local = {.size = sizeof(struct tally)};
        for (int use = 0; use < 3; use++) { /* it is as new after each rove_local_fini */
            assert_int_equal(rove_run(runtime, sum_up, &local), ROVE_OK);
            rove_local_fini(&local);
            assert_null(local.runtime);
            assert_null(local.values);
        }
        test_runtime_end(runtime);
    }
}

/* Tasks that meet, so that each worker of `meeting` has one of them. */
static struct {
    atomic_int arrived;
    int workers;
    rove_local *local;
} meeting;

static int meet(void *arg)
{
    (void)arg;
    int *value = rove_local_get(meeting.local);
    TEST_CHECK(value, "no value for worker %d", rove_worker_id());
    TEST_CHECK(*value == 1000, "%d is not what init wrote", *value);
    *value += 1 + rove_worker_id();
    atomic_fetch_add(&meeting.arrived, 1);
    while (atomic_load(&meeting.arrived) < meeting.workers)
        test_yield();
    return 0;
}

static void meet_all(void *arg)
{
    (void)arg;
    rove_group group = {0};
    atomic_store(&meeting.arrived, 0);
    for (int i = 0; i < meeting.workers; i++)
        TEST_CHECK(rove_group_spawn(&group, meet, NULL) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void count_init(void *value, void *arg)
{
    TEST_CHECK(arg == &inits, "another argument");
    TEST_CHECK(rove_worker_id() >= 0, "not on a worker");
    atomic_fetch_add(&inits, 1);
    *(int *)value = 1000;
}

static void count_fini(void *value, void *arg)
{
    TEST_CHECK(arg == &inits, "another argument");
    TEST_CHECK(*(int *)value > 1000, "a value that was not used, or is finished twice");
    *(int *)value = 0;
    atomic_fetch_add(&finis, 1);
}

static void collect(void *value, void *arg)
{
    int *sum = arg;
    *sum += *(int *)value;
}

static void test_each_worker_makes_one_value_and_all_are_finished(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        rove_local local = {.size = sizeof(int), .init = count_init, .fini = count_fini, .arg = &inits};
        meeting.workers = workers;
        meeting.local = &local;
        for (int use = 0; use < 2; use++) {
            int sum = 0;
            atomic_store(&inits, 0);
            atomic_store(&finis, 0);
            assert_int_equal(rove_run(runtime, meet_all, NULL), ROVE_OK);
            rove_local_each(&local, collect, &sum);
            assert_int_equal(atomic_load(&inits), workers);
            /* The numbers of the workers are different ones, and the smallest there are unless a guest has come. */
            assert_true(sum >= 1000 * workers + workers * (workers + 1) / 2);
            assert_int_equal(atomic_load(&finis), 0);
            rove_local_fini(&local);
            assert_int_equal(atomic_load(&finis), workers);
            rove_local_fini(&local); /* there is nothing left */
            assert_int_equal(atomic_load(&finis), workers);
        }
        assert_true(local.init == count_init && local.fini == count_fini && local.arg == &inits);
        assert_int_equal(local.size, sizeof(int));
        test_runtime_end(runtime);
    }
}

static void get(void *arg)
{
    void **seen = arg;
    *seen = rove_local_get(meeting.local);
}

static void test_who_is_no_worker_of_the_runtime_gets_nothing(void **state)
{
    (void)state;
    rove_runtime *first = test_runtime(2), *second = test_runtime(2);
    rove_local local = {.size = 1};
    void *value = NULL, *other = &local, *again = NULL;
    meeting.local = &local;
    assert_null(rove_local_get(&local)); /* this thread is no worker, and does not make it anybody's */
    assert_int_equal(rove_run(first, get, &value), ROVE_OK);
    assert_non_null(value);
    assert_null(rove_local_get(&local));
    assert_int_equal(rove_run(second, get, &other), ROVE_OK);
    assert_null(other);
    rove_local_fini(&local);
    assert_int_equal(rove_run(second, get, &again), ROVE_OK); /* after it another runtime may have it */
    assert_non_null(again);
    assert_int_equal(rove_run(first, get, &other), ROVE_OK);
    assert_null(other);
    rove_local_fini(&local);
    test_runtime_end(second);
    test_runtime_end(first);
}

static void test_a_local_without_values_is_empty(void **state)
{
    (void)state;
    rove_local local = {.size = 8, .fini = count_fini, .arg = &inits};
    int sum = 0;
    atomic_store(&finis, 0);
    rove_local_each(&local, collect, &sum);
    rove_local_each(NULL, collect, &sum);
    rove_local_fini(&local);
    rove_local_fini(NULL);
    assert_int_equal(sum, 0);
    assert_int_equal(atomic_load(&finis), 0);
    assert_null(rove_local_get(NULL));
}

static void get_sizes(void *arg)
{
    (void)arg;
    static const size_t sizes[] = {1, 2, 64, 127, 128, 129, 4096, 100001};
    rove_local locals[sizeof sizes / sizeof *sizes];
    memset(locals, 0, sizeof locals);
    char *values[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        locals[i].size = sizes[i];
        values[i] = rove_local_get(&locals[i]);
        TEST_CHECK(values[i] && (uintptr_t)values[i] % ALIGNMENT == 0, "%zu bytes at %p", sizes[i], (void *)values[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            TEST_CHECK(values[i][at] == 0, "byte %zu of %zu is not zero", at, sizes[i]);
        memset(values[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t at = 0; at < sizes[i]; at++)
            TEST_CHECK(values[i][at] == (char)(i + 1), "byte %zu of %zu is overwritten", at, sizes[i]);
        rove_local_fini(&locals[i]);
    }
}

static void test_values_of_any_size_are_zeroed_and_aligned(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    for (int i = 0; i < 5; i++) /* later ones get memory that has been used */
        assert_int_equal(rove_run(runtime, get_sizes, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* Several at once, made by all workers at the same moment, some by their first task and some never. */
static rove_local many[40];

static int touch(void *arg)
{
    rove_local *local = arg;
    int64_t *value = rove_local_get(local);
    TEST_CHECK(value, "no value");
    ++*value;
    return 0;
}

static void touch_all(void *arg)
{
    (void)arg;
    rove_group group = {0};
    for (int i = 0; i < TASKS * 8; i++)
        TEST_CHECK(rove_group_spawn(&group, touch, &many[i % 40]) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void sum_counts(void *value, void *arg)
{
    *(int64_t *)arg += *(int64_t *)value;
}

static void test_workers_that_ask_at_once_share_nothing(void **state)
{
    (void)state;
    for (int workers = 2; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int round = 0; round < 20; round++) {
            memset(many, 0, sizeof many);
            for (int i = 0; i < 40; i++)
                many[i].size = sizeof(int64_t);
            assert_int_equal(rove_run(runtime, touch_all, NULL), ROVE_OK);
            for (int i = 0; i < 40; i++) {
                int64_t sum = 0;
                rove_local_each(&many[i], sum_counts, &sum);
                assert_int_equal(sum, TASKS * 8 / 40);
                rove_local_fini(&many[i]);
            }
        }
        test_runtime_end(runtime);
    }
}

/* A worker's value is the same before and after a wait. */
static int wait_between(void *arg)
{
    rove_group group = {0};
    int64_t *before = rove_local_get(arg);
    for (int i = 0; i < 5; i++)
        TEST_CHECK(rove_group_spawn(&group, touch, arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(before && rove_local_get(arg) == before, "another value after a wait");
    return 0;
}

static void wait_in_tasks(void *arg)
{
    rove_group group = {0};
    int64_t sum = 0;
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(rove_group_spawn(&group, wait_between, arg) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    rove_local_each(arg, sum_counts, &sum);
    TEST_CHECK(sum == TASKS * 5, "%lld touches", (long long)sum);
}

static void test_a_value_stays_the_workers_own_over_a_wait(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    rove_local local = {.size = sizeof(int64_t)};
    assert_int_equal(rove_run(runtime, wait_in_tasks, &local), ROVE_OK);
    rove_local_fini(&local);
    test_runtime_end(runtime);
}

static void test_without_memory_there_is_no_value_until_there_is(void **state)
{
    (void)state;
    static struct test_heap heap;
    rove_config config;
    rove_config_default(&config);
    config.workers = 1;
    config.allocator = test_heap_allocator(&heap);
    test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
    rove_runtime *runtime = test_runtime_with(&config);
    int64_t needed = 0;
    for (void *value = NULL; !value; needed++) {
        rove_local local = {.size = 1000, .init = count_init, .fini = count_fini, .arg = &inits};
        meeting.local = &local;
        assert_true(needed < 10);
        atomic_store(&inits, 0);
        atomic_store(&finis, 0);
        test_heap_refuse(&heap, needed, INT64_MAX);
        assert_int_equal(rove_run(runtime, get, &value), ROVE_OK);
        assert_int_equal(atomic_load(&inits), value != NULL);
        test_heap_refuse(&heap, INT64_MAX, INT64_MAX);
        void *later = NULL;
        assert_int_equal(rove_run(runtime, get, &later), ROVE_OK);
        assert_non_null(later);
        assert_true(!value || value == later);
        *(int *)later += 1;
        rove_local_fini(&local);
        assert_int_equal(atomic_load(&inits), 1);
        assert_int_equal(atomic_load(&finis), 1);
    }
    assert_true(needed > 1); /* the memory does come from the allocator */
    test_runtime_end(runtime);
    test_heap_check(&heap, "local", needed);
}

static void test_a_value_too_large_for_any_memory_is_refused(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip(); /* the sanitizer's allocator ends the process instead */
    rove_runtime *runtime = test_runtime(1);
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 127, SIZE_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rove_local local = {.size = sizes[i]};
        void *value = &local;
        meeting.local = &local;
        assert_int_equal(rove_run(runtime, get, &value), ROVE_OK);
        assert_null(value);
        rove_local_fini(&local);
    }
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_values_of_all_workers_add_up),
        cmocka_unit_test(test_each_worker_makes_one_value_and_all_are_finished),
        cmocka_unit_test(test_who_is_no_worker_of_the_runtime_gets_nothing),
        cmocka_unit_test(test_a_local_without_values_is_empty),
        cmocka_unit_test(test_values_of_any_size_are_zeroed_and_aligned),
        cmocka_unit_test(test_workers_that_ask_at_once_share_nothing),
        cmocka_unit_test(test_a_value_stays_the_workers_own_over_a_wait),
        cmocka_unit_test(test_without_memory_there_is_no_value_until_there_is),
        cmocka_unit_test(test_a_value_too_large_for_any_memory_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
