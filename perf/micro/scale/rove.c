/*
 * micro/scale with Rove.
 */
#include "runtimes/rove.h"
#include "micro/scale/scale.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SCALE_WORKERS = 2, SCALE_INTERVAL_NS = 1000000 };

struct fib {
    rove_task task;
    int n;
    int64_t value;
};

static void fib_task(rove_task *task);

static int64_t fib(int n)
{
    if (n < 2)
        return n;
    struct fib left = {.n = n - 1};
    rove_fork(&left.task, fib_task);
    int64_t right = fib(n - 2);
    rove_join(&left.task, fib_task);
    return left.value + right;
}

static void fib_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    self->value = fib(self->n);
}

static void compute(void *arg)
{
    (void)arg;
    scale_value = fib(scale_n);
}

static void *change(void *arg)
{
    static const int counts[] = {1, 2, 4, 8};
    _Atomic bool *is_over = arg;
    struct timespec interval = {0, SCALE_INTERVAL_NS};
    for (unsigned i = 0; !atomic_load_explicit(is_over, memory_order_relaxed); i++) {
        perf_rove_require(rove_set_workers(perf_rove_current(), counts[i % 4]), "rove_set_workers");
        nanosleep(&interval, NULL);
    }
    return NULL;
}

void scale_rove_steady(void)
{
    perf_rove_run(compute);
}

void scale_rove_changing(void)
{
    _Atomic bool is_over = false;
    pthread_t thread;
    if (pthread_create(&thread, NULL, change, &is_over) != 0) {
        fprintf(stderr, "rove-bench: micro/scale: no thread can be started\n");
        exit(EXIT_FAILURE);
    }
    perf_rove_run(compute);
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    pthread_join(thread, NULL);
    perf_rove_require(rove_set_workers(perf_rove_current(), SCALE_WORKERS), "rove_set_workers");
}
