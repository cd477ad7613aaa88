/*
 * Figures of a whole process: what Rove costs a program, and its neighbours, while it does little or shares the
 * machine. They need fresh processes and looks into /proc, which a case of Google Benchmark cannot have. A figure
 * checks its answers; what it measures is printed and, but for `idle`, not judged.
 */
#ifndef PERF_FIGURES_H
#define PERF_FIGURES_H

#include "harness/bench.h"

#include <rove/rove.h>

/* Exit codes of the program. */
enum figure_end {
    FIGURE_DONE = 0,
    FIGURE_MISSED = 1, /* measured, and it is not what it must be */
    FIGURE_WRONG = 2   /* a wrong answer, wrong arguments, or something was refused: nothing was measured */
};

/* One figure. `number` is the argument or its default. */
struct figure {
    const char *name;
    const char *unit; /* of its argument, for the usage line */
    double full;      /* the argument where none is given */
    double tiny;      /* the argument where none is given and the sizes are tiny */
    const char *about;
    enum figure_end (*run)(enum perf_scale scale, double number);
};

enum figure_end figure_idle(enum perf_scale scale, double number);
enum figure_end figure_serial(enum perf_scale scale, double number);
enum figure_end figure_neighbours(enum perf_scale scale, double number);
enum figure_end figure_openmp(enum perf_scale scale, double number);
enum figure_end figure_pool(enum perf_scale scale, double number);

/* Ends the program with FIGURE_WRONG after a line on standard error. */
__attribute__((noreturn, format(printf, 1, 2))) void figure_die(const char *format, ...);

/* Prints "; load 0.50 on 2 processors" and ends the line: figures of a busy machine say little. */
void figure_print_load(void);

/* `number` as a number of rounds: at least 1, at most `most`. */
static inline size_t figure_rounds(double number, size_t most)
{
    size_t rounds = (size_t)number;
    return rounds < 1 ? 1 : rounds > most ? most : rounds;
}

/* Makes the runtime that perf_rove_run uses, with exactly `workers` workers; 0: as many as the machine allows. */
void figure_runtime_start(int workers);
void figure_runtime_stop(void);

/* A job that wakes all workers and keeps them busy: recursions of three kinds, from tasks of a nanosecond to tasks of
 * 200. Prepared once for a process and its children; a run ends the program if an answer is wrong. */
void figure_job_prepare(enum perf_scale scale);
void figure_job_run(void);

/* Processor time in nanoseconds: of all threads of this process together, and of the calling one. */
int64_t figure_cpu_ns(void);
int64_t figure_thread_cpu_ns(void);

#endif
