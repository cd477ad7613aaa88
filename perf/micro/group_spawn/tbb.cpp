/*
 * micro/group_spawn with a oneTBB task group.
 */
#include "runtimes/tbb.hpp"
#include "micro/group_spawn/group_spawn.h"

#include <tbb/task_group.h>

void group_spawn_tbb()
{
    perf_tbb_run([] {
        for (int64_t batch = 0; batch < group_spawn_batches; batch++) {
            tbb::task_group group;
            for (int32_t &cell : perf_cells)
                group.run([&cell] { cell++; });
            group.wait();
        }
    });
}
