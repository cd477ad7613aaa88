/*
 * What the two forms of reduction share: their arguments, and room for one more value.
 */
#ifndef ROVEI_TASK_REDUCE_H
#define ROVEI_TASK_REDUCE_H

#include "runtime/task/range.h"

#include <rove/reduce.h>
#include <stdlib.h>

/* Values up to this size, in bytes, live on the stack of the worker that cuts the range. */
enum { REDUCE_INLINE = 1024, REDUCE_ALIGNMENT = 64 };

/* Memory for a value that is larger, or NULL; to be freed. */
static inline void *reduce_allocate(size_t size)
{
    size_t padding = (REDUCE_ALIGNMENT - size % REDUCE_ALIGNMENT) % REDUCE_ALIGNMENT;
    return size > SIZE_MAX - padding ? NULL : aligned_alloc(REDUCE_ALIGNMENT, size + padding);
}

/* Whether the arguments make sense. The identity is read again and again while the result is written, so the two must
 * not overlap. */
static inline bool reduce_is_valid(int64_t begin, int64_t end, const rove_reduction *reduction, const void *result)
{
    if (!reduction || !result || reduction->size == 0 || !reduction->identity || !reduction->body ||
        !reduction->combine || !range_is_countable(begin, end))
        return false;
    uintptr_t identity = (uintptr_t)reduction->identity;
    uintptr_t value = (uintptr_t)result;
    return identity >= value + reduction->size || value >= identity + reduction->size;
}

#endif
