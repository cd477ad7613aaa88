/*
 * Filters and partitions: what is kept, in its order, whatever the size of the elements and whatever the predicate
 * does; each element is asked about once, and none is lost or duplicated.
 */
#include <limits.h>
#include <rove/filter.h>
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/scarcity.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, MOST_WORKERS = 8, SIZE_MOST = 24 };

/* Elements begin with their index, in as many bytes as there are, and end with bytes that depend on it. */
struct job {
    size_t count;
    size_t size;
    unsigned mode; /* which are kept; see is_kept */
    char *in;
    char *out;
    struct test_once once;
    atomic_int askers; /* threads other than the first that have asked */
    int first;         /* the worker that began */
    int patience;
    int64_t trouble_at;
    void (*trouble)(struct job *job);
    rove_scope *scope;
    bool is_partition;
};

enum { KEEP_NONE, KEEP_ALL, KEEP_SOME, KEEP_FIRST, KEEP_LAST, MODES };

static bool is_kept(const struct job *job, size_t index)
{
    switch (job->mode) {
    case KEEP_NONE:
        return false;
    case KEEP_ALL:
        return true;
    case KEEP_SOME:
        return (index * 0x9e3779b97f4a7c15u >> 40 & 3) == 0;
    case KEEP_FIRST:
        return index < job->count / 3;
    default:
        return index >= job->count / 2;
    }
}

static void make_element(const struct job *job, size_t index, char *element)
{
    for (size_t i = 0; i < job->size; i++)
        element[i] = (char)(i < 4 ? index >> 8 * i : index * 31 + i);
}

static bool ask(const void *element, void *arg)
{
    struct job *job = arg;
    size_t index = (size_t)((const char *)element - job->in) / job->size;
    TEST_CHECK(index < job->count && job->in + index * job->size == element, "that is no element");
    test_once_mark(&job->once, (int64_t)index);
    if (rove_worker_id() != job->first) {
        atomic_fetch_add(&job->askers, 1);
    } else if (index % 64 == 0 && job->patience > 0 && atomic_load(&job->askers) == 0) {
        job->patience--;
        test_yield();
    }
    if ((int64_t)index == job->trouble_at)
        job->trouble(job);
    return is_kept(job, index);
}

static void job_make(struct job *job, struct test_random *random)
{
    job->first = rove_worker_id();
    job->in = malloc(job->count * job->size + 1);
    job->out = malloc(job->count * job->size + 1);
    TEST_CHECK(job->in && job->out, "no memory for %zu elements of %zu", job->count, job->size);
    test_once_init(&job->once, (int64_t)job->count);
    memset(job->out, 0x55, job->count * job->size + 1);
    for (size_t i = 0; i < job->count; i++)
        make_element(job, i, job->in + i * job->size);
    job->mode = (unsigned)test_random_below(random, MODES);
    job->patience = (int)test_random_below(random, 3);
    job->is_partition = test_random_below(random, 2);
}

static rove_status job_run(struct job *job, size_t *kept)
{
    if (job->is_partition)
        return rove_partition(job->in, job->count, job->size, ask, job, kept);
    return rove_filter(job->in, job->count, job->size, ask, job, job->out, kept);
}

/* The elements whose answer is `wanted` lie at `place`, in order. Returns how many they are. */
static size_t check_those(const struct job *job, bool wanted, const char *place)
{
    size_t found = 0;
    char element[SIZE_MOST];
    for (size_t i = 0; i < job->count; i++) {
        if (is_kept(job, i) != wanted)
            continue;
        make_element(job, i, element);
        TEST_CHECK(!memcmp(place + found * job->size, element, job->size), "element %zu of %zu of size %zu, mode %u", i,
                   job->count, job->size, job->mode);
        found++;
    }
    return found;
}

/* The input is as it was. */
static void check_unharmed(const struct job *job)
{
    char element[SIZE_MOST];
    for (size_t i = 0; i < job->count; i++) {
        make_element(job, i, element);
        TEST_CHECK(!memcmp(job->in + i * job->size, element, job->size), "element %zu of %zu was moved", i, job->count);
    }
}

static void job_check(const struct job *job, size_t kept)
{
    const char *place = job->is_partition ? job->in : job->out;
    size_t found = check_those(job, true, place);
    TEST_CHECK(kept == found, "%zu are kept instead of %zu", kept, found);
    test_once_check(&job->once);
    if (job->is_partition) {
        check_those(job, false, place + kept * job->size);
    } else {
        check_unharmed(job);
        TEST_CHECK(job->out[job->count * job->size] == 0x55, "something lies behind the output");
    }
}

static void job_clear(struct job *job)
{
    free(job->in);
    free(job->out);
    test_once_fini(&job->once);
}

