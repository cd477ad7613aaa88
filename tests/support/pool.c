#define _GNU_SOURCE
#include "pool.h"

#include "runtime/pool/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void semaphore_wait(sem_t *semaphore)
{
    while (sem_wait(semaphore))
        TEST_CHECK(errno == EINTR, "sem_wait: %s", strerror(errno));
}

void test_gate_init(struct test_gate *gate)
{
    TEST_CHECK(!sem_init(&gate->entered, 0, 0) && !sem_init(&gate->open, 0, 0), "sem_init: %s", strerror(errno));
}

void test_gate_fini(struct test_gate *gate)
{
    sem_destroy(&gate->entered);
    sem_destroy(&gate->open);
}

int test_gate_job(void *arg, void **value)
{
    struct test_gate *gate = arg;
    (void)value;
    sem_post(&gate->entered);
    semaphore_wait(&gate->open);
    return 0;
}

void test_gate_await(struct test_gate *gate)
{
    semaphore_wait(&gate->entered);
}

void test_gate_open(struct test_gate *gate, int jobs)
{
    for (int i = 0; i < jobs; i++)
        sem_post(&gate->open);
}

int test_log_job(void *arg, void **value)
{
    struct test_log *log = arg;
    const rove_job_info *job = rove_current_job();
    (void)value;
    TEST_CHECK(job, "a job that is none");
    int place = atomic_fetch_add(&log->count, 1);
    TEST_CHECK(place < TEST_LOG_MAX, "more than %d jobs", place);
    atomic_store(&log->ids[place], job->id);
    return 0;
}

void test_log_expect(const struct test_log *log, const uint64_t *ids, int count)
{
    TEST_CHECK(atomic_load(&log->count) == count, "%d jobs have run instead of %d", atomic_load(&log->count), count);
    for (int i = 0; i < count; i++)
        TEST_CHECK(atomic_load(&log->ids[i]) == ids[i], "job %llu is at place %d instead of %llu",
                   (unsigned long long)atomic_load(&log->ids[i]), i, (unsigned long long)ids[i]);
}

int test_count_job(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

void test_count_discard(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

rove_pool_config test_pool_config(rove_runtime *runtime)
{
    rove_pool_config config;
    rove_pool_config_default(&config);
    config.runtime = runtime;
    return config;
}

rove_pool *test_pool(const rove_pool_config *config)
{
    rove_pool *pool = NULL;
    rove_report report = {""};
    rove_status status = rove_pool_create(&pool, config, &report);
    TEST_CHECK(status == ROVE_OK && pool, "create: %s: %s", rove_status_text(status), report.text);
    return pool;
}

rove_pool_stats test_pool_stats(const rove_pool *pool)
{
    rove_pool_stats stats;
    rove_status status = rove_pool_get_stats(pool, &stats);
    TEST_CHECK(status == ROVE_OK, "stats: %s", rove_status_text(status));
    return stats;
}

void test_pool_check(const rove_pool *pool)
{
    rove_pool_stats s = test_pool_stats(pool);
    uint64_t ended = s.completed + s.failed + s.canceled + s.timed_out + s.crashed;
    TEST_CHECK(s.submitted == ended, "%llu jobs were accepted, %llu have ended", (unsigned long long)s.submitted,
               (unsigned long long)ended);
    TEST_CHECK(s.queued == 0 && s.held == 0 && s.running == 0, "%llu queued, %llu held, %llu running at the end",
               (unsigned long long)s.queued, (unsigned long long)s.held, (unsigned long long)s.running);
    TEST_CHECK(s.discarded <= ended - s.completed, "%llu jobs discarded, %llu have failed",
               (unsigned long long)s.discarded, (unsigned long long)(ended - s.completed));
    rove_progress progress;
    TEST_CHECK(rove_pool_get_progress(pool, &progress) == ROVE_OK, "progress");
    TEST_CHECK(progress.done == ended && progress.total == ended && progress.failed == ended - s.completed,
               "progress says %llu of %llu, %llu failed", (unsigned long long)progress.done,
               (unsigned long long)progress.total, (unsigned long long)progress.failed);
}

void test_pool_await_submitters(rove_pool *pool, int count)
{
    for (int waiting = 0; waiting < count; usleep(300)) { /* each looks for room at times, and is missing then */
        waiting = 0;
        pool_lock(pool);
        for (const struct pool_waiter *waiter = pool->for_room.first; waiter; waiter = waiter->next)
            waiting++;
        pool_unlock(pool);
    }
}

void test_pool_end(rove_pool *pool)
{
    rove_status status = rove_pool_drain(pool, ROVE_NEVER);
    TEST_CHECK(status == ROVE_OK, "drain: %s", rove_status_text(status));
    TEST_CHECK(rove_pool_get_state(pool) == ROVE_POOL_CLOSED, "state %d after drain", (int)rove_pool_get_state(pool));
    test_pool_check(pool);
    status = rove_pool_destroy(pool);
    TEST_CHECK(status == ROVE_OK, "destroy: %s", rove_status_text(status));
}

void test_held_begin(struct test_held *held, const rove_pool_config *config)
{
    held->runtime = test_runtime(1);
    rove_pool_config used = config ? *config : test_pool_config(NULL);
    used.runtime = held->runtime;
    used.width = 1;
    held->pool = test_pool(&used);
    test_gate_init(&held->gate);
    rove_job job = {.fn = test_gate_job, .arg = &held->gate, .id = TEST_HELD_ID, .name = "held"};
    TEST_CHECK(rove_pool_submit_job(held->pool, &job, ROVE_NEVER, NULL) == ROVE_OK, "submit");
    test_gate_await(&held->gate);
}

void test_held_release(struct test_held *held)
{
    test_gate_open(&held->gate, 1);
}

void test_held_end(struct test_held *held)
{
    test_pool_end(held->pool);
    test_runtime_end(held->runtime);
    test_gate_fini(&held->gate);
}

static void *thread_run(void *arg)
{
    struct test_thread *thread = arg;
    atomic_store(&thread->number, (int)syscall(SYS_gettid));
    thread->fn(thread->arg);
    return NULL;
}

void test_thread_start(struct test_thread *thread, void (*fn)(void *arg), void *arg)
{
    atomic_store(&thread->number, 0);
    thread->fn = fn;
    thread->arg = arg;
    int error = pthread_create(&thread->thread, NULL, thread_run, thread);
    TEST_CHECK(error == 0, "thread: %s", strerror(error));
}

/* Whether the system says that the thread sleeps, or does not know it any more. */
static bool thread_is_asleep(int number)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", number);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return true;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size < 0 ? 0 : size] = '\0';
    const char *name_end = strrchr(text, ')');
    return !name_end || name_end[2] == 'S';
}

void test_thread_await_asleep(struct test_thread *thread)
{
    for (int seen = 0; seen < 3;) {
        int number = atomic_load(&thread->number);
        seen = number && thread_is_asleep(number) ? seen + 1 : 0;
        usleep(300);
    }
}

void test_thread_join(struct test_thread *thread)
{
    pthread_join(thread->thread, NULL);
}
