/*
 * What the threads of this process have done so far, as the kernel counts it.
 */
#ifndef PERF_FIGURES_THREADS_H
#define PERF_FIGURES_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct figure_thread {
    int id;
    char name[16];
    int64_t cpu_ns;      /* processor time; of the kernel's clock tick where it does not count more finely */
    int64_t voluntary;   /* times that it went to sleep */
    int64_t involuntary; /* times that the processor was taken from it */
};

/* Reads all threads of this process into `threads`, in the order of their numbers. Returns how many, at most
 * `capacity`; ends the program if /proc cannot be read. */
size_t figure_threads_read(struct figure_thread *threads, size_t capacity);

/* Whether the thread has been on a processor between the two looks. */
bool figure_thread_ran(const struct figure_thread *before, const struct figure_thread *after);

#endif
