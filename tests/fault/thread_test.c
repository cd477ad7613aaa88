/*
 * The system refuses to start the k-th thread, for every k: the runtime is smaller, says so, and does all its work; the
 * threads that call it still execute.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <support/storm.h>

enum { WORKERS = 8 };

/* Refuses the thread number `refuse_from`, counted from 0, and all after it up to `refuse_to`. Only threads that are
 * started while `armed` count, so that the test's own do not. */
static struct {
    atomic_bool armed;
    atomic_int started;
    atomic_int refused;
    int refuse_from;
    int refuse_to;
    int error;
} gate;

typedef int create_fn(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg);

/* Stands before the C library's function of this name. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
    static _Atomic(create_fn *) real;
    create_fn *create = atomic_load(&real);
    if (!create) {
        void *symbol = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&create, &symbol, sizeof create);
        atomic_store(&real, create);
    }
    if (atomic_load(&gate.armed)) {
        int number = atomic_fetch_add(&gate.started, 1);
        if (number >= gate.refuse_from && number < gate.refuse_to) {
            atomic_fetch_add(&gate.refused, 1);
            return gate.error;
        }
    }
    return create(thread, attributes, start, arg);
}

static void gate_arm(int from, int to, int error)
{
    gate.refuse_from = from;
    gate.refuse_to = to;
    gate.error = error;
    atomic_store(&gate.started, 0);
    atomic_store(&gate.refused, 0);
    atomic_store(&gate.armed, true);
}

static void work(rove_runtime *runtime, int round)
{
    storm_in(runtime, 2000, (uint64_t)round, STORM_ALL);
    rove_group group = {.runtime = runtime};
    struct storm storm;
    storm_init(&storm, 1000, (uint64_t)round, STORM_ALL);
    TEST_CHECK(rove_run(runtime, storm_run, &storm) == ROVE_OK, "run");
    storm_fini(&storm);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static int mark_flag(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

/* Tasks of a thread outside that waits for them: it executes them itself, if nobody else can. */
static void spawn_from_outside(rove_runtime *runtime)
{
    atomic_int runs = 0;
    rove_group group = {.runtime = runtime};
    for (int i = 0; i < 100; i++)
        TEST_CHECK(rove_group_spawn(&group, mark_flag, &runs) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&runs) == 100, "%d of 100 tasks", atomic_load(&runs));
}

static void life(int from, int to, int error)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = WORKERS;
    config.oversubscribe = true;
    rove_runtime *runtime = NULL;
    rove_report report = {""};
    int threads = test_thread_count();
    gate_arm(from, to, error);
    rove_status status = rove_runtime_create(&runtime, &config, &report);
    if (status != ROVE_OK) {
        TEST_CHECK(status == ROVE_NO_THREADS && !runtime && report.text[0], "refused from %d: %s: %s", from,
                   rove_status_text(status), report.text);
        atomic_store(&gate.armed, false);
        test_wait_for_threads(threads);
        return;
    }
    test_watch_runtime(runtime);
    int refused_at_once = atomic_load(&gate.refused);
    work(runtime, from);
    spawn_from_outside(runtime);
    status = rove_set_workers(runtime, WORKERS + 4);
    TEST_CHECK(status == ROVE_OK || status == ROVE_NO_THREADS, "more workers: %s", rove_status_text(status));
    work(runtime, from + 1000);
    int refused = atomic_load(&gate.refused);
    atomic_store(&gate.armed, false);

    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    TEST_CHECK(stats.threads_refused >= (uint64_t)(refused > 0), "%d refusals, %llu counted", refused,
               (unsigned long long)stats.threads_refused);
    TEST_CHECK(!refused_at_once || report.text[0], "no word about refused threads");
    TEST_CHECK(status == ROVE_OK || rove_worker_count(runtime) < WORKERS + 4, "as many workers as if none was refused");

    TEST_CHECK(rove_set_workers(runtime, WORKERS) == ROVE_OK, "workers when threads can be had again");
    TEST_CHECK(rove_worker_count(runtime) == WORKERS, "%d workers", rove_worker_count(runtime));
    work(runtime, from + 2000);
    test_runtime_end(runtime);
    test_wait_for_threads(threads);
}

static void each_thread_once(void)
{
    for (int k = 0; k <= WORKERS + 6; k++)
        life(k, k + 1, EAGAIN);
}

static void all_threads_from_one_on(void)
{
    for (int k = 0; k <= WORKERS + 6; k++)
        life(k, 1000000, EAGAIN);
}

static void for_another_reason(void)
{
    life(2, 1000000, EPERM);
    life(2, 1000000, ENOMEM);
    life(2, 1000000, EINVAL);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"each_thread_once", each_thread_once},
        {"all_threads_from_one_on", all_threads_from_one_on},
        {"for_another_reason", for_another_reason},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 60);
}
