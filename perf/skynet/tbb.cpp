/*
 * skynet with oneTBB: a task group with a task for each child.
 */
#include "runtimes/tbb.hpp"
#include "skynet/skynet.h"

#include <tbb/task_group.h>

static int64_t skynet(int64_t first, int64_t leaves)
{
    if (leaves == 1)
        return first;
    int64_t sums[SKYNET_WAYS];
    int64_t part = leaves / SKYNET_WAYS;
    tbb::task_group group;
    for (int i = 0; i < SKYNET_WAYS; i++)
        group.run([&sums, i, first, part] { sums[i] = skynet(first + i * part, part); });
    group.wait();
    int64_t sum = 0;
    for (int64_t child : sums)
        sum += child;
    return sum;
}

void skynet_tbb()
{
    perf_tbb_run([] { skynet_answer = skynet(0, skynet_leaves); });
}
