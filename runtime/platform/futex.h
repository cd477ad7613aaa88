/*
 * Sleeping on a 32-bit word. futex(2) directly, because the condition variables of the C library that we build on lose
 * wake-ups (glibc bug 25847).
 *
 * Every wait may return early, for any reason or none: callers loop on their own condition.
 */
#ifndef ROVEI_PLATFORM_FUTEX_H
#define ROVEI_PLATFORM_FUTEX_H

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

enum { FUTEX_WAKE_ALL = INT_MAX };

/* Sleeps if `*word` is `expected`, until a wake, a signal, or for no reason. */
void rovei_futex_wait(_Atomic uint32_t *word, uint32_t expected);

/* The same, but not beyond the time `until` of rovei_clock_now. */
void rovei_futex_wait_until(_Atomic uint32_t *word, uint32_t expected, int64_t until);

/* Wakes up to `count` threads that sleep on `word`. The word is only named, never read or written, so the memory may
 * already serve another purpose. */
void rovei_futex_wake(_Atomic uint32_t *word, int count);

#endif
