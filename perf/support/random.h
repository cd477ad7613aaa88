/*
 * Random numbers for inputs: SplitMix64 (Steele, Lea and Flood 2014). The same seed gives the same input everywhere.
 */
#ifndef PERF_RANDOM_H
#define PERF_RANDOM_H

#include <stdint.h>

/* Spreads the bits of `x` over the whole word. */
static inline uint64_t perf_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The next number of the sequence whose place is `state`. */
static inline uint64_t perf_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return perf_mix(*state);
}

#endif
