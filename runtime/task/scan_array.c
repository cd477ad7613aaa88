/*
 * Scans of arrays: of any values, with an operation on two of them, and of integers.
 */
#include "runtime/task/scan.h"

#include <rove/scan.h>
#include <string.h>

/* Arrays of numbers up to this length are not worth asking whether somebody is hungry. */
enum { SCAN_SMALL = 1024 };

static bool kind_is_known(rove_scan_kind kind)
{
    return kind == ROVE_INCLUSIVE || kind == ROVE_EXCLUSIVE;
}

/* Whether `count` elements of `size` bytes, `stride` bytes apart, fit into the address space behind `base`. */
static bool array_fits(const void *base, size_t count, size_t size, size_t stride)
{
    size_t bytes, end;
    return count == 0 || (base && !__builtin_mul_overflow(count - 1, stride, &bytes) &&
                          !__builtin_add_overflow(bytes, size, &bytes) &&
                          !__builtin_add_overflow((uintptr_t)base, bytes, &end) && bytes <= PTRDIFF_MAX);
}

/* Whether two arrays are apart, or the same. Those that are interleaved count as overlapping. */
static bool arrays_agree(const void *in, size_t in_stride, const void *out, size_t out_stride, size_t count)
{
    uintptr_t from = (uintptr_t)in, to = (uintptr_t)out;
    return count == 0 || (from == to && in_stride == out_stride) || from + count * in_stride <= to ||
           to + count * out_stride <= from;
}

static const char *array_in(const rove_array_scan *scan, int64_t index)
{
    return (const char *)scan->in + (size_t)index * scan->in_stride;
}

static char *array_out(const rove_array_scan *scan, int64_t index)
{
    return (char *)scan->out + (size_t)index * scan->out_stride;
}

static void array_sum(int64_t begin, int64_t end, void *value, void *arg)
{
    const rove_array_scan *scan = arg;
    for (int64_t i = begin; i < end; i++)
        scan->combine(value, array_in(scan, i), scan->arg);
}

static void array_scan_inclusive(int64_t begin, int64_t end, void *value, void *arg)
{
    const rove_array_scan *scan = arg;
    for (int64_t i = begin; i < end; i++) {
        scan->combine(value, array_in(scan, i), scan->arg);
        memcpy(array_out(scan, i), value, scan->size);
    }
}

/* The element is kept behind the value, because the result may go where it lay. */
static void array_scan_exclusive(int64_t begin, int64_t end, void *value, void *arg)
{
    const rove_array_scan *scan = arg;
    void *element = (char *)value + (scan->size + SCAN_ALIGNMENT - 1) / SCAN_ALIGNMENT * SCAN_ALIGNMENT;
    for (int64_t i = begin; i < end; i++) {
        memcpy(element, array_in(scan, i), scan->size);
        memcpy(array_out(scan, i), value, scan->size);
        scan->combine(value, element, scan->arg);
    }
}

static void array_combine(void *left, const void *right, void *arg)
{
    const rove_array_scan *scan = arg;
    scan->combine(left, right, scan->arg);
}

rove_status rove_scan_array(const rove_array_scan *scan, size_t count, void *total)
{
    if (!scan || !kind_is_known(scan->kind) || scan->size == 0 || scan->size > SIZE_MAX / 8 || !scan->identity ||
        !scan->combine)
        return ROVE_INVALID;
    rove_array_scan array = *scan;
    array.in_stride = scan->in_stride ? scan->in_stride : scan->size;
    array.out_stride = scan->out_stride ? scan->out_stride : scan->size;
    if (array.in_stride < array.size || array.out_stride < array.size ||
        !array_fits(array.in, count, array.size, array.in_stride) ||
        !array_fits(array.out, count, array.size, array.out_stride) ||
        !arrays_agree(array.in, array.in_stride, array.out, array.out_stride, count))
        return ROVE_INVALID;
    struct rovei_scan inner = {.size = array.size,
                               .identity = array.identity,
                               .sum = array_sum,
                               .scan = array.kind == ROVE_INCLUSIVE ? array_scan_inclusive : array_scan_exclusive,
                               .combine = array_combine,
                               .arg = &array,
                               .extra = array.kind == ROVE_INCLUSIVE ? 0 : array.size + SCAN_ALIGNMENT,
                               .chunk = 1};
    inner.scan_again = inner.scan;
    return rovei_scan_run(0, (int64_t)count, &inner, total);
}

/* Integers: unsigned inside, so that sums wrap around. */
struct integers {
    const int64_t *in;
    int64_t *out;
};

static void integers_sum(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct integers *array = arg;
    uint64_t sum = *(uint64_t *)value;
    for (int64_t i = begin; i < end; i++)
        sum += (uint64_t)array->in[i];
    *(uint64_t *)value = sum;
}

static void integers_scan_inclusive(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct integers *array = arg;
    uint64_t sum = *(uint64_t *)value;
    for (int64_t i = begin; i < end; i++) {
        sum += (uint64_t)array->in[i];
        array->out[i] = (int64_t)sum;
    }
    *(uint64_t *)value = sum;
}

static void integers_scan_exclusive(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct integers *array = arg;
    uint64_t sum = *(uint64_t *)value;
    for (int64_t i = begin; i < end; i++) {
        uint64_t element = (uint64_t)array->in[i];
        array->out[i] = (int64_t)sum;
        sum += element;
    }
    *(uint64_t *)value = sum;
}

static void integers_combine(void *left, const void *right, void *arg)
{
    (void)arg;
    *(uint64_t *)left += *(const uint64_t *)right;
}

bool rovei_scan_is_valid(rove_scan_kind kind, const void *in, size_t count, const void *out)
{
    enum { SIZE = sizeof(int64_t) };
    return kind_is_known(kind) && array_fits(in, count, SIZE, SIZE) && array_fits(out, count, SIZE, SIZE) &&
           arrays_agree(in, SIZE, out, SIZE, count);
}

rove_status rove_scan_i64(rove_scan_kind kind, const int64_t *in, size_t count, int64_t *out, int64_t *total)
{
    static const uint64_t zero;
    if (!rovei_scan_is_valid(kind, in, count, out))
        return ROVE_INVALID;
    struct integers array = {in, out};
    struct rovei_scan scan = {.size = sizeof zero,
                              .identity = &zero,
                              .sum = integers_sum,
                              .scan = kind == ROVE_INCLUSIVE ? integers_scan_inclusive : integers_scan_exclusive,
                              .combine = integers_combine,
                              .arg = &array,
                              .chunk = SCAN_SMALL};
    scan.scan_again = scan.scan;
    if (count > SCAN_SMALL)
        return rovei_scan_run(0, (int64_t)count, &scan, total);
    uint64_t value = 0;
    scan.scan(0, (int64_t)count, &value, &array);
    if (total)
        *total = (int64_t)value;
    return ROVE_OK;
}
