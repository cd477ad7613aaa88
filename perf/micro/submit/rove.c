/*
 * micro/submit with a Rove group that is no worker's.
 */
#include "runtimes/rove.h"
#include "micro/submit/submit.h"

static int count_task(void *arg)
{
    ++*(int32_t *)arg;
    return 0;
}

static rove_group submit_group;

void submit_rove(void)
{
    submit_group.runtime = perf_rove_current();
    for (int64_t batch = 0; batch < submit_batches; batch++) {
        for (int i = 0; i < PERF_CELLS; i++)
            rove_group_spawn(&submit_group, count_task, &perf_cells[i]);
        perf_rove_require(rove_group_wait(&submit_group), "rove_group_wait");
    }
}

void submit_bulk_rove(void)
{
    submit_group.runtime = perf_rove_current();
    for (int64_t batch = 0; batch < submit_batches; batch++) {
        rove_group_spawn_many(&submit_group, count_task, perf_cells, sizeof *perf_cells, PERF_CELLS, NULL);
        perf_rove_require(rove_group_wait(&submit_group), "rove_group_wait");
    }
}
