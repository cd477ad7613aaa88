/*
 * Sorting numbers: every type becomes unsigned numbers of its size, so that one kernel for 32 bits and one for 64 sort
 * all of them.
 */
#ifndef ROVEI_TASK_SORT_KEYS_H
#define ROVEI_TASK_SORT_KEYS_H

#include <rove/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a number becomes an unsigned one of the same size that has its place in the order: `negative` is flipped where
 * the highest bit is set, `sign` always, and `bias` is subtracted, modulo the size. All zero changes nothing. */
struct rovei_key_order {
    uint64_t negative;
    uint64_t sign;
    uint64_t bias;
};

static inline bool order_is_plain(const struct rovei_key_order *order)
{
    return (order->negative | order->sign | order->bias) == 0;
}

/* Keys that are also numbers of another type of that size. */
typedef uint32_t __attribute__((may_alias)) rovei_key32;
typedef uint64_t __attribute__((may_alias)) rovei_key64;

/* Sort `count` keys in `order`; see rove_sort_u32. */
rove_status rovei_sort_keys32(rovei_key32 *keys, size_t count, const struct rovei_key_order *order);
rove_status rovei_sort_keys64(rovei_key64 *keys, size_t count, const struct rovei_key_order *order);

#endif
