/*
 * A pool with one mutex and condition variables, as well as one is usually written, and the list of its variants.
 *
 * Condition variables of some versions of glibc lose a wake-up now and then (bug 25847), so no sleep is for ever.
 */
#include "runtimes/plain.h"

#include "harness/variants.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct plain_job {
    void (*fn)(void *arg);
    void *arg;
};

/* All but `threads` and `thread_count`, which are constant between start and stop, is guarded by `mutex`. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    pthread_cond_t all_done;
    struct plain_job ring[PERF_PLAIN_CAPACITY];
    size_t first;
    size_t count;
    size_t running;
    bool is_stopped;
    pthread_t *threads;
    int thread_count;
} plain = {.mutex = PTHREAD_MUTEX_INITIALIZER,
           .not_empty = PTHREAD_COND_INITIALIZER,
           .not_full = PTHREAD_COND_INITIALIZER,
           .all_done = PTHREAD_COND_INITIALIZER};

/* Sleeps until the condition variable is signalled, or for a second, or for no reason. Requires the mutex. */
static void plain_sleep(pthread_cond_t *condition)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_cond_timedwait(condition, &plain.mutex, &until);
}

int perf_plain_workers(void)
{
    return plain.thread_count;
}

void perf_plain_submit(void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&plain.mutex);
    while (plain.count == PERF_PLAIN_CAPACITY)
        plain_sleep(&plain.not_full);
    plain.ring[(plain.first + plain.count++) % PERF_PLAIN_CAPACITY] = (struct plain_job){fn, arg};
    pthread_cond_signal(&plain.not_empty);
    pthread_mutex_unlock(&plain.mutex);
}

void perf_plain_wait(void)
{
    pthread_mutex_lock(&plain.mutex);
    while (plain.count + plain.running > 0)
        plain_sleep(&plain.all_done);
    pthread_mutex_unlock(&plain.mutex);
}

/* Waits for the next job. Returns false when the pool is stopped. Requires the mutex. */
static bool plain_take(struct plain_job *job)
{
    while (plain.count == 0 && !plain.is_stopped)
        plain_sleep(&plain.not_empty);
    if (plain.count == 0)
        return false;
    *job = plain.ring[plain.first];
    plain.first = (plain.first + 1) % PERF_PLAIN_CAPACITY;
    plain.count--;
    plain.running++;
    pthread_cond_signal(&plain.not_full);
    return true;
}

static void *plain_work(void *arg)
{
    (void)arg;
    struct plain_job job;
    pthread_mutex_lock(&plain.mutex);
    while (plain_take(&job)) {
        pthread_mutex_unlock(&plain.mutex);
        job.fn(job.arg);
        pthread_mutex_lock(&plain.mutex);
        if (--plain.running + plain.count == 0)
            pthread_cond_broadcast(&plain.all_done);
    }
    pthread_mutex_unlock(&plain.mutex);
    return NULL;
}

static void plain_stop(void)
{
    pthread_mutex_lock(&plain.mutex);
    plain.is_stopped = true;
    pthread_cond_broadcast(&plain.not_empty);
    pthread_mutex_unlock(&plain.mutex);
    for (int i = 0; i < plain.thread_count; i++)
        pthread_join(plain.threads[i], NULL);
    free(plain.threads);
    plain.threads = NULL;
    plain.thread_count = 0;
}

static bool plain_start(int workers)
{
    plain.is_stopped = false;
    plain.thread_count = 0;
    plain.threads = calloc((size_t)workers, sizeof *plain.threads);
    while (plain.threads && plain.thread_count < workers &&
           pthread_create(&plain.threads[plain.thread_count], NULL, plain_work, NULL) == 0)
        plain.thread_count++;
    if (plain.thread_count == workers)
        return true;
    fprintf(stderr, "rove-bench: the plain pool has %d threads instead of %d\n", plain.thread_count, workers);
    plain_stop();
    return false;
}

static const struct perf_variant plain_variants[] = {
    {&perf_pool_submit, "plain", pool_submit_plain, PERF_EACH},
    {&perf_pool_submitters, "plain", pool_submitters_plain, PERF_EACH},
    {&perf_pool_latency, "plain", pool_latency_plain, PERF_EACH_SPARING},
    {&perf_pool_latency_even, "plain", pool_latency_plain, PERF_EACH_SPARING},
    {&perf_pool_jobs_1us, "plain", pool_jobs_plain, PERF_EACH},
    {&perf_pool_jobs_10us, "plain", pool_jobs_plain, PERF_EACH},
    {&perf_pool_jobs_100us, "plain", pool_jobs_plain, PERF_EACH},
    {&perf_micro_pool_submit, "plain", micro_pool_submit_plain, PERF_EACH},
};

const struct perf_runtime perf_plain_runtime = {
    .title = "plain pool",
    .variants = plain_variants,
    .variant_count = sizeof plain_variants / sizeof *plain_variants,
    .start = plain_start,
    .stop = plain_stop,
};
