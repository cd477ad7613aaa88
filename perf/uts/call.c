/*
 * uts in plain C with nothing inlined.
 */
#include "support/compiler.h"
#include "uts/uts.h"

PERF_REAL_CALL static int64_t walk(const struct uts_node *node)
{
    int64_t nodes = 1;
    int children = uts_child_count(node);
    for (int i = 0; i < children; i++) {
        struct uts_node child;
        uts_make_child(node, i, &child);
        nodes += walk(&child);
    }
    return nodes;
}

void uts_call(void)
{
    struct uts_node root = uts_root();
    uts_answer = walk(&root);
}
