/*
 * What a thread has got of the processors, as the kernel counts it.
 */
#ifndef ROVEI_PLATFORM_USAGE_H
#define ROVEI_PLATFORM_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct rovei_usage {
    int64_t ran_ns;    /* time on a processor */
    int64_t waited_ns; /* time ready to run, but not on a processor */
};

/* Reads the usage of the thread `tid` of this process since it began. False if the kernel does not tell. Does not
 * block; some microseconds. */
bool rovei_usage_read(int tid, struct rovei_usage *usage);

#endif
