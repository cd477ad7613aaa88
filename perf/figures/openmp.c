/*
 * openmp: a program that uses OpenMP and Rove, which is what becomes of a program when one of its libraries is changed
 * over. First both take turns, against both alone: the threads of the one wait, perhaps spinning, while the other
 * works. Then every OpenMP thread calls rove_run inside a parallel region, against one thread that makes the same
 * calls.
 */
#include "figures/figures.h"
#include "runtimes/rove.h"
#include "support/clock.h"
#include "support/samples.h"

#include <omp.h>
#include <stdio.h>

enum { ROUNDS_MAX = 99 };

/* The work of both: how many steps the numbers from 1 to `numbers` take to 1 (Collatz), which is uneven. */
struct steps {
    int64_t numbers;
    int64_t expected;
};

static int64_t count_steps(int64_t number)
{
    int64_t steps = 0;
    for (uint64_t n = (uint64_t)number; n != 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}

static void steps_check(const struct steps *steps, int64_t sum, const char *who)
{
    if (sum != steps->expected)
        figure_die("%s counts %lld steps and not %lld", who, (long long)sum, (long long)steps->expected);
}

static void steps_by_openmp(const struct steps *steps)
{
    int64_t sum = 0;
#pragma omp parallel for schedule(dynamic, 64) reduction(+ : sum)
    for (int64_t i = 0; i < steps->numbers; i++)
        sum += count_steps(i + 1);
    steps_check(steps, sum, "OpenMP");
}

static void steps_range(int64_t begin, int64_t end, void *value, void *arg)
{
    int64_t *sum = value;
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        *sum += count_steps(i + 1);
}

static void steps_combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(int64_t *)right;
}

static void steps_reduce(void *arg)
{
    static const int64_t zero;
    static const rove_reduction reduction = {sizeof zero, &zero, steps_range, steps_combine, NULL};
    const struct steps *steps = arg;
    int64_t sum = -1;
    perf_rove_require(rove_reduce(0, steps->numbers, &reduction, &sum), "rove_reduce");
    steps_check(steps, sum, "Rove");
}

static void steps_by_rove(const struct steps *steps)
{
    perf_rove_require(rove_run(perf_rove_current(), steps_reduce, (void *)steps), "rove_run");
}

/* `times` parallel regions, `times` runs, or both in turn. */
static int64_t time_turns(const struct steps *steps, int times, bool has_openmp, bool has_rove)
{
    int64_t begin = perf_now_ns();
    for (int i = 0; i < times; i++) {
        if (has_openmp)
            steps_by_openmp(steps);
        if (has_rove)
            steps_by_rove(steps);
    }
    return perf_now_ns() - begin;
}

/* Every thread of a parallel region calls rove_run `times` times. */
static int64_t time_inside(const struct steps *steps, int times)
{
    int64_t begin = perf_now_ns();
#pragma omp parallel
    for (int i = 0; i < times; i++)
        steps_by_rove(steps);
    return perf_now_ns() - begin;
}

enum { OPENMP_ALONE, ROVE_ALONE, TURNS, CALLS, INSIDE, TIMES };

static void round_run(const struct steps *steps, int times, int64_t round[TIMES])
{
    int threads = omp_get_max_threads();
    round[OPENMP_ALONE] = time_turns(steps, times, true, false);
    round[ROVE_ALONE] = time_turns(steps, times, false, true);
    round[TURNS] = time_turns(steps, times, true, true);
    round[CALLS] = time_turns(steps, times * threads, false, true);
    round[INSIDE] = time_inside(steps, times);
}

enum figure_end figure_openmp(enum perf_scale scale, double number)
{
    int64_t turns[ROUNDS_MAX], inside[ROUNDS_MAX];
    size_t rounds = figure_rounds(number, ROUNDS_MAX);
    int times = scale == PERF_TINY ? 2 : 50;
    struct steps steps = {.numbers = scale == PERF_TINY ? 1000 : 50000};
    for (int64_t i = 0; i < steps.numbers; i++)
        steps.expected += count_steps(i + 1);
    figure_runtime_start(0);
    printf("openmp: %d threads of OpenMP and %d workers of Rove in one program, times in ms", omp_get_max_threads(),
           rove_worker_count(perf_rove_current()));
    figure_print_load();
    printf("%8s %9s %9s %9s %9s | %9s %9s %9s\n", "round", "OpenMP", "Rove", "in turn", "ratio", "calls", "inside",
           "ratio");
    for (size_t i = 0; i < rounds; i++) {
        int64_t round[TIMES];
        round_run(&steps, times, round);
        turns[i] = round[TURNS] * 1000000 / (round[OPENMP_ALONE] + round[ROVE_ALONE]);
        inside[i] = round[INSIDE] * 1000000 / round[CALLS];
        printf("%8zu %9.1f %9.1f %9.1f %9.3f | %9.1f %9.1f %9.3f\n", i + 1, (double)round[OPENMP_ALONE] / 1e6,
               (double)round[ROVE_ALONE] / 1e6, (double)round[TURNS] / 1e6, (double)turns[i] / 1e6,
               (double)round[CALLS] / 1e6, (double)round[INSIDE] / 1e6, (double)inside[i] / 1e6);
        fflush(stdout);
    }
    printf("%8s %29s %9.3f | %19s %9.3f (time against the sum of both alone: 1 is ideal)\n", "median", "",
           (double)perf_median(turns, rounds) / 1e6, "", (double)perf_median(inside, rounds) / 1e6);
    figure_runtime_stop();
    return FIGURE_DONE;
}
