/*
 * micro/idle with Rove: a task wakes the workers, they go to sleep again, and then the clock of the process is read.
 */
#include "runtimes/rove.h"
#include "micro/idle/idle.h"

#include <time.h>

enum { IDLE_SETTLE_MS = 2, IDLE_WORKERS = 2 };

static double process_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void pause_ms(int64_t milliseconds)
{
    struct timespec span = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&span, NULL);
}

static void touch(int64_t begin, int64_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
}

static void work(void *arg)
{
    (void)arg;
    perf_rove_require(rove_for(0, 100, touch, NULL), "rove_for");
}

void idle_rove(void)
{
    for (int i = 0; i < IDLE_WINDOWS; i++) {
        perf_rove_run(work);
        pause_ms(IDLE_SETTLE_MS);
        double begin = process_seconds();
        pause_ms(idle_window_ms);
        idle_seconds += process_seconds() - begin;
        idle_windows++;
    }
}

void idle_rove_auto(void)
{
    perf_rove_require(rove_auto_workers(perf_rove_current(), 1, 0), "rove_auto_workers");
    idle_rove();
    perf_rove_require(rove_set_workers(perf_rove_current(), IDLE_WORKERS), "rove_set_workers");
}
