/*
 * Time, in nanoseconds of the monotonic clock: it does not jump when somebody sets the date.
 */
#ifndef ROVEI_PLATFORM_CLOCK_H
#define ROVEI_PLATFORM_CLOCK_H

#include <stdint.h>

int64_t rovei_clock_now(void);

#endif