static void check_jobs(void *arg)
{
    struct test_random *random = arg;
    for (int i = 0; i < (int)test_scaled(150, 45); i++) {
        struct job job = {.count = i < 20 ? (size_t)i / 4 : test_random_below(random, 1 << (i % 17)),
                          .size = i % 3 ? 4u << i % 3 : 1 + test_random_below(random, SIZE_MOST),
                          .trouble_at = -1};
        size_t kept = 77;
        job_make(&job, random);
        TEST_CHECK(job_run(&job, &kept) == ROVE_OK, "%zu elements", job.count);
        job_check(&job, kept);
        job_clear(&job);
    }
}

static void test_what_is_kept_keeps_its_order(void **state)
{
    (void)state;
    struct test_random random = test_random_make(1);
    for (int workers = 1; workers <= MOST_WORKERS; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 2; i++)
            assert_int_equal(rove_run(runtime, check_jobs, &random), ROVE_OK);
        test_runtime_end(runtime);
    }
    check_jobs(&random);
}

/* As long as nobody else has asked, the processor is left to others again and again: some time one must come, if not in
 * this filter then in the next. If nobody ever does, the watchdog comes. */
static void check_help(void *arg)
{
    int askers;
    do {
        struct job job = {.count = 1000000, .size = 4, .trouble_at = -1};
        size_t kept;
        job_make(&job, arg);
        job.patience = INT_MAX;
        TEST_CHECK(job_run(&job, &kept) == ROVE_OK, "a filter");
        askers = atomic_load(&job.askers);
        job_check(&job, kept);
        job_clear(&job);
    } while (askers == 0);
}

static void test_others_come_to_help(void **state)
{
    (void)state;
    struct test_random random = test_random_make(2);
    rove_runtime *runtime = test_runtime(4);
    assert_int_equal(rove_run(runtime, check_help, &random), ROVE_OK);
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
    size_t kept = 77;
    job->first = rove_worker_id();
    rove_status status = job_run(job, &kept);
    if (status == ROVE_OK) {
        job_check(job, kept);
        return;
    }
    TEST_CHECK(status == (job->trouble == fail_job ? ROVE_FAILED : ROVE_CANCELED), "status %d", (int)status);
    TEST_CHECK(kept == 0, "%zu are kept", kept);
    check_unharmed(job);
    if (status == ROVE_FAILED)
        TEST_CHECK(rove_scope_error(job->scope) == 42, "error %d", rove_scope_error(job->scope));
}

static void test_a_filter_that_is_stopped_leaves_its_input_unharmed(void **state)
{
    (void)state;
    struct test_random random = test_random_make(3);
    for (int workers = 1; workers <= MOST_WORKERS; workers += 1 + workers / 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < (int)test_scaled(60, 12); i++) {
            rove_scope scope = {0};
            struct job job = {.count = 1 + test_random_below(&random, 50000), .size = 8};
            job_make(&job, &random);
            job.scope = &scope;
            job.trouble = i % 2 ? cancel_job : fail_job;
            job.trouble_at = (int64_t)test_random_below(&random, job.count);
            rove_scope_run(&scope, runtime, run_in_scope, &job);
            job_clear(&job);
        }
        test_runtime_end(runtime);
    }
}

/* A predicate that answers as it likes: whatever it has said, nothing may be lost or come twice. */
static bool ask_the_dice(const void *element, void *arg)
{
    static atomic_uint dice;
    (void)element;
    (void)arg;
    return atomic_fetch_add(&dice, 0x9e3779b9u) >> 20 & 1;
}

static void check_dice(void *arg)
{
    (void)arg;
    enum { COUNT = 60000 };
    static uint32_t numbers[COUNT], copies[COUNT];
    static unsigned char seen[COUNT];
    for (int repeat = 0; repeat < (int)test_scaled(20, 3); repeat++) {
        size_t kept, again;
        for (uint32_t i = 0; i < COUNT; i++)
            numbers[i] = i;
        TEST_CHECK(rove_filter(numbers, COUNT, 4, ask_the_dice, NULL, copies, &kept) == ROVE_OK && kept <= COUNT,
                   "dice");
        for (size_t i = 1; i < kept; i++)
            TEST_CHECK(copies[i - 1] < copies[i] && copies[i] < COUNT, "number %zu is out of order", i);
        TEST_CHECK(rove_partition(numbers, COUNT, 4, ask_the_dice, NULL, &again) == ROVE_OK, "dice");
        memset(seen, 0, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            TEST_CHECK(numbers[i] < COUNT && !seen[numbers[i]]++, "number %u comes twice", numbers[i]);
            TEST_CHECK(i == 0 || i == again || numbers[i - 1] < numbers[i], "number %zu is out of order", i);
        }
    }
}

