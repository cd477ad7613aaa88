#include "runtime/task/range.h"

#include <rove/parallel.h>
#include <rove/runtime.h>
#include <rove/task.h>

/* Some neighbouring calls; more than one is cut in halves. */
struct invoke_part {
    rove_task task; /* first */
    struct rovei_loop *loop;
    const rove_call *calls;
    size_t count;
    rove_status status; /* why some were not called */
};

static void invoke_task(rove_task *task);

static rove_status invoke_work(struct rovei_loop *loop, const rove_call *calls, size_t count)
{
    if (count == 1) {
        rove_status status = loop_status(loop);
        if (!status)
            calls->fn(calls->arg);
        return status;
    }
    struct invoke_part right = {.loop = loop, .calls = calls + count / 2, .count = count - count / 2};
    rove_fork(&right.task, invoke_task);
    rove_status left = invoke_work(loop, calls, count / 2);
    rove_status joined = rove_join(&right.task, invoke_task);
    return left ? left : joined ? joined : right.status;
}

static void invoke_task(rove_task *task)
{
    struct invoke_part *part = (struct invoke_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(part->loop, &frame);
    part->status = invoke_work(part->loop, part->calls, part->count);
    loop_leave(worker, &frame);
}

static void invoke_run(void *arg)
{
    struct invoke_part *part = arg;
    struct rovei_loop loop;
    loop_begin(&loop);
    part->status = loop_end(&loop, invoke_work(&loop, part->calls, part->count));
}

rove_status rove_invoke(const rove_call *calls, size_t count)
{
    if (!calls && count > 0)
        return ROVE_INVALID;
    for (size_t i = 0; i < count; i++)
        if (!calls[i].fn)
            return ROVE_INVALID;
    if (count == 0)
        return ROVE_OK;
    struct invoke_part part = {.calls = calls, .count = count};
    rove_status status = rove_run(NULL, invoke_run, &part);
    return status ? status : part.status;
}
