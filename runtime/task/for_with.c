/*
 * Loops with a stride or a grain: loops over units of so many indices.
 */
#include "runtime/task/range.h"

#include <rove/parallel.h>

struct for_units {
    int64_t begin;
    int64_t end;
    int64_t unit;  /* indices of each but the last */
    int64_t count; /* of units */
    rove_range_fn *body;
    void *arg;
};

/* Does not overflow: only the last unit may end beyond the loop, and there the loop's own end is taken. */
static void for_units_body(int64_t begin, int64_t end, void *arg)
{
    const struct for_units *units = arg;
    int64_t last = end == units->count ? units->end : units->begin + end * units->unit;
    units->body(units->begin + begin * units->unit, last, units->arg);
}

rove_status rove_for_with(int64_t begin, int64_t end, rove_range_fn *body, void *arg, const rove_loop *options)
{
    int64_t stride = options && options->stride ? options->stride : 1;
    int64_t grain = options && options->grain ? options->grain : 1;
    if (!body || stride < 0 || grain < 0 || !range_is_countable(begin, end))
        return ROVE_INVALID;
    if (end <= begin)
        return ROVE_OK;
    struct for_units units = {.begin = begin, .end = end, .body = body, .arg = arg};
    if (__builtin_mul_overflow(stride, grain, &units.unit))
        units.unit = INT64_MAX;
    units.count = (end - begin - 1) / units.unit + 1;
    return rove_for(0, units.count, for_units_body, &units);
}
