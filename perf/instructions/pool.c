/*
 * What perf.pool_instructions counts: jobs of a pool that count themselves, submitted by the only worker of a runtime
 * and run by it, in batches that are waited for. `instructions_pool <form> <n>` prints how many have run in n batches;
 * the difference between two numbers of batches is that of their jobs. The forms: timed and untimed, one job with each
 * call; many, untimed, a batch with each call; results, untimed, with a stream that is read.
 */
#include <rove/rove.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 500 };

struct count {
    rove_pool_config config;
    bool is_many;
    long batches;
    long runs;
    rove_status status;
};

static long runs[BATCH];

static int count_job(void *arg, void **value)
{
    (void)value;
    ++*(long *)arg;
    return 0;
}

static rove_status submit_batch(rove_pool *pool, bool is_many)
{
    if (is_many)
        return rove_pool_submit_many(pool, count_job, runs, sizeof *runs, BATCH, NULL);
    rove_status status = ROVE_OK;
    for (int i = 0; i < BATCH && status == ROVE_OK; i++)
        status = rove_pool_submit(pool, count_job, &runs[i]);
    return status;
}

static rove_status read_batch(rove_pool *pool)
{
    rove_result result;
    rove_status status = ROVE_OK;
    for (int i = 0; i < BATCH && status == ROVE_OK; i++)
        status = rove_pool_next(pool, &result, 0);
    return status;
}

static void work(void *arg)
{
    struct count *count = arg;
    rove_pool *pool;
    count->status = rove_pool_create(&pool, &count->config, NULL);
    for (long i = 0; i < count->batches && count->status == ROVE_OK; i++) {
        count->status = submit_batch(pool, count->is_many);
        if (count->status == ROVE_OK)
            count->status = rove_pool_wait(pool, ROVE_NEVER);
        if (count->status == ROVE_OK && count->config.has_results)
            count->status = read_batch(pool);
    }
    rove_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    struct count count = {.batches = argc == 3 ? atol(argv[2]) : 0};
    rove_config config;
    rove_runtime *runtime;
    rove_config_default(&config);
    config.workers = 1;
    if (count.batches < 1 || rove_runtime_create(&runtime, &config, NULL) != ROVE_OK)
        return EXIT_FAILURE;
    rove_pool_config_default(&count.config);
    count.config.is_untimed = strcmp(argv[1], "timed") != 0;
    count.config.has_results = strcmp(argv[1], "results") == 0;
    count.config.results_capacity = BATCH;
    count.is_many = strcmp(argv[1], "many") == 0;
    rove_status status = rove_run(runtime, work, &count);
    for (int i = 0; i < BATCH; i++)
        count.runs += runs[i];
    printf("%ld\n", count.runs);
    rove_runtime_destroy(runtime);
    bool is_right = status == ROVE_OK && count.status == ROVE_OK && count.runs == BATCH * count.batches;
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
