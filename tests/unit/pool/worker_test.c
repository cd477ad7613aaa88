/*
 * What a worker is at, as others see it: one job at a time, never parts of two.
 */
#include "runtime/pool/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, LOOKERS = 2, NAME_SIZE = 64 };

static void expect_at(const struct pool_worker *worker, const char *name, const char *text, uint64_t id)
{
    struct pool_at at;
    assert_true(rovei_pool_worker_look(worker, &at));
    assert_ptr_equal(at.name, name);
    assert_string_equal(at.text, text);
    assert_int_equal(at.id, id);
}

static void test_what_is_shown_is_seen(void **state)
{
    (void)state;
    static struct pool_worker worker;
    struct pool_at at;
    assert_false(rovei_pool_worker_look(&worker, &at));
    pool_worker_show(&worker, "outer", 1, 10);
    expect_at(&worker, "outer", "outer", 1);
    pool_worker_show(&worker, NULL, 2, 11);
    expect_at(&worker, NULL, "", 2);
    pool_worker_show(&worker, "", 3, 12);
    expect_at(&worker, "", "", 3);
    pool_worker_show(&worker, "outer", 1, 10);
    expect_at(&worker, "outer", "outer", 1);
    assert_true(rovei_pool_worker_look(&worker, &at));
    assert_int_equal(at.started, 10);
    pool_worker_show(&worker, NULL, 0, 0);
    assert_false(rovei_pool_worker_look(&worker, &at));
}

static void test_a_name_is_a_copy_of_its_beginning(void **state)
{
    (void)state;
    static struct pool_worker worker;
    char name[NAME_SIZE];
    memset(name, 'n', sizeof name);
    for (size_t length = 1; length < sizeof name; length++) {
        name[length] = '\0';
        pool_worker_show(&worker, name, length, 1);
        struct pool_at at;
        name[0] = '-';
        assert_true(rovei_pool_worker_look(&worker, &at));
        name[0] = 'n';
        assert_int_equal(strlen(at.text), length < POOL_AT_SIZE ? length : POOL_AT_SIZE - 1);
        assert_memory_equal(at.text, name, strlen(at.text));
        name[length] = 'n';
    }
}

static void test_a_shared_record_shows_nothing(void **state)
{
    (void)state;
    static struct pool_worker worker = {.is_shared = true};
    struct pool_at at;
    pool_worker_show(&worker, "any", 1, 1);
    assert_false(rovei_pool_worker_look(&worker, &at));
}

struct scene {
    struct pool_worker worker;
    _Atomic bool has_ended;
    _Atomic int64_t seen;
};

/* Jobs whose every field tells the number of the job; every third has no name. */
static void scene_show(struct scene *scene, int64_t job)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%015lld %015lld", (long long)job, (long long)job);
    pool_worker_show(&scene->worker, job % 3 ? name : NULL, (uint64_t)job, job);
}

static void scene_look(void *arg)
{
    struct scene *scene = *(struct scene **)arg;
    struct pool_at at;
    while (!atomic_load(&scene->has_ended)) {
        if (!rovei_pool_worker_look(&scene->worker, &at))
            continue;
        char expected[NAME_SIZE] = "";
        if (at.started % 3)
            snprintf(expected, sizeof expected, "%015lld %015lld", (long long)at.started, (long long)at.started);
        TEST_CHECK(at.id == (uint64_t)at.started && !!at.name == (at.started % 3 != 0) && !strcmp(at.text, expected),
                   "job %llu that has started at %lld is \"%s\"", (unsigned long long)at.id, (long long)at.started,
                   at.text);
        atomic_fetch_add(&scene->seen, 1);
    }
}

/* Until enough has been seen, an outer job is interrupted by inner ones, and comes back. */
static void scene_run(void *arg)
{
    struct scene *scene = *(struct scene **)arg;
    int64_t wanted = test_scaled(20000, 1000);
    for (int64_t job = 1; atomic_load(&scene->seen) < wanted; job += 2) {
        scene_show(scene, job);
        scene_show(scene, job + 1);
        scene_show(scene, job);
        if (job % 8 == 1)
            pool_worker_show(&scene->worker, NULL, 0, 0);
    }
    atomic_store(&scene->has_ended, true);
}

static void scene_take_part(void *arg)
{
    struct scene *scene = *(struct scene **)arg;
    static _Atomic bool has_worker;
    if (atomic_exchange(&has_worker, true))
        scene_look(&scene);
    else
        scene_run(&scene);
}

static void test_what_is_seen_is_of_one_job(void **state)
{
    (void)state;
    static struct scene scene;
    struct scene *scenes[LOOKERS + 1] = {&scene, &scene, &scene};
    test_on_threads(LOOKERS + 1, scene_take_part, scenes, sizeof *scenes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_shown_is_seen),
        cmocka_unit_test(test_a_name_is_a_copy_of_its_beginning),
        cmocka_unit_test(test_a_shared_record_shows_nothing),
        cmocka_unit_test(test_what_is_seen_is_of_one_job),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