static void test_a_predicate_may_answer_as_it_likes(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, check_dice, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

static void outside(void *arg)
{
    check_jobs(&(struct test_random){((struct test_random *)arg)->state + 1});
}

static void test_threads_may_filter_at_the_same_time(void **state)
{
    (void)state;
    struct test_random random = test_random_make(4);
    test_on_threads(4, outside, &random, 0);
}

static void test_arguments_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    int in[8] = {0}, out[8];
    size_t kept = 55;
    assert_int_equal(rove_filter(NULL, 8, 4, ask, NULL, out, &kept), ROVE_INVALID);
    assert_int_equal(rove_filter(in, 8, 4, ask, NULL, NULL, &kept), ROVE_INVALID);
    assert_int_equal(rove_filter(in, 8, 4, NULL, NULL, out, &kept), ROVE_INVALID);
    assert_int_equal(rove_filter(in, 8, 0, ask, NULL, out, &kept), ROVE_INVALID);
    assert_int_equal(rove_filter(in, SIZE_MAX / 2, 4, ask, NULL, out, &kept), ROVE_INVALID);
    assert_int_equal(rove_filter(in, 8, 4, ask, NULL, in, &kept), ROVE_INVALID);
    assert_int_equal(rove_filter(in, 5, 4, ask, NULL, in + 4, &kept), ROVE_INVALID);
    assert_int_equal(rove_filter(in + 4, 4, 4, ask, NULL, in + 1, &kept), ROVE_INVALID);
    assert_int_equal(rove_partition(NULL, 8, 4, ask, NULL, &kept), ROVE_INVALID);
    assert_int_equal(rove_partition(in, 8, 4, NULL, NULL, &kept), ROVE_INVALID);
    assert_int_equal(rove_partition(in, 8, 0, ask, NULL, &kept), ROVE_INVALID);
    assert_int_equal(rove_partition(in, SIZE_MAX / 2, 4, ask, NULL, &kept), ROVE_INVALID);
    assert_int_equal(kept, 55);
    assert_int_equal(rove_filter(NULL, 0, 4, ask, NULL, NULL, &kept), ROVE_OK);
    assert_int_equal(kept, 0);
    assert_int_equal(rove_partition(NULL, 0, 4, ask, NULL, NULL), ROVE_OK);
}

/* The same without memory, and then a partition that is stopped while it goes on in place. */
static void filter_in_scarcity(void *arg)
{
    rove_scope scope = {0};
    (void)arg;
    struct test_random random = test_random_make(5);
    for (int i = 0; i < 12; i++) {
        struct job job = {.count = 300000 + (size_t)i, .size = 4, .trouble_at = -1};
        size_t kept;
        job_make(&job, &random);
        job.is_partition = i % 2;
        test_scarcity_begin();
        rove_status status = job_run(&job, &kept);
        test_scarcity_end();
        TEST_CHECK(status == ROVE_OK, "status %d", (int)status);
        job_check(&job, kept);
        job_clear(&job);
    }
    struct job job = {.count = 300000, .size = 4, .trouble_at = 200000, .trouble = fail_job, .scope = &scope};
    size_t kept = 77;
    job_make(&job, &random);
    job.is_partition = true;
    test_scarcity_begin();
    TEST_CHECK(job_run(&job, &kept) == ROVE_FAILED && kept == 0, "%zu", kept);
    test_scarcity_end();
    memset(job.out, 0, job.count);
    for (size_t i = 0; i < job.count; i++) {
        uint32_t index;
        memcpy(&index, job.in + 4 * i, 4);
        TEST_CHECK(index < job.count && !job.out[index]++, "element %u comes twice", index);
    }
    job_clear(&job);
}

static int filter_without_memory(void *arg)
{
    (void)arg;
    test_scarcity_prepare();
    rove_runtime *runtime = test_runtime(4);
    TEST_CHECK(rove_run(runtime, filter_in_scarcity, NULL) == ROVE_OK, "a child");
    test_runtime_end(runtime);
    return 0;
}

static void test_without_memory_all_is_done_in_place(void **state)
{
    (void)state;
    if (test_is_sanitized())
        skip();
    struct test_outcome outcome = test_in_child(filter_without_memory, NULL, WATCH_SECONDS / 2, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept_keeps_its_order),
        cmocka_unit_test(test_others_come_to_help),
        cmocka_unit_test(test_a_filter_that_is_stopped_leaves_its_input_unharmed),
        cmocka_unit_test(test_a_predicate_may_answer_as_it_likes),
        cmocka_unit_test(test_threads_may_filter_at_the_same_time),
        cmocka_unit_test(test_arguments_that_make_no_sense_are_refused),
        cmocka_unit_test(test_without_memory_all_is_done_in_place),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
