#include "runtime/task/crew.h"

#include <rove/runtime.h>

static void crew_help(rove_task *task)
{
    struct crew_helper *helper = (struct crew_helper *)task;
    struct rovei_frame frame;
    /* Relaxed: it says only that the next fork will be of use. */
    atomic_store_explicit(&helper->has_started, true, memory_order_relaxed);
    struct rovei_worker *worker = loop_enter(helper->crew->loop, &frame);
    helper->status = rovei_crew_run(helper->crew);
    loop_leave(worker, &frame);
}

/* Apart, so that a member that is never asked has no more than its frame to make. */
__attribute__((noinline, cold)) void rovei_crew_call(struct crew_member *member)
{
    int count = member->helper_count;
    /* A helper that nobody has come for yet is there for whoever is hungry now. */
    if (count == CREW_HELPERS ||
        (count > 0 && !atomic_load_explicit(&member->helpers[count - 1].has_started, memory_order_relaxed)))
        return;
    struct crew_helper *helper = &member->helpers[member->helper_count++];
    helper->crew = member->crew;
    atomic_init(&helper->has_started, false);
    helper->status = ROVE_OK;
    rove_fork(&helper->task, crew_help);
}

rove_status rovei_crew_run(struct rovei_crew *crew)
{
    struct crew_member member;
    rove_status status = ROVE_OK;
    member.crew = crew;
    member.helper_count = 0;
    crew->work(crew, &member);
    while (member.helper_count > 0) {
        struct crew_helper *helper = &member.helpers[--member.helper_count];
        rove_status joined = rove_join(&helper->task, crew_help);
        if (!status)
            status = joined ? joined : helper->status;
    }
    return status;
}
