#include "runtime/task/sort_keys.h"

typedef rovei_key32 sort_key;

#include "runtime/task/sort_radix.h"

rove_status rovei_sort_keys32(rovei_key32 *keys, size_t count, const struct rovei_key_order *order)
{
    return radix_sort(keys, count, order);
}
