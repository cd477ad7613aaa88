/*
 * uts with Rove: fork all children but the last, call the last, join in reverse.
 */
#include "runtimes/rove.h"
#include "uts/uts.h"

struct visit {
    rove_task task;
    struct uts_node node;
    int64_t nodes;
};

static void visit_task(rove_task *task);

static int64_t walk(const struct uts_node *node)
{
    int children = uts_child_count(node);
    if (children == 0)
        return 1;
    struct visit visits[children];
    int last = children - 1;
    for (int i = 0; i < last; i++) {
        uts_make_child(node, i, &visits[i].node);
        rove_fork(&visits[i].task, visit_task);
    }
    uts_make_child(node, last, &visits[last].node);
    int64_t nodes = 1 + walk(&visits[last].node);
    for (int i = last; i-- > 0;) {
        rove_join(&visits[i].task, visit_task);
        nodes += visits[i].nodes;
    }
    return nodes;
}

static void visit_task(rove_task *task)
{
    struct visit *self = (struct visit *)task;
    self->nodes = walk(&self->node);
}

static void walk_root(void *arg)
{
    (void)arg;
    struct uts_node root = uts_root();
    uts_answer = walk(&root);
}

void uts_rove(void)
{
    perf_rove_run(walk_root);
}
