/*
 * Scans: against their serial definition, for any operation, element type, length and number of workers; and each index
 * exactly once, whatever the callbacks do.
 */
#include <limits.h>
#include <rove/rove.h>
#include <rove/scan.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MOST_WORKERS = 8 };

/* Affine maps modulo a prime: their composition is associative, and hardly ever commutative. */
struct map {
    uint64_t factor;
    uint64_t offset;
};

enum { PRIME = 1000003 };

static const struct map unit = {1, 0};

/* First left, then right. */
static void map_compose(void *left, const void *right, void *arg)
{
    struct map *first = left;
    const struct map *second = right;
    (void)arg;
    *first =
        (struct map){first->factor * second->factor % PRIME, (first->offset * second->factor + second->offset) % PRIME};
}

static struct map map_at(int64_t index)
{
    uint64_t hash = (uint64_t)index * UINT64_C(0x9e3779b97f4a7c15);
    return (struct map){hash % PRIME, (hash >> 32) % PRIME};
}

/* A scan over maps that says how often each index was scanned, and how many were summed up. */
struct job {
    int64_t begin;
    int64_t count;
    struct map *results;
    struct test_once once;
    atomic_llong summed;
    int64_t trouble_at; /* the index at which `trouble` is called; below `begin`: never */
    void (*trouble)(struct job *job);
    rove_scope *scope;
    int first;    /* the worker that began */
    int patience; /* how often the processor is given up for want of help */
};

static void job_sum(int64_t begin, int64_t end, void *value, void *arg)
{
    struct job *job = arg;
    TEST_CHECK(begin < end && begin >= job->begin && end <= job->begin + job->count, "indices %lld to %lld",
               (long long)begin, (long long)end);
    for (int64_t i = begin; i < end; i++) {
        struct map map = map_at(i);
        map_compose(value, &map, NULL);
    }
    atomic_fetch_add(&job->summed, end - begin);
}

static void job_scan(int64_t begin, int64_t end, void *value, void *arg)
{
    struct job *job = arg;
    TEST_CHECK(begin < end && begin >= job->begin && end <= job->begin + job->count, "indices %lld to %lld",
               (long long)begin, (long long)end);
    for (int64_t i = begin; i < end; i++) {
        struct map map = map_at(i);
        map_compose(value, &map, NULL);
        job->results[i - job->begin] = *(struct map *)value;
        test_once_mark(&job->once, i - job->begin);
        if (i == job->trouble_at)
            job->trouble(job);
    }
    if (rove_worker_id() == job->first && job->patience > 0 && atomic_load(&job->summed) == 0) {
        job->patience--;
        test_yield();
    }
}

static rove_status job_run(struct job *job, struct map *total)
{
    const rove_scanner scanner = {sizeof unit, &unit, job_sum, job_scan, map_compose, job};
    job->results = calloc((size_t)job->count + 1, sizeof *job->results);
    TEST_CHECK(job->results, "no memory for %lld results", (long long)job->count);
    test_once_init(&job->once, job->count);
    job->first = rove_worker_id();
    return rove_scan(job->begin, job->begin + job->count, &scanner, total);
}

/* All results are right; those of indices that were not scanned have not been touched. Returns how many were. */
static int64_t job_check(struct job *job, const struct map *total)
{
    struct map expected = unit;
    int64_t scanned = 0;
    for (int64_t i = 0; i < job->count; i++) {
        struct map map = map_at(job->begin + i);
        map_compose(&expected, &map, NULL);
        int runs = job->once.runs[i];
        TEST_CHECK(runs <= 1, "index %lld of %lld was scanned %d times", (long long)i, (long long)job->count, runs);
        TEST_CHECK(!memcmp(&job->results[i], runs ? &expected : &(struct map){0, 0}, sizeof expected),
                   "index %lld of %lld, scanned %d times, has a wrong result", (long long)i, (long long)job->count,
                   runs);
        scanned += runs;
    }
    TEST_CHECK(!total || !memcmp(total, &expected, sizeof expected), "the total of %lld is wrong",
               (long long)job->count);
    free(job->results);
    test_once_fini(&job->once);
    return scanned;
}

static void check_job(int64_t begin, int64_t count, int patience)
{
    struct job job = {.begin = begin, .count = count, .trouble_at = INT64_MIN, .patience = patience};
    struct map total = {77, 77};
    TEST_CHECK(job_run(&job, &total) == ROVE_OK, "a scan of %lld", (long long)count);
    TEST_CHECK(job_check(&job, &total) == count, "some of %lld are missing", (long long)count);
}

static void check_lengths(void *arg)
{
    struct test_random *random = arg;
    for (int64_t count = 0; count < 40; count++)
        check_job(-count / 2, count, (int)count % 2);
    for (int i = 0; i < (int)test_scaled(60, 20); i++)
        check_job((int64_t)test_random_below(random, 1000) - 500, (int64_t)test_random_below(random, 1 << (i % 17)),
                  i % 3);
    check_job(7, test_scaled(400000, 20000), 0);
}

