/*
 * pool/results: every job hands the place of its count on as its value, and a thread that is no worker counts there
 * what it reads.
 */
#include "pool/rove_pool.h"
#include "pool/submit/submit.h"
#include "pool/timer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int count_job(void *arg, void **value)
{
    ++*(uint8_t *)arg;
    *value = arg;
    return 0;
}

static void count_result(const rove_result *result)
{
    if (result->status == ROVE_OK)
        pool_reads[(uint8_t *)result->value - pool_runs]++;
}

static void *read_single(void *pool)
{
    rove_result result;
    for (int64_t i = 0; i < pool_job_count; i++) {
        perf_rove_require(rove_pool_next(pool, &result, ROVE_NEVER), "rove_pool_next");
        count_result(&result);
    }
    return NULL;
}

static void *read_many(void *pool)
{
    rove_result results[POOL_READ_MOST];
    size_t count;
    for (int64_t read = 0; read < pool_job_count; read += (int64_t)count) {
        perf_rove_require(rove_pool_next_batch(pool, results, POOL_READ_MOST, ROVE_NEVER, &count),
                          "rove_pool_next_batch");
        for (size_t i = 0; i < count; i++)
            count_result(&results[i]);
    }
    return NULL;
}

/* From the first submission until the last result is read. */
static void measure(void *(*read)(void *pool))
{
    pthread_t reader;
    rove_pool_config config = perf_pool_config();
    config.has_results = true;
    config.results_capacity = config.capacity;
    rove_pool *pool = perf_pool_open(&config);
    if (pthread_create(&reader, NULL, read, pool) != 0) {
        fprintf(stderr, "rove-bench: pool/results: no thread can be started\n");
        exit(EXIT_FAILURE);
    }
    perf_timer_begin();
    for (int64_t i = 0; i < pool_job_count; i++)
        perf_rove_require(rove_pool_submit(pool, count_job, &pool_runs[i]), "rove_pool_submit");
    pthread_join(reader, NULL);
    perf_timer_end();
    perf_pool_close(pool);
}

void pool_results_rove(void)
{
    measure(read_single);
}

void pool_results_rove_many(void)
{
    measure(read_many);
}
