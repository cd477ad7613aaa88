/*
 * Partitions: a filter into a copy, in which those that are not kept come from the end, and the way back.
 */
#include "runtime/task/crew.h"
#include "runtime/task/filter.h"

#include <rove/runtime.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes of the copy go back at a time. */
enum { BACK_TILE = 1 << 16 };

/* The way back, which nothing may stop halfway. */
struct partition_back {
    struct rovei_crew crew; /* first */
    char *base;
    const char *copy;
    size_t count;
    size_t size;
    size_t kept;
    size_t tile; /* elements */
    rove_status status;
    char pad[ROVEI_LINE];
    _Atomic(size_t) taken; /* tiles, and attempts to take one */
};

/* Those that are kept are where they belong; the others lie from the end of the copy to its middle. */
static void back_copy(const struct partition_back *back, size_t begin, size_t end)
{
    size_t size = back->size;
    if (begin < back->kept) {
        size_t middle = end < back->kept ? end : back->kept;
        memcpy(back->base + begin * size, back->copy + begin * size, (middle - begin) * size);
        begin = middle;
    }
    for (; begin < end; begin++)
        memcpy(back->base + begin * size, back->copy + (back->count - 1 - (begin - back->kept)) * size, size);
}

static void back_work(struct rovei_crew *crew, struct crew_member *member)
{
    struct partition_back *back = (struct partition_back *)(void *)crew;
    size_t tiles = back->count / back->tile + (back->count % back->tile != 0), tile;
    /* Relaxed: the number is all there is. */
    while ((tile = atomic_fetch_add_explicit(&back->taken, 1, memory_order_relaxed)) < tiles) {
        size_t begin = tile * back->tile;
        crew_attend(member);
        back_copy(back, begin, back->count - begin < back->tile ? back->count : begin + back->tile);
    }
}

static void back_run(void *arg)
{
    struct partition_back *back = arg;
    struct rovei_loop loop;
    back->crew.loop = &loop;
    loop_begin(&loop);
    back->status = loop_end(&loop, rovei_crew_run(&back->crew));
}

/* Exchanges the neighbouring blocks of `left` and `right` elements at `base`, by reversing both and then the whole. */
static void elements_reverse(char *base, size_t count, size_t size)
{
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        char *a = base + i * size, *b = base + --j * size;
        for (size_t k = 0; k < size; k++) {
            char byte = a[k];
            a[k] = b[k];
            b[k] = byte;
        }
    }
}

static void elements_rotate(char *base, size_t left, size_t right, size_t size)
{
    if (left == 0 || right == 0)
        return;
    elements_reverse(base, left, size);
    elements_reverse(base + left * size, right, size);
    elements_reverse(base, left + right, size);
}

/* A partition in place, for want of memory. */
struct partition_in_place {
    struct rovei_loop loop;
    char *base;
    size_t count;
    size_t size;
    rove_keep_fn *keep;
    void *arg;
    size_t kept;
    rove_status status;
};

/* Partitions both halves and exchanges what is not kept of the left one with what is kept of the right one. */
static size_t in_place_work(struct partition_in_place *partition, size_t begin, size_t count)
{
    char *base = partition->base + begin * partition->size;
    if (count == 1)
        return partition->keep(base, partition->arg);
    if (partition->status || (partition->status = loop_status(&partition->loop)))
        return 0;
    size_t half = count / 2;
    size_t left = in_place_work(partition, begin, half);
    size_t right = in_place_work(partition, begin + half, count - half);
    elements_rotate(base + left * partition->size, half - left, right, partition->size);
    return left + right;
}

static void in_place_run(void *arg)
{
    struct partition_in_place *partition = arg;
    loop_begin(&partition->loop);
    partition->kept = in_place_work(partition, 0, partition->count);
    partition->status = loop_end(&partition->loop, partition->status);
}

static rove_status partition_in_place(void *base, size_t count, size_t size, rove_keep_fn *keep, void *arg,
                                      size_t *kept)
{
    struct partition_in_place partition = {.base = base, .count = count, .size = size, .keep = keep, .arg = arg};
    rove_status status = rove_run(NULL, in_place_run, &partition);
    if (!status)
        status = partition.status;
    *kept = status ? 0 : partition.kept;
    return status;
}

/* Filters into the copy, and copies back. The second fails before it has begun, or in a child of fork(2). */
static rove_status partition_by_copy(void *base, size_t count, size_t size, rove_keep_fn *keep, void *arg, char *copy,
                                     size_t *kept)
{
    struct rovei_filter filter = {
        .in = base, .count = count, .size = size, .keep = keep, .arg = arg, .out = copy, .rest = copy + count * size};
    rove_status status = rovei_filter_run(&filter, kept);
    if (status)
        return status;
    struct partition_back back = {.crew.work = back_work,
                                  .base = base,
                                  .copy = copy,
                                  .count = count,
                                  .size = size,
                                  .kept = *kept,
                                  .tile = BACK_TILE / size + 1};
    status = rove_run(NULL, back_run, &back);
    if (!status)
        status = back.status;
    if (status)
        *kept = 0;
    return status;
}

rove_status rove_partition(void *base, size_t count, size_t size, rove_keep_fn *keep, void *arg, size_t *kept)
{
    size_t ignored;
    if (!rovei_filter_is_valid(base, count, size, keep))
        return ROVE_INVALID;
    if (!kept)
        kept = &ignored;
    *kept = 0;
    if (count == 0)
        return ROVE_OK;
    char *copy = malloc(count * size);
    if (!copy)
        return partition_in_place(base, count, size, keep, arg, kept);
    rove_status status = partition_by_copy(base, count, size, keep, arg, copy, kept);
    free(copy);
    return status;
}