static void test_a_scan_is_right_for_every_length(void **state)
{
    (void)state;
    struct test_random random = test_random_make(1);
    for (int workers = 1; workers <= MOST_WORKERS; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_lengths, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    check_lengths(&random);
}

/* As long as nobody has summed anything up, each chunk leaves the processor to others: some time one must come, if not in
 * this scan then in the next. If nobody ever does, the watchdog comes. */
static void check_help(void *arg)
{
    int64_t summed;
    (void)arg;
    do {
        struct job job = {.count = test_scaled(2000000, 200000), .trouble_at = -1, .patience = INT_MAX};
        TEST_CHECK(job_run(&job, NULL) == ROVE_OK, "a scan");
        summed = atomic_load(&job.summed);
        TEST_CHECK(job_check(&job, NULL) == job.count, "some are missing");
    } while (summed == 0);
}

static void test_others_come_to_help(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    assert_int_equal(rove_run(runtime, check_help, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* Alone, a scan is one pass. */
static void check_alone(void *arg)
{
    (void)arg;
    struct job job = {.count = test_scaled(500000, 50000), .trouble_at = -1};
    TEST_CHECK(job_run(&job, NULL) == ROVE_OK, "a scan");
    TEST_CHECK(atomic_load(&job.summed) == 0, "%lld indices were summed up for nobody", atomic_load(&job.summed));
    TEST_CHECK(job_check(&job, NULL) == job.count, "some are missing");
}

static void test_one_worker_makes_one_pass(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    assert_int_equal(rove_run(runtime, check_alone, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void cancel_job(struct job *job)
{
    rove_scope_cancel(job->scope);
}

static void fail_job(struct job *job)
{
    (void)job;
    rove_fail(42);
}

static void run_in_scope(void *arg)
{
    struct job *job = arg;
    struct map total = {55, 55};
    rove_status status = job_run(job, &total);
    rove_status expected = job->trouble == fail_job ? ROVE_FAILED : ROVE_CANCELED;
    TEST_CHECK(status == expected || status == ROVE_OK, "status %d", (int)status);
    if (status)
        TEST_CHECK(total.factor == 55 && total.offset == 55, "a total was written");
    int64_t scanned = job_check(job, status ? NULL : &total);
    /* Canceled too late is not canceled; failed too late is failed. */
    bool is_right = scanned == job->count ? status != ROVE_CANCELED : status != ROVE_OK;
    TEST_CHECK(is_right, "status %d with %lld of %lld", (int)status, (long long)scanned, (long long)job->count);
    if (status == ROVE_FAILED)
        TEST_CHECK(rove_scope_error(job->scope) == 42, "error %d", rove_scope_error(job->scope));
}

static void check_trouble(rove_runtime *runtime, struct test_random *random, void (*trouble)(struct job *job))
{
    for (int i = 0; i < (int)test_scaled(40, 10); i++) {
        rove_scope scope = {0};
        struct job job = {.count = 1 + (int64_t)test_random_below(random, 100000),
                          .trouble = trouble,
                          .scope = &scope,
                          .patience = i % 4};
        job.trouble_at = (int64_t)test_random_below(random, (uint64_t)job.count);
        rove_scope_run(&scope, runtime, run_in_scope, &job);
    }
}

static void test_a_scan_that_is_stopped_leaves_results_or_what_was_there(void **state)
{
    (void)state;
    struct test_random random = test_random_make(2);
    for (int workers = 1; workers <= MOST_WORKERS; workers += 1 + workers / 2) {
        rove_runtime *runtime = test_runtime(workers);
        check_trouble(runtime, &random, cancel_job);
        check_trouble(runtime, &random, fail_job);
        test_runtime_end(runtime);
    }
}

/* A scan within a scan: a worker may find itself helping the one that it is in the middle of. */
static void nested_trouble(struct job *job)
{
    (void)job;
    check_job(0, 3000, 1);
}

static void check_nested(void *arg)
{
    (void)arg;
    for (int i = 0; i < (int)test_scaled(20, 4); i++) {
        struct job job = {.count = 20000, .trouble = nested_trouble, .patience = 2};
        job.trouble_at = i * 37;
        TEST_CHECK(job_run(&job, NULL) == ROVE_OK, "a scan");
        TEST_CHECK(job_check(&job, NULL) == job.count, "some are missing");
    }
}

static void test_scans_nest(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_nested, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void outside(void *arg)
{
    (void)arg;
    check_job(0, 50000, 5);
    check_nested(NULL);
}

static void test_threads_may_scan_at_the_same_time(void **state)
{
    (void)state;
    test_on_threads(6, outside, NULL, 0);
}

/* A value that does not fit on the stack: sets of bits, united. */
enum { SET_WORDS = 300 };

struct set {
    uint64_t words[SET_WORDS];
};

static void set_unite(void *left, const void *right, void *arg)
{
    (void)arg;
    for (int i = 0; i < SET_WORDS; i++)
        ((struct set *)left)->words[i] |= ((const struct set *)right)->words[i];
}

static void set_sum(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        ((struct set *)value)->words[i / 64 % SET_WORDS] |= UINT64_C(1) << i % 64;
}

static void set_scan(int64_t begin, int64_t end, void *value, void *arg)
{
    for (int64_t i = begin; i < end; i++) {
        set_sum(i, i + 1, value, NULL);
        int64_t size = 0;
        for (int word = 0; word < SET_WORDS; word++)
            size += __builtin_popcountll(((struct set *)value)->words[word]);
        ((int64_t *)arg)[i] = size;
    }
}

static void check_sets(void *arg)
{
    enum { COUNT = 64 * SET_WORDS };
    static const struct set empty;
    static int64_t sizes[COUNT];
    static struct set all;
    (void)arg;
    const rove_scanner scanner = {sizeof empty, &empty, set_sum, set_scan, set_unite, sizes};
    TEST_CHECK(rove_scan(0, COUNT, &scanner, &all) == ROVE_OK, "a scan of sets");
    for (int64_t i = 0; i < COUNT; i++)
        TEST_CHECK(sizes[i] == i + 1, "%lld elements after %lld", (long long)sizes[i], (long long)i);
    TEST_CHECK(all.words[SET_WORDS - 1] == UINT64_MAX, "the total lacks something");
}

static void test_a_large_value_is_scanned(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_sets, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void length_pass(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    *(int64_t *)value += end - begin;
}

static void length_combine(void *left, const void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(const int64_t *)right;
}

static void check_longest(void *arg)
{
    static const int64_t begins[] = {0, INT64_MIN, -1}, zero;
    (void)arg;
    const rove_scanner scanner = {sizeof zero, &zero, length_pass, length_pass, length_combine, NULL};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        int64_t total = 0, end = (int64_t)((uint64_t)begins[i] + INT64_MAX);
        TEST_CHECK(rove_scan(begins[i], end, &scanner, &total) == ROVE_OK, "the longest range");
        TEST_CHECK(total == INT64_MAX, "%lld indices", (long long)total);
    }
}

static void test_the_longest_range_is_cut_without_overflow(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_longest, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void misuse(void *arg)
{
    (void)arg;
    struct map total = {5, 5};
    const rove_scanner good = {sizeof unit, &unit, job_sum, job_scan, map_compose, NULL};
    rove_scanner bad[6];
    for (int i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].size = 0;
    bad[1].size = SIZE_MAX / 2;
    bad[2].identity = NULL;
    bad[3].sum = NULL;
    bad[4].scan = NULL;
    bad[5].combine = NULL;
    for (int i = 0; i < 6; i++)
        TEST_CHECK(rove_scan(0, 9, &bad[i], &total) == ROVE_INVALID, "scanner %d", i);
    TEST_CHECK(rove_scan(0, 9, NULL, &total) == ROVE_INVALID, "no scanner");
    TEST_CHECK(rove_scan(INT64_MIN, INT64_MAX, &good, &total) == ROVE_INVALID, "all numbers");
    TEST_CHECK(rove_scan(-1, INT64_MAX, &good, &total) == ROVE_INVALID, "one index too many");
    TEST_CHECK(total.factor == 5 && total.offset == 5, "a refused scan wrote a total");
    TEST_CHECK(rove_scan(9, 9, &good, &total) == ROVE_OK && total.factor == 1 && total.offset == 0, "an empty range");
    total.factor = 5;
    TEST_CHECK(rove_scan(INT64_MAX, INT64_MIN, &good, &total) == ROVE_OK && total.factor == 1, "upside down");
    TEST_CHECK(rove_scan(9, 9, &good, NULL) == ROVE_OK, "an empty range without a total");
}

static void test_a_scan_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, misuse, NULL), ROVE_OK);
    test_runtime_end(runtime);
    misuse(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_scan_is_right_for_every_length),
        cmocka_unit_test(test_others_come_to_help),
        cmocka_unit_test(test_one_worker_makes_one_pass),
        cmocka_unit_test(test_a_scan_that_is_stopped_leaves_results_or_what_was_there),
        cmocka_unit_test(test_scans_nest),
        cmocka_unit_test(test_threads_may_scan_at_the_same_time),
        cmocka_unit_test(test_a_large_value_is_scanned),
        cmocka_unit_test(test_the_longest_range_is_cut_without_overflow),
        cmocka_unit_test(test_a_scan_that_makes_no_sense_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
