#include "runtime/task/sort_each.h"

#include "runtime/platform/memory.h"

#include <stdlib.h>

/* Indices to visit, or the half of them that is given away. */
struct each_part {
    rove_task task; /* first */
    struct rovei_range range;
    struct rovei_sorting *sorting;
    rovei_sort_each_fn *body;
    void *arg;
};

static void each_work(struct each_part *part);

static void each_task(rove_task *task)
{
    struct each_part *part = (struct each_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(&part->sorting->loop, &frame);
    range_resume(&part->range);
    each_work(part);
    loop_leave(worker, &frame);
}

static __attribute__((noinline)) void each_split(struct each_part *part, int64_t count)
{
    struct each_part right = {
        .range = range_cut(&part->range, count), .sorting = part->sorting, .body = part->body, .arg = part->arg};
    rove_fork(&right.task, each_task);
    each_work(part);
    rove_status joined = rove_join(&right.task, each_task);
    if (joined)
        sorting_cut(part->sorting, joined);
}

static void each_work(struct each_part *part)
{
    struct rovei_range *range = &part->range;
    while (range->begin < range->end) {
        int64_t count = range_to_give(range);
        if (count > 0) {
            each_split(part, count);
            return;
        }
        int64_t end = range_next(range);
        for (int64_t i = range->begin; i < end; i++)
            part->body((size_t)i, part->arg);
        range_advance(range, end);
    }
}

bool rovei_sort_each(struct rovei_sorting *sorting, size_t count, rovei_sort_each_fn *body, void *arg)
{
    if (count == 1) {
        body(0, arg);
    } else {
        struct each_part whole = {.sorting = sorting, .body = body, .arg = arg};
        range_start(&whole.range, 0, (int64_t)count);
        each_work(&whole);
    }
    return sorting_status(sorting) != ROVE_FORKED;
}

/* Above this size, in bytes, memory is aligned so that the system may give it in huge pages. */
enum { SCRATCH_LINE = 64, SCRATCH_HUGE = 1 << 21 };

void *rovei_sort_scratch(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - SCRATCH_HUGE)
        return NULL;
    bool is_huge = bytes >= 2 * SCRATCH_HUGE;
    size_t alignment = is_huge ? SCRATCH_HUGE : SCRATCH_LINE;
    size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    void *scratch = aligned_alloc(alignment, rounded);
    if (scratch && is_huge)
        rovei_memory_expect_dense(scratch, rounded);
    return scratch;
}
