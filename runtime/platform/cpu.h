/*
 * What the processor offers to a thread that waits actively, and where the thread is.
 */
#ifndef ROVEI_PLATFORM_CPU_H
#define ROVEI_PLATFORM_CPU_H

/* Tells the processor that this is a loop that waits, so that a sibling thread gets its units. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* The processor that the caller runs on at the moment, or 0 if that cannot be told. */
int rovei_cpu_current(void);

/* Lets another thread run on this processor, for waits on a thread that may have been stopped in the middle. */
void rovei_cpu_yield(void);

#endif
