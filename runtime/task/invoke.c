#include <rove/parallel.h>
#include <rove/runtime.h>
#include <rove/task.h>

/* Some neighbouring calls; more than one is cut in halves. */
struct invoke_part {
    rove_task task; /* first */
    const rove_call *calls;
    size_t count;
    rove_status status; /* of the joins: ROVE_FORKED if a part was left behind */
};

static void invoke_task(rove_task *task);

static rove_status invoke_work(const rove_call *calls, size_t count)
{
    if (count == 1) {
        calls->fn(calls->arg);
        return ROVE_OK;
    }
    struct invoke_part right = {.calls = calls + count / 2, .count = count - count / 2};
    rove_fork(&right.task, invoke_task);
    rove_status left = invoke_work(calls, count / 2);
    rove_status joined = rove_join(&right.task, invoke_task);
    return left ? left : joined ? joined : right.status;
}

static void invoke_task(rove_task *task)
{
    struct invoke_part *part = (struct invoke_part *)task;
    part->status = invoke_work(part->calls, part->count);
}

static void invoke_run(void *arg)
{
    struct invoke_part *part = arg;
    part->status = invoke_work(part->calls, part->count);
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
