/*
 * pool: how many jobs per second a pool takes and runs from 1 to 16 threads that submit at the same time. It must not
 * collapse when they become many.
 */
#include "figures/figures.h"
#include "pool/crowd.h"
#include "pool/rove_pool.h"
#include "pool/timer.h"
#include "support/samples.h"

#include <stdio.h>
#include <string.h>

enum { JOBS_MAX = 100000, ROUNDS_MAX = 99, WORKERS_MAX = 2 };

static const int submitters[] = {1, 2, 4, 8, 16};

enum { SUBMITTERS = sizeof submitters / sizeof *submitters };

/* How often each job has run. */
static unsigned char runs[JOBS_MAX];

static int count_job(void *arg, void **value)
{
    (void)value;
    ++*(unsigned char *)arg;
    return 0;
}

static void submit_range(int64_t begin, int64_t end, void *pool)
{
    for (int64_t i = begin; i < end; i++)
        perf_rove_require(rove_pool_submit(pool, count_job, &runs[i]), "rove_pool_submit");
}

/* Jobs per second. */
static int64_t measure(int threads, int64_t jobs)
{
    rove_pool_config config = perf_pool_config();
    rove_pool *pool = perf_pool_open(&config);
    memset(runs, 0, sizeof runs);
    perf_crowd_run(threads, jobs, submit_range, pool);
    perf_pool_wait(pool);
    perf_timer_end();
    perf_pool_close(pool);
    for (int64_t i = 0; i < jobs; i++)
        if (runs[i] != 1)
            figure_die("job %lld has run %d times", (long long)i, runs[i]);
    return (int64_t)((double)jobs / perf_timer_seconds());
}

enum figure_end figure_pool(enum perf_scale scale, double number)
{
    static int64_t rates[SUBMITTERS][WORKERS_MAX][ROUNDS_MAX];
    size_t rounds = figure_rounds(number, ROUNDS_MAX);
    int64_t jobs = scale == PERF_TINY ? 2000 : JOBS_MAX;
    printf("pool: thousand jobs per second, of %lld that hardly do anything; medians of %zu rounds", (long long)jobs,
           rounds);
    figure_print_load();
    for (size_t round = 0; round < rounds; round++) {
        for (int workers = 1; workers <= WORKERS_MAX; workers++) {
            figure_runtime_start(workers);
            for (int i = 0; i < SUBMITTERS; i++)
                rates[i][workers - 1][round] = measure(submitters[i], jobs);
            figure_runtime_stop();
        }
    }
    printf("%10s %10s %10s\n", "submitters", "1 worker", "2 workers");
    for (int i = 0; i < SUBMITTERS; i++)
        printf("%10d %10lld %10lld\n", submitters[i], (long long)perf_median(rates[i][0], rounds) / 1000,
               (long long)perf_median(rates[i][1], rounds) / 1000);
    return FIGURE_DONE;
}
