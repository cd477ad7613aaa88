/*
 * micro/loop_dispatch with rove_for.
 */
#include "runtimes/rove.h"
#include "micro/loop_dispatch/loop_dispatch.h"

static void hit(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        loop_dispatch_hits[i]++;
}

static void dispatch(void *arg)
{
    for (int64_t loop = 0; loop < loop_dispatch_loops; loop++)
        perf_rove_require(rove_for(0, LOOP_DISPATCH_INDICES, hit, arg), "rove_for");
}

void loop_dispatch_rove(void)
{
    perf_rove_run(dispatch);
}
