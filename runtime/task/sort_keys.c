/*
 * The types of numbers and their orders. A signed integer needs its sign flipped. A floating-point number, read as an
 * integer, grows with its magnitude: positive ones need their sign set, negative ones all bits flipped. Negative NaNs
 * are then below minus infinity; the bias takes them around to the top, where the positive ones are.
 */
#include "runtime/task/sort_keys.h"

#include <rove/sort.h>

static const struct rovei_key_order order_unsigned;
static const struct rovei_key_order order_i32 = {.sign = UINT32_C(1) << 31};
static const struct rovei_key_order order_i64 = {.sign = UINT64_C(1) << 63};

/* The biases are the numbers of fractions that are not zero: so many NaNs have a sign. */
static const struct rovei_key_order order_f32 = {
    .negative = UINT32_MAX >> 1, .sign = UINT32_C(1) << 31, .bias = (UINT32_C(1) << 23) - 1};
static const struct rovei_key_order order_f64 = {
    .negative = UINT64_MAX >> 1, .sign = UINT64_C(1) << 63, .bias = (UINT64_C(1) << 52) - 1};

rove_status rove_sort_u32(uint32_t *keys, size_t count)
{
    return rovei_sort_keys32((rovei_key32 *)keys, count, &order_unsigned);
}

rove_status rove_sort_i32(int32_t *keys, size_t count)
{
    return rovei_sort_keys32((rovei_key32 *)keys, count, &order_i32);
}

rove_status rove_sort_f32(float *keys, size_t count)
{
    return rovei_sort_keys32((rovei_key32 *)keys, count, &order_f32);
}

rove_status rove_sort_u64(uint64_t *keys, size_t count)
{
    return rovei_sort_keys64((rovei_key64 *)keys, count, &order_unsigned);
}

rove_status rove_sort_i64(int64_t *keys, size_t count)
{
    return rovei_sort_keys64((rovei_key64 *)keys, count, &order_i64);
}

rove_status rove_sort_f64(double *keys, size_t count)
{
    return rovei_sort_keys64((rovei_key64 *)keys, count, &order_f64);
}
