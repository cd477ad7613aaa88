/*
 * The processor's own counter, for measuring how long something of microseconds takes at half the price of the clock.
 * It counts at a constant rate that is known only roughly, and processors may disagree: a difference decides how finely
 * work is cut, and says in a pool's statistics how long jobs took; nothing that must be right depends on it.
 */
#ifndef ROVEI_PLATFORM_TICKS_H
#define ROVEI_PLATFORM_TICKS_H

#include <stdint.h>

#if defined(__x86_64__)

/* Not ordered with what stands around it: off by what the processor has in flight, some tens of nanoseconds. */
static inline int64_t ticks_now(void)
{
    return (int64_t)__builtin_ia32_rdtsc();
}

/* About how many ticks so many nanoseconds have: the counters of today run at one to five gigahertz. */
static inline int64_t ticks_of(int64_t ns)
{
    return ns * 5 / 2;
}

#elif defined(__aarch64__)

static inline int64_t ticks_now(void)
{
    int64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

static inline int64_t ticks_of(int64_t ns)
{
    int64_t per_second;
    __asm__("mrs %0, cntfrq_el0" : "=r"(per_second));
    return ns * (per_second / 1000) / 1000000;
}

#else

#include "runtime/platform/clock.h"

static inline int64_t ticks_now(void)
{
    return rovei_clock_now();
}

static inline int64_t ticks_of(int64_t ns)
{
    return ns;
}

#endif

/* One moment, by the clock and by the counter. */
struct ticks_mark {
    int64_t ns;
    int64_t ticks;
};

/* This moment, to within a microsecond: a reading that was interrupted is made again, a few times at most. */
struct ticks_mark rovei_ticks_mark(void);

#endif
