#include "runtime/task/reduce.h"

#include <rove/runtime.h>
#include <stdalign.h>
#include <string.h>

/* A reduction, or the half of one that is given away. */
struct reduce_part {
    rove_task task; /* first */
    struct rovei_range range;
    struct rovei_loop *loop;
    const rove_reduction *reduction;
    void *value;
    rove_status status; /* why a part was not done */
};

static void reduce_work(struct reduce_part *part);

static void reduce_task(rove_task *task)
{
    struct reduce_part *part = (struct reduce_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(part->loop, &frame);
    range_resume(&part->range);
    reduce_work(part);
    loop_leave(worker, &frame);
}

/* Gives the right part away, with a value of its own, does the left, and combines. */
static void reduce_split_with(struct reduce_part *part, int64_t count, void *value)
{
    const rove_reduction *reduction = part->reduction;
    memcpy(value, reduction->identity, reduction->size);
    struct reduce_part right = {
        .range = range_cut(&part->range, count), .loop = part->loop, .reduction = reduction, .value = value};
    rove_fork(&right.task, reduce_task);
    reduce_work(part);
    rove_status joined = rove_join(&right.task, reduce_task);
    if (!part->status)
        part->status = joined ? joined : right.status;
    if (part->status != ROVE_FORKED) /* then both values exist, and what the right one owns is taken over */
        reduction->combine(part->value, value, reduction->arg);
}

static __attribute__((noinline)) void reduce_split_small(struct reduce_part *part, int64_t count)
{
    alignas(REDUCE_ALIGNMENT) char value[REDUCE_INLINE];
    reduce_split_with(part, count, value);
}

/* False if there is no memory for a second value. */
static bool reduce_split_large(struct reduce_part *part, int64_t count)
{
    void *value = reduce_allocate(part->reduction->size);
    if (!value)
        return false;
    reduce_split_with(part, count, value);
    free(value);
    return true;
}

static bool reduce_split(struct reduce_part *part, int64_t count)
{
    if (part->reduction->size > REDUCE_INLINE)
        return reduce_split_large(part, count);
    reduce_split_small(part, count);
    return true;
}

static void reduce_work(struct reduce_part *part)
{
    struct rovei_range *range = &part->range;
    while (range->begin < range->end && !(part->status = loop_status(part->loop))) {
        int64_t count = range_to_give(range);
        if (count > 0 && reduce_split(part, count))
            return;
        int64_t end = range_next(range);
        part->reduction->body(range->begin, end, part->value, part->reduction->arg);
        range_advance(range, end);
    }
}

static void reduce_prelude(struct reduce_part *part)
{
    int64_t begin = part->range.begin, index = begin;
    int64_t end = range_prelude_end(&part->range);
    while (index < end && loop_is_undisturbed(part->loop)) {
        int64_t next = range_prelude_next(index - begin, index, end);
        part->reduction->body(index, next, part->value, part->reduction->arg);
        index = next;
    }
    part->range.begin = index;
}

static void reduce_run(void *arg)
{
    struct reduce_part *part = arg;
    struct rovei_loop loop;
    part->loop = &loop;
    loop_begin(&loop);
    range_start(&part->range, part->range.begin, part->range.end);
    reduce_prelude(part);
    reduce_work(part);
    part->status = loop_end(&loop, part->status);
}

rove_status rove_reduce(int64_t begin, int64_t end, const rove_reduction *reduction, void *result)
{
    if (!reduce_is_valid(begin, end, reduction, result))
        return ROVE_INVALID;
    memcpy(result, reduction->identity, reduction->size);
    if (end <= begin)
        return ROVE_OK;
    struct reduce_part part = {.range = {.begin = begin, .end = end}, .reduction = reduction, .value = result};
    rove_status status = rove_run(NULL, reduce_run, &part);
    return status ? status : part.status;
}
