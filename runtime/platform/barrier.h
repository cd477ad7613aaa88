/*
 * The process-wide barrier: the heavy side of a pair whose light side only keeps the compiler from reordering.
 *
 * When rovei_barrier_heavy returns true, every thread of this process has passed a full memory barrier at some point
 * between the call and the return: what it stored before that point is visible here, and what it loads after that point
 * sees what was stored here before the call. membarrier(2), private and expedited.
 */
#ifndef ROVEI_PLATFORM_BARRIER_H
#define ROVEI_PLATFORM_BARRIER_H

#include <stdbool.h>

/* Asks the kernel for the service. False where it is absent or refused; then rovei_barrier_heavy must not be counted
 * on. May be called again; the registration belongs to the process and survives fork but not exec. */
bool rovei_barrier_register(void);

/* Passes the barrier. False if the kernel refused, which can happen at any time after a successful registration (a
 * filter for system calls that is installed later): then no thread has been ordered. */
bool rovei_barrier_heavy(void);

#endif
