/*
 * A job server on standard input and output: each line is a job for a pool, and is answered by a line when it ends.
 *
 *     prime 1000003            1 if it is a prime number, else 0
 *     primes 1000000           how many primes lie below, counted in parallel
 *     0 50 prime 1000003       at level 0 (of 0 to 3, the first goes first; else 2), with a deadline of 50 ms (0: none)
 *
 * An answer is "NUMBER-OF-LINE: VALUE" or "NUMBER-OF-LINE: error: REASON". While the queue is full no line is read, so
 * whoever writes them waits: that is the backpressure. At the end of the input, what is left is finished; SIGINT and
 * SIGTERM cancel it. At last standard error tells what was done, and a file, if one is named, for Prometheus.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <rove/rove.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rove_pool *pool;
static volatile sig_atomic_t stop_signal;

static bool is_prime(int64_t number)
{
    for (int64_t divisor = 2; divisor <= number / divisor; divisor++)
        if (number % divisor == 0 || (divisor % 65536 == 0 && rove_is_canceled()))
            return false; /* of a job that was canceled nobody reads the value */
    return number > 1;
}

static int prime(void *number, void **value)
{
    *value = (void *)(uintptr_t)is_prime((intptr_t)number);
    return (intptr_t)number < 0 ? EDOM : 0;
}

static void count_primes(int64_t begin, int64_t end, void *count)
{
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add_explicit((_Atomic(uintptr_t) *)count, is_prime(i), memory_order_relaxed);
}

static int primes(void *number, void **value)
{
    _Atomic(uintptr_t) count = 0;
    rove_status status = rove_for(0, (intptr_t)number, count_primes, &count);
    *value = (void *)atomic_load_explicit(&count, memory_order_relaxed); /* the end of the loop has ordered it */
    return status ? ECANCELED : 0;
}

/* Waits while the queue is full. */
static void submit_line(const char *line, uint64_t id)
{
    rove_job job = {.id = id, .priority = 2};
    int milliseconds = 0, at = 0;
    int64_t number = 0;
    char name[8], more;
    if (sscanf(line, "%9d %9d %n", &job.priority, &milliseconds, &at) == 2 && milliseconds)
        job.deadline = rove_clock() + milliseconds * ROVE_MILLISECOND;
    if (sscanf(line + at, "%7s %18" SCNd64 " %c", name, &number, &more) == 2)
        job.fn = strcmp(name, "prime") == 0 ? prime : strcmp(name, "primes") == 0 ? primes : NULL;
    if (!job.fn) {
        printf("%" PRIu64 ": error: not a job: %s\n", id, line);
        return;
    }
    job.arg = (void *)(intptr_t)number;
    rove_status status = rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
    if (status)
        printf("%" PRIu64 ": error: %s\n", id, status == ROVE_INVALID ? "no such level" : rove_status_text(status));
}

static void *print_results(void *arg)
{
    rove_result result;
    while (rove_pool_next(pool, &result, ROVE_NEVER) == ROVE_OK)
        if (result.status == ROVE_OK)
            printf("%" PRIu64 ": %" PRIuPTR "\n", result.id, (uintptr_t)result.value);
        else
            printf("%" PRIu64 ": error: %s\n", result.id,
                   result.status == ROVE_FAILED ? strerror(result.error) : rove_status_text(result.status));
    return arg;
}

/* Runs on the main thread: the read that it waits in, or is about to begin, fails. */
static void stop(int number)
{
    if (!stop_signal) {
        stop_signal = number;
        rove_pool_request_stop(pool);
        close(STDIN_FILENO);
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* answers are seen at once */
    rove_pool_config config;
    rove_pool_config_default(&config);
    config.name = "job_server";
    config.capacity = config.results_capacity = 64;
    config.levels = 4;
    config.has_results = true;

    pthread_t printer;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* for the printer */
    if (rove_pool_create(&pool, &config, NULL) || pthread_create(&printer, NULL, print_results, NULL)) {
        fprintf(stderr, "job_server: no pool, or no thread for it\n");
        return 1;
    }
    sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);

    char *line = NULL;
    size_t size = 0;
    for (uint64_t id = 1; !stop_signal && getline(&line, &size, stdin) >= 0; id++) {
        line[strcspn(line, "\n")] = '\0';
        submit_line(line, id);
    }
    rove_pool_close(pool);
    pthread_join(printer, NULL); /* it has printed the last result */

    rove_pool_stats stats;
    rove_pool_get_stats(pool, &stats);
    fprintf(stderr, "job_server: %" PRIu64 " jobs, %" PRIu64 " done, %" PRIu64 " failed, %" PRIu64 " late\n",
            stats.submitted, stats.completed, stats.failed, stats.timed_out);
    bool has_failed = ferror(stdout) || (argc > 1 && rove_pool_save_prometheus(pool, argv[1], NULL));
    rove_pool_destroy(pool);
    free(line);
    return stop_signal ? 128 + stop_signal : has_failed;
}
