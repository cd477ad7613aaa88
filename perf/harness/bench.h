/*
 * What a benchmark is, seen from C: a workload (what is computed) and, for each runtime, variants (how it is computed).
 * The harness in C++ combines them, registers every combination with Google Benchmark and checks every answer.
 *
 * To add a workload: a folder with a header, a file for its input and its answer, and one file per variant; then a line
 * in workloads.c, one in each file of runtimes/, and one in CMakeLists.txt.
 */
#ifndef PERF_BENCH_H
#define PERF_BENCH_H

#include <rove/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/* How large the problems are. All variants of a workload always run the same size. */
enum perf_scale {
    PERF_FULL,  /* what figures are quoted for */
    PERF_SMALL, /* the report: everything in about a minute and a half, the slowest peers included */
    PERF_TINY   /* the smoke test: is every answer right? Says nothing about speed */
};

/* One size of a workload. */
struct perf_problem {
    char title[48];   /* for a person, such as "fib(40)" */
    int64_t expected; /* the right answer; less than 2^53, so that a JSON number holds it */
    int64_t tasks;    /* how many items of work a run has; README.md says what an item is */
};

/* A figure that a run has beside its time. */
struct perf_counter {
    const char *name;
    double value;
};

/* The most that one workload has. */
enum { PERF_COUNTERS_MAX = 5 };

/* What is computed. Input and answer live in the workload's own variables, which the variants share. */
struct perf_workload {
    const char *name;

    /* Makes the input and fills `problem`. Called once, untimed. Returns false after a line on standard error. */
    bool (*prepare)(enum perf_scale scale, struct perf_problem *problem);

    /* Restores the input and spoils the answer. Called before every timed run, untimed. */
    void (*reset)(void);

    /* The answer of the last run. Called after every timed run, untimed. */
    int64_t (*answer)(void);

    /* How long the last run took, in seconds, where the workload takes the time itself; NULL: the harness does. */
    double (*seconds)(void);

    /* Stores what else the last run has found, at most PERF_COUNTERS_MAX figures, and returns how many; NULL: nothing.
     * Called after the last run of a benchmark. */
    size_t (*counters)(struct perf_counter *counters);
};

/* `perf_variant.workers` of a variant that runs once for each worker count asked for, or, where a thread that is no
 * worker needs a processor, for those that leave one free, and with one worker if none does. Its name has the count. */
enum { PERF_EACH = 0, PERF_EACH_SPARING = -1 };

/* How it is computed: one timed run of a workload. */
struct perf_variant {
    const struct perf_workload *workload;
    const char *label; /* second part of the benchmark's name; NULL: none */
    void (*run)(void);
    int workers; /* PERF_EACH, PERF_EACH_SPARING, or the one count that it runs with */
};

/* What computes it. A runtime is started and stopped around the runs of one benchmark, untimed. */
struct perf_runtime {
    const char *title;  /* for a person, such as "oneTBB" */
    const char *absent; /* NULL, or a sentence that says why it has no variants in this build */
    const struct perf_variant *variants;
    size_t variant_count;
    bool (*start)(int workers); /* false after a line on standard error */
    void (*stop)(void);
    int64_t (*steals)(void); /* since the start; NULL where the runtime does not tell */
};

extern const struct perf_runtime perf_serial_runtime;
extern const struct perf_runtime perf_rove_runtime;
extern const struct perf_runtime perf_openmp_runtime;
extern const struct perf_runtime perf_tbb_runtime;
extern const struct perf_runtime perf_plain_runtime;

extern const struct perf_workload *const perf_workloads[];
extern const size_t perf_workload_count;

ROVE_END_C

#endif
