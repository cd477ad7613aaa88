/*
 * SHA-1 (FIPS 180-4) of messages that fit into one block. It is only used as a splittable source of random numbers.
 */
#ifndef PERF_SHA1_H
#define PERF_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { PERF_SHA1_SIZE = 20, PERF_SHA1_MESSAGE_MAX = 55 };

/* Stores the digest of the `size` bytes at `message` in `digest`, which may overlap it. Requires: size is at most
 * PERF_SHA1_MESSAGE_MAX. */
void perf_sha1(const uint8_t *message, size_t size, uint8_t digest[PERF_SHA1_SIZE]);

#endif
