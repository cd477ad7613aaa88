/*
 * micro/group_spawn with a Rove group.
 */
#include "runtimes/rove.h"
#include "micro/group_spawn/group_spawn.h"

static int count_task(void *arg)
{
    ++*(int32_t *)arg;
    return 0;
}

static void spawn(void *arg)
{
    (void)arg;
    for (int64_t batch = 0; batch < group_spawn_batches; batch++) {
        rove_group group = {0};
        for (int i = 0; i < PERF_CELLS; i++)
            rove_group_spawn(&group, count_task, &perf_cells[i]);
        perf_rove_require(rove_group_wait(&group), "rove_group_wait");
    }
}

void group_spawn_rove(void)
{
    perf_rove_run(spawn);
}
