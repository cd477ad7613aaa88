#include "runtime/task/range.h"

#include <rove/parallel.h>
#include <rove/runtime.h>

/* A loop, or the half of one that is given away. */
struct for_loop {
    rove_task task; /* first */
    struct rovei_range range;
    rove_range_fn *body;
    void *arg;
    rove_status status; /* of the joins: ROVE_FORKED if a part was left behind */
};

static void for_work(struct for_loop *loop);

static void for_task(rove_task *task)
{
    struct for_loop *loop = (struct for_loop *)task;
    loop->range.since = rovei_clock_now();
    for_work(loop);
}

/* Gives the right part away and does the left. Apart, so that a loop that is never cut has a small frame. */
static __attribute__((noinline)) void for_split(struct for_loop *loop, int64_t count)
{
    struct for_loop right = {.range = range_cut(&loop->range, count), .body = loop->body, .arg = loop->arg};
    rove_fork(&right.task, for_task);
    for_work(loop);
    rove_status joined = rove_join(&right.task, for_task);
    if (!loop->status)
        loop->status = joined ? joined : right.status;
}

static void for_work(struct for_loop *loop)
{
    struct rovei_range *range = &loop->range;
    while (range->begin < range->end) {
        int64_t count = range_to_give(range);
        if (count > 0) {
            for_split(loop, count);
            return;
        }
        int64_t end = range_next(range);
        loop->body(range->begin, end, loop->arg);
        range_advance(range, end);
    }
}

static void for_run(void *arg)
{
    struct for_loop *loop = arg;
    range_start(&loop->range, loop->range.begin, loop->range.end);
    for_work(loop);
}

rove_status rove_for(int64_t begin, int64_t end, rove_range_fn *body, void *arg)
{
    if (!body || !range_is_countable(begin, end))
        return ROVE_INVALID;
    if (end <= begin)
        return ROVE_OK;
    struct for_loop loop = {.range = {.begin = begin, .end = end}, .body = body, .arg = arg};
    rove_status status = rove_run(NULL, for_run, &loop);
    return status ? status : loop.status;
}
