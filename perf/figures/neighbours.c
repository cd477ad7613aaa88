/*
 * neighbours: two processes that do not know of each other, each with a runtime for the whole machine. Workers that
 * search for work, or that wait for a worker whose processor is taken, steal time from the other process; the ratio is
 * what the two still get done, against one process that does the jobs of both.
 */
#include "figures/figures.h"
#include "runtimes/rove.h"
#include "support/clock.h"
#include "support/samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NEIGHBOURS = 2, ROUNDS_MAX = 99 };

/* How the parent talks to its children: they are ready, it closes `go`, they are done. */
struct line {
    int go[2];
    int done[2];
};

static void line_tell(const struct line *line, int64_t number)
{
    if (write(line->done[1], &number, sizeof number) != sizeof number)
        exit(FIGURE_WRONG); /* the parent is gone */
}

/* Waits for a number of each of `count` children. Returns their sum. */
static int64_t line_hear(const struct line *line, int count)
{
    int64_t sum = 0;
    while (count > 0) {
        int64_t number; /* so short a message arrives whole */
        ssize_t size = read(line->done[0], &number, sizeof number);
        if (size < 0 && errno == EINTR)
            continue;
        if (size != sizeof number)
            figure_die("a neighbour has ended early");
        sum += number;
        count--;
    }
    return sum;
}

/* A child: starts its runtime, warms up, and does `jobs` jobs when it is told. */
static void neighbour_live(const struct line *line, int jobs)
{
    char word;
    close(line->go[1]);
    close(line->done[0]);
    figure_runtime_start(0);
    figure_job_run();
    line_tell(line, 0);
    while (read(line->go[0], &word, 1) < 0 && errno == EINTR) {
    }
    int64_t cpu = figure_cpu_ns();
    for (int i = 0; i < jobs; i++)
        figure_job_run();
    line_tell(line, figure_cpu_ns() - cpu);
    figure_runtime_stop();
    exit(FIGURE_DONE);
}

/* How long it took, and the processor time of all, in nanoseconds. */
struct span {
    int64_t wall_ns;
    int64_t cpu_ns;
};

/* Has `processes` processes do `jobs` jobs each, at the same time. */
static struct span neighbours_time(int processes, int jobs)
{
    struct span span;
    struct line line;
    if (pipe(line.go) != 0 || pipe(line.done) != 0)
        figure_die("no pipe: %s", strerror(errno));
    fflush(NULL); /* a child must not print it again */
    for (int i = 0; i < processes; i++) {
        pid_t child = fork();
        if (child < 0)
            figure_die("no process: %s", strerror(errno));
        if (child == 0)
            neighbour_live(&line, jobs);
    }
    close(line.go[0]);
    close(line.done[1]);
    line_hear(&line, processes);
    int64_t begin = perf_now_ns();
    close(line.go[1]);
    span.cpu_ns = line_hear(&line, processes);
    span.wall_ns = perf_now_ns() - begin;
    close(line.done[0]);
    for (int i = 0; i < processes; i++) {
        int status;
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != FIGURE_DONE)
            figure_die("a neighbour has failed");
    }
    return span;
}

enum figure_end figure_neighbours(enum perf_scale scale, double number)
{
    int64_t wall[ROUNDS_MAX], cpu[ROUNDS_MAX];
    size_t rounds = figure_rounds(number, ROUNDS_MAX);
    int jobs = scale == PERF_TINY ? 1 : 3;
    figure_job_prepare(scale);
    printf("neighbours: %d processes at once, %d jobs each, against one that does %d", NEIGHBOURS, jobs,
           NEIGHBOURS * jobs);
    figure_print_load();
    printf("%8s %12s %12s %8s %12s %12s %8s\n", "round", "one [ms]", "two [ms]", "ratio", "one CPU", "two CPU",
           "ratio");
    for (size_t i = 0; i < rounds; i++) {
        struct span one = neighbours_time(1, NEIGHBOURS * jobs);
        struct span two = neighbours_time(NEIGHBOURS, jobs);
        wall[i] = one.wall_ns * 1000000 / two.wall_ns;
        cpu[i] = one.cpu_ns * 1000000 / two.cpu_ns;
        printf("%8zu %12.1f %12.1f %8.3f %12.1f %12.1f %8.3f\n", i + 1, (double)one.wall_ns / 1e6,
               (double)two.wall_ns / 1e6, (double)wall[i] / 1e6, (double)one.cpu_ns / 1e6, (double)two.cpu_ns / 1e6,
               (double)cpu[i] / 1e6);
        fflush(stdout);
    }
    printf("%8s %34.3f %34.3f (target: at least 0.9)\n", "median", (double)perf_median(wall, rounds) / 1e6,
           (double)perf_median(cpu, rounds) / 1e6);
    return FIGURE_DONE;
}
