#include <rove/parallel.h>
#include <rove/runtime.h>
#include <rove/task.h>

/* Some neighbouring calls; more than one is cut in halves. */
struct invoke_part {
    rove_task task; /* first */
    const rove_call *calls;
    size_t count;
};

static void invoke_task(rove_task *task);

static void invoke_work(const rove_call *calls, size_t count)
{
    if (count == 1) {
        calls->fn(calls->arg);
        return;
    }
    struct invoke_part right = {.calls = calls + count / 2, .count = count - count / 2};
    rove_fork(&right.task, invoke_task);
    invoke_work(calls, count / 2);
    rove_join(&right.task, invoke_task);
}

static void invoke_task(rove_task *task)
{
    const struct invoke_part *part = (const struct invoke_part *)task;
    invoke_work(part->calls, part->count);
}

static void invoke_run(void *arg)
{
    const struct invoke_part *part = arg;
    invoke_work(part->calls, part->count);
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
    return rove_run(NULL, invoke_run, &part);
}
