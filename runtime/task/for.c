#include "runtime/task/range.h"

#include <rove/parallel.h>
#include <rove/runtime.h>

/* A loop, or the half of one that is given away. */
struct for_part {
    rove_task task; /* first */
    struct rovei_range range;
    struct rovei_loop *loop;
    rove_range_fn *body;
    void *arg;
    rove_status status; /* why a part was not done */
};

static void for_work(struct for_part *loop);

static void for_task(rove_task *task)
{
    struct for_part *part = (struct for_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(part->loop, &frame);
    part->range.since = rovei_clock_now();
    for_work(part);
    loop_leave(worker, &frame);
}

/* Gives the right part away and does the left. Apart, so that a loop that is never cut has a small frame. */
static __attribute__((noinline)) void for_split(struct for_part *part, int64_t count)
{
    struct for_part right = {
        .range = range_cut(&part->range, count), .loop = part->loop, .body = part->body, .arg = part->arg};
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
            for_split(part, count);
            return;
        }
        int64_t end = range_next(range);
        part->body(range->begin, end, part->arg);
        range_advance(range, end);
    }
}

static void for_run(void *arg)
{
    struct for_part *part = arg;
    struct rovei_loop loop;
    part->loop = &loop;
    loop_begin(&loop);
    range_start(&part->range, part->range.begin, part->range.end);
    for_work(part);
    loop_end(&loop);
}

rove_status rove_for(int64_t begin, int64_t end, rove_range_fn *body, void *arg)
{
    if (!body || !range_is_countable(begin, end))
        return ROVE_INVALID;
    if (end <= begin)
        return ROVE_OK;
    struct for_part whole = {.range = {.begin = begin, .end = end}, .body = body, .arg = arg};
    rove_status status = rove_run(NULL, for_run, &whole);
    return status ? status : whole.status;
}
