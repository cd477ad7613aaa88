/*
 * The time of a run.
 */
#include "pool/timer.h"

#include "support/clock.h"

static int64_t timer_began;
static int64_t timer_ended;

void perf_timer_begin(void)
{
    timer_began = perf_now_ns();
}

void perf_timer_end(void)
{
    timer_ended = perf_now_ns();
}

double perf_timer_seconds(void)
{
    return (double)(timer_ended - timer_began) / 1e9;
}
