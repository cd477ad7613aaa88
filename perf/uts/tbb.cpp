/*
 * uts with oneTBB: a task group with a task for each child.
 */
#include "runtimes/tbb.hpp"
#include "uts/uts.h"

#include <tbb/task_group.h>
#include <vector>

namespace
{

struct Visit {
    uts_node node;
    int64_t nodes;
};

int64_t walk(const uts_node &node)
{
    int children = uts_child_count(&node);
    if (children == 0)
        return 1;
    std::vector<Visit> visits(static_cast<size_t>(children));
    tbb::task_group group;
    for (int i = 0; i < children; i++) {
        Visit &visit = visits[static_cast<size_t>(i)];
        uts_make_child(&node, i, &visit.node);
        group.run([&visit] { visit.nodes = walk(visit.node); });
    }
    group.wait();
    int64_t sum = 1;
    for (const Visit &visit : visits)
        sum += visit.nodes;
    return sum;
}

} // namespace

void uts_tbb()
{
    perf_tbb_run([] { uts_answer = walk(uts_root()); });
}
