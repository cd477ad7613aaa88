/*
 * SHA-1 of messages that fit into one block.
 */
#include "support/sha1.h"

#include <string.h>

enum { BLOCK = 64, ROUNDS = 80 };

static uint32_t sha1_rotate(uint32_t word, int bits)
{
    return (word << bits) | (word >> (32 - bits));
}

static uint32_t sha1_load(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void sha1_store(uint8_t *bytes, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* The message, a one bit, zeros, and the length in bits. */
static void sha1_pad(const uint8_t *message, size_t size, uint8_t block[BLOCK])
{
    memset(block, 0, BLOCK);
    memcpy(block, message, size);
    block[size] = 0x80;
    sha1_store(block + BLOCK - 4, (uint32_t)size * 8);
}

static void sha1_expand(const uint8_t block[BLOCK], uint32_t schedule[ROUNDS])
{
    for (int i = 0; i < 16; i++)
        schedule[i] = sha1_load(block + 4 * i);
    for (int i = 16; i < ROUNDS; i++)
        schedule[i] = sha1_rotate(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
}

/* One round; the caller rotates the roles of the five words. */
#define SHA1_ROUND(a, b, c, d, e, mix, constant, word)                                                                 \
    do {                                                                                                               \
        uint32_t next = sha1_rotate(a, 5) + (mix) + (e) + (constant) + (word);                                         \
        (e) = (d);                                                                                                     \
        (d) = (c);                                                                                                     \
        (c) = sha1_rotate(b, 30);                                                                                      \
        (b) = (a);                                                                                                     \
        (a) = next;                                                                                                    \
    } while (0)

void perf_sha1(const uint8_t *message, size_t size, uint8_t digest[PERF_SHA1_SIZE])
{
    static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t block[BLOCK];
    uint32_t schedule[ROUNDS];
    sha1_pad(message, size, block);
    sha1_expand(block, schedule);

    uint32_t a = start[0], b = start[1], c = start[2], d = start[3], e = start[4];
    int i = 0;
    for (; i < 20; i++)
        SHA1_ROUND(a, b, c, d, e, (b & c) | (~b & d), 0x5a827999u, schedule[i]);
    for (; i < 40; i++)
        SHA1_ROUND(a, b, c, d, e, b ^ c ^ d, 0x6ed9eba1u, schedule[i]);
    for (; i < 60; i++)
        SHA1_ROUND(a, b, c, d, e, (b & c) | (b & d) | (c & d), 0x8f1bbcdcu, schedule[i]);
    for (; i < 80; i++)
        SHA1_ROUND(a, b, c, d, e, b ^ c ^ d, 0xca62c1d6u, schedule[i]);

    sha1_store(digest, start[0] + a);
    sha1_store(digest + 4, start[1] + b);
    sha1_store(digest + 8, start[2] + c);
    sha1_store(digest + 12, start[3] + d);
    sha1_store(digest + 16, start[4] + e);
}
