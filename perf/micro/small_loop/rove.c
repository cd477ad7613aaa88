/*
 * micro/small_loop_* with rove_for.
 */
#include "micro/small_loop/small_loop.h"

#include "runtimes/rove.h"

static void handle(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        small_loop_handle(i);
}

static void loops(void *arg)
{
    for (int64_t loop = 0; loop < small_loop_loops; loop++)
        perf_rove_require(rove_for(0, small_loop_indices, handle, arg), "rove_for");
}

void small_loop_rove(void)
{
    perf_rove_run(loops);
}
