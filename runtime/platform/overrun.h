/*
 * Naming a stack overrun. A thread that runs off its stack faults on the guard page, and all that the system says is
 * "Segmentation fault". Where this is installed, a line on standard error says first which thread that was, what it ran
 * and where; then everything takes its course, core dump included.
 *
 * A signal handler is the process's and not a library's, so it is installed only when somebody asks for it.
 *
 *     rovei_overrun_install();                                   once, any thread
 *     rovei_overrun_begin(&overrun, describe, worker);           on each thread that is to be watched
 *     ...
 *     rovei_overrun_end(&overrun);                               on the same thread, before it ends
 */
#ifndef ROVEI_PLATFORM_OVERRUN_H
#define ROVEI_PLATFORM_OVERRUN_H

#include <stddef.h>
#include <stdint.h>

/* A line that is put together inside a signal handler: no allocation, no locale, no locks. What does not fit is cut. */
struct rovei_overrun_line {
    size_t length;
    char text[512];
};

/* Append a text (NULL counts as empty), a number, and an address of code with the file that it was loaded from, such as
 * "0x55d0c0de1189 (fib+0x1189)": for addr2line the number behind the file, or, in a program that is not
 * position-independent, the address itself. Safe in signal handlers. */
void rovei_overrun_say(struct rovei_overrun_line *line, const char *text);
void rovei_overrun_say_number(struct rovei_overrun_line *line, uint64_t number);
void rovei_overrun_say_code(struct rovei_overrun_line *line, uintptr_t address);

/* Appends who the thread is and what it runs, such as "worker 3 of rove, in a task that runs ...", which the line then
 * ends with. Called inside the signal handler, on the thread that faulted: it may read what the thread itself writes,
 * and say. */
typedef void rovei_overrun_describe(struct rovei_overrun_line *line, void *arg);

/* A thread that is watched. In the caller's memory; the fields are internal. */
struct rovei_overrun {
    uintptr_t guard_low; /* the guard page: from here ... */
    uintptr_t low;       /* ... to here, where the stack itself begins ... */
    uintptr_t high;      /* ... and ends */
    rovei_overrun_describe *describe;
    void *arg;
    void *alternate; /* the stack of the handler, if the thread had none; else NULL */
    size_t alternate_size;
};

/*
 * Sets the action of SIGSEGV for the whole process and for good. A fault that is no overrun of a watched
 * thread goes to the action that was there before, as if it had been called by the system, but on the alternate stack
 * of the thread if it has one; so does an overrun, after the line. Calls after the first do nothing.
 *
 * Returns 0, or an errno value; then nothing has changed. Any thread; not in a signal handler.
 */
int rovei_overrun_install(void);

/*
 * Watches the calling thread, which gets an alternate signal stack unless it has one. `describe` may be NULL.
 *
 * Requires: no other watch on this thread.
 *
 * Returns 0, or an errno value: ENOMEM; ENOTSUP if the stack has no guard page, as that of the first thread, which
 * grows. Then the thread is not watched, and rovei_overrun_end may still be called.
 */
int rovei_overrun_begin(struct rovei_overrun *overrun, rovei_overrun_describe *describe, void *arg);

/* Ends the watch and gives back the alternate stack. The calling thread is the one that began it. */
void rovei_overrun_end(struct rovei_overrun *overrun);

#endif
