/*
 * micro/blocking with Rove.
 */
#include "runtimes/rove.h"
#include "micro/blocking/blocking.h"
#include "micro/work.h"
#include "support/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t pieces_ended;
static _Atomic int64_t last_end;
static volatile uint64_t piece_sink;

static int piece(void *arg)
{
    (void)arg;
    piece_sink = perf_work(BLOCKING_PIECE_US * perf_work_per_microsecond(), 1);
    if (atomic_fetch_add_explicit(&pieces_ended, 1, memory_order_relaxed) + 1 == blocking_pieces)
        atomic_store_explicit(&last_end, perf_now_ns(), memory_order_relaxed);
    return 0;
}

static void sleep_for_long(void)
{
    struct timespec span = {0, BLOCKING_SLEEP_MS * 1000000L};
    nanosleep(&span, NULL);
}

static int sleeper_in_region(void *arg)
{
    (void)arg;
    rove_blocking_begin();
    sleep_for_long();
    rove_blocking_end();
    return 0;
}

static int sleeper_bare(void *arg)
{
    (void)arg;
    sleep_for_long();
    return 0;
}

/* `sleeper` is what four of the tasks do, or NULL. They are spawned last, so that they are begun first. */
static void measure(rove_group_fn *sleeper)
{
    rove_group group = {0};
    int64_t begin = perf_now_ns();
    atomic_store_explicit(&pieces_ended, 0, memory_order_relaxed);
    for (int64_t i = 0; i < blocking_pieces; i++)
        perf_rove_require(rove_group_spawn(&group, piece, NULL), "rove_group_spawn");
    for (int i = 0; i < BLOCKING_SLEEPERS && sleeper; i++)
        perf_rove_require(rove_group_spawn(&group, sleeper, NULL), "rove_group_spawn");
    perf_rove_require(rove_group_wait(&group), "rove_group_wait");
    blocking_ended = atomic_load_explicit(&pieces_ended, memory_order_relaxed);
    blocking_seconds = (double)(atomic_load_explicit(&last_end, memory_order_relaxed) - begin) / 1e9;
}

static void measure_region(void *arg)
{
    (void)arg;
    measure(sleeper_in_region);
}

static void measure_bare(void *arg)
{
    (void)arg;
    measure(sleeper_bare);
}

static void measure_alone(void *arg)
{
    (void)arg;
    measure(NULL);
}

void blocking_rove_region(void)
{
    perf_rove_run(measure_region);
}

void blocking_rove_bare(void)
{
    perf_rove_run(measure_bare);
}

void blocking_rove_alone(void)
{
    perf_rove_run(measure_alone);
}
