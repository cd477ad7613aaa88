/*
 * rove-figures: chooses a figure and its size.
 */
#include "figures/figures.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct figure figures[] = {
    {"idle", "SECONDS", 10, 0.2, "what the threads of a runtime do while there is no work", figure_idle},
    {"serial", "SECONDS", 3, 0.1, "processor time of a serial program inside a runtime of two workers", figure_serial},
    {"neighbours", "ROUNDS", 7, 1, "two processes at once, against one that does the work of both", figure_neighbours},
    {"openmp", "ROUNDS", 7, 1, "Rove inside an OpenMP program, against both alone", figure_openmp},
    {"pool", "ROUNDS", 5, 1, "jobs per second of a pool, from 1 to 16 threads that submit", figure_pool},
};

enum { FIGURES = sizeof figures / sizeof *figures };

void figure_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("rove-figures: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(FIGURE_WRONG);
}

void figure_print_load(void)
{
    double load = 0;
    cpu_set_t allowed;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        processors = CPU_COUNT(&allowed);
    if (getloadavg(&load, 1) == 1)
        printf("; load %.2f", load);
    printf(" on %ld processors\n", processors);
    fflush(stdout);
}

static int64_t clock_read(clockid_t clock)
{
    struct timespec used;
    clock_gettime(clock, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

int64_t figure_cpu_ns(void)
{
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t figure_thread_cpu_ns(void)
{
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

static void print_usage(FILE *file)
{
    fprintf(file, "usage: rove-figures [--tiny] FIGURE [NUMBER]\n\n"
                  "  --tiny: sizes at which answers can be checked and times mean nothing\n\n");
    for (int i = 0; i < FIGURES; i++)
        fprintf(file, "  %-10s %-7s %s; default %g\n", figures[i].name, figures[i].unit, figures[i].about,
                figures[i].full);
}

static const struct figure *find_figure(const char *name)
{
    for (int i = 0; i < FIGURES; i++)
        if (strcmp(figures[i].name, name) == 0)
            return &figures[i];
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return FIGURE_DONE;
    }
    bool is_tiny = argc > 1 && strcmp(argv[1], "--tiny") == 0;
    int first = is_tiny ? 2 : 1;
    const struct figure *figure = argc > first ? find_figure(argv[first]) : NULL;
    if (!figure || argc > first + 2) {
        print_usage(stderr);
        return FIGURE_WRONG;
    }
    double number = is_tiny ? figure->tiny : figure->full;
    if (argc == first + 2) {
        char *end;
        errno = 0;
        number = strtod(argv[first + 1], &end);
        if (errno || end == argv[first + 1] || *end || !(number > 0 && number <= 3600))
            figure_die("%s: not a number of %s from above 0 to 3600", argv[first + 1], figure->unit);
    }
    return (int)figure->run(is_tiny ? PERF_TINY : PERF_SMALL, number);
}
