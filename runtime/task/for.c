#include "runtime/task/for.h"

#include "runtime/task/range.h"

#include <rove/runtime.h>

/* A loop, or the half of one that is given away. */
struct for_part {
    rove_task task; /* first */
    struct rovei_range range;
    struct rovei_loop *loop;
    rove_range_fn *body;
    void *arg;
    int64_t line;       /* where it can be, it is cut at multiples of this */
    rove_status status; /* why a part was not done */
};

static void for_work(struct for_part *loop);

static void for_task(rove_task *task)
{
    struct for_part *part = (struct for_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(part->loop, &frame);
    range_resume(&part->range);
    for_work(part);
    loop_leave(worker, &frame);
}

/* The last multiple of the line's length up to `index`, if that is beyond the beginning of what is left. */
static int64_t for_align(const struct for_part *part, int64_t index)
{
    int64_t aligned = part->line > 1 ? index - index % part->line : index;
    return aligned > part->range.begin ? aligned : index;
}

/* Gives the right part away and does the left. Apart, so that a loop that is never cut has a small frame. */
static __attribute__((noinline)) void for_split(struct for_part *part, int64_t count)
{
    struct for_part right = {.range = range_cut(&part->range, count),
                             .loop = part->loop,
                             .body = part->body,
                             .arg = part->arg,
                             .line = part->line};
    rove_fork(&right.task, for_task);
    for_work(part);
    rove_status joined = rove_join(&right.task, for_task);
    if (!part->status)
        part->status = joined ? joined : right.status;
}

static void for_work(struct for_part *part)
{
    struct rovei_range *range = &part->range;
    while (range->begin < range->end && !(part->status = loop_status(part->loop))) {
        int64_t count = range_to_give(range);
        if (count > 0) {
            for_split(part, range->end - for_align(part, range->end - count));
            return;
        }
        int64_t end = for_align(part, range_next(range));
        part->body(range->begin, end, part->arg);
        range_advance(range, end);
    }
}

/* Apart from the rest, so that what it counts stays in registers. */
static void for_prelude(struct for_part *part)
{
    int64_t begin = part->range.begin, index = begin;
    int64_t end = range_prelude_end(&part->range);
    while (index < end && loop_is_undisturbed(part->loop)) {
        int64_t next = range_prelude_next(index - begin, index, end);
        part->body(index, next, part->arg);
        index = next;
    }
    part->range.begin = index;
}

static void for_run(void *arg)
{
    struct for_part *part = arg;
    struct rovei_loop loop;
    part->loop = &loop;
    loop_begin(&loop);
    range_start(&part->range, part->range.begin, part->range.end);
    for_prelude(part);
    for_work(part);
    part->status = loop_end(&loop, part->status);
}

rove_status rovei_for_lines(int64_t begin, int64_t end, int64_t line, rove_range_fn *body, void *arg)
{
    if (end <= begin)
        return ROVE_OK;
    struct for_part whole = {.range = {.begin = begin, .end = end}, .body = body, .arg = arg, .line = line};
    rove_status status = rove_run(NULL, for_run, &whole);
    return status ? status : whole.status;
}

rove_status rove_for(int64_t begin, int64_t end, rove_range_fn *body, void *arg)
{
    if (!body || !range_is_countable(begin, end))
        return ROVE_INVALID;
    return rovei_for_lines(begin, end, 1, body, arg);
}
