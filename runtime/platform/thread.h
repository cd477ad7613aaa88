/*
 * Threads: named, with a stack of known size and a guard page, deaf to asynchronous signals.
 */
#ifndef ROVEI_PLATFORM_THREAD_H
#define ROVEI_PLATFORM_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* At most so many characters of a thread's name are kept, the terminator included. */
enum { THREAD_NAME_SIZE = 16 };

/* Where a thread's stack lies: from `low` up to but not including `high`. */
struct rovei_stack {
    uintptr_t low;
    uintptr_t high;
};

/* Starts a thread that runs fn(arg) with at least `stack_size` bytes of stack. Returns 0 or an errno value. */
int rovei_thread_start(pthread_t *thread, size_t stack_size, void *(*fn)(void *arg), void *arg);

/* Names the calling thread, for debuggers and /proc. */
void rovei_thread_name(const char *name);

/* The number of the calling thread in the operating system. */
int rovei_thread_id(void);

/* Where the calling thread's stack lies, as far as that can be told; the low end is never below the true one by more
 * than what the system would still grow the stack to. */
struct rovei_stack rovei_thread_stack(void);

#endif
