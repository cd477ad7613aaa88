/*
 * idle: a runtime that has worked and has nothing to do any more. Its threads must not wake: a laptop's battery, a
 * neighbour's cache and a virtual machine that is paid by the second notice each time that they do.
 */
#include "figures/figures.h"
#include "figures/threads.h"
#include "runtimes/rove.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = ROVE_WORKERS_MAX + 16 };

/* So often it is looked, every 50 ms, whether the threads have fallen asleep. */
enum { SETTLE_MOST = 100 };

static void idle_for(double seconds)
{
    struct timespec pause = {.tv_sec = (time_t)seconds};
    pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
    nanosleep(&pause, NULL);
}

static bool is_pool_thread(const struct figure_thread *thread)
{
    return thread->id != getpid();
}

static int count_awake(const struct figure_thread *before, const struct figure_thread *after, size_t count)
{
    int awake = 0;
    for (size_t i = 0; i < count; i++)
        awake += is_pool_thread(&after[i]) && figure_thread_ran(&before[i], &after[i]);
    return awake;
}

/* Returns when no pool thread has run for 50 ms. A runtime whose threads never come to rest is measured as it is. */
static void wait_until_settled(void)
{
    static struct figure_thread before[THREADS_MAX], after[THREADS_MAX];
    for (int look = 0; look < SETTLE_MOST; look++) {
        size_t count = figure_threads_read(before, THREADS_MAX);
        idle_for(0.05);
        if (figure_threads_read(after, THREADS_MAX) == count && count_awake(before, after, count) == 0)
            return;
    }
}

static void print_thread(const char *name, const struct figure_thread *before, const struct figure_thread *after)
{
    printf("%-16s %10.3f %10lld %12lld\n", name, (double)(after->cpu_ns - before->cpu_ns) / 1e6,
           (long long)(after->voluntary - before->voluntary), (long long)(after->involuntary - before->involuntary));
}

static void add_thread(struct figure_thread *sum, const struct figure_thread *thread)
{
    sum->cpu_ns += thread->cpu_ns;
    sum->voluntary += thread->voluntary;
    sum->involuntary += thread->involuntary;
}

static void print_threads(const struct figure_thread *before, const struct figure_thread *after, size_t count)
{
    struct figure_thread pool_before = {0}, pool_after = {0};
    printf("%-16s %10s %10s %12s\n", "thread", "CPU [ms]", "voluntary", "involuntary");
    for (size_t i = 0; i < count; i++) {
        print_thread(is_pool_thread(&after[i]) ? after[i].name : "(main)", &before[i], &after[i]);
        if (is_pool_thread(&after[i])) {
            add_thread(&pool_before, &before[i]);
            add_thread(&pool_after, &after[i]);
        }
    }
    print_thread("pool threads", &pool_before, &pool_after);
}

enum figure_end figure_idle(enum perf_scale scale, double seconds)
{
    static struct figure_thread before[THREADS_MAX], after[THREADS_MAX];
    figure_job_prepare(scale);
    figure_runtime_start(0);
    figure_job_run();
    printf("idle: %g s of a runtime of %d workers that has worked", seconds, rove_worker_count(perf_rove_current()));
    figure_print_load();
    wait_until_settled();

    size_t count = figure_threads_read(before, THREADS_MAX);
    int64_t cpu = figure_cpu_ns(); /* without the looks into /proc, which are this program's own */
    idle_for(seconds);
    cpu = figure_cpu_ns() - cpu;
    if (figure_threads_read(after, THREADS_MAX) != count)
        figure_die("threads came or went meanwhile");

    print_threads(before, after, count);
    int awake = count_awake(before, after, count);
    printf("pool threads that ran: %d (must be none); the process used %.3f ms (target: 1 ms)\n", awake,
           (double)cpu / 1e6);
    figure_job_run(); /* what slept so well must still work */
    figure_runtime_stop();
    return awake > 0 ? FIGURE_MISSED : FIGURE_DONE;
}
