/*
 * Small random numbers for choosing among equals; not for secrets. Marsaglia's xorshift (2003) with a multiplier.
 */
#ifndef ROVEI_PLATFORM_RANDOM_H
#define ROVEI_PLATFORM_RANDOM_H

#include <stdint.h>

/* Requires: `*state` is not zero. */
static inline uint32_t random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)((x * UINT64_C(2685821657736338717)) >> 32);
}

#endif
