/*
 * uts with OpenMP tasks: one for each child.
 */
#include "uts/uts.h"

static int64_t walk(const struct uts_node *node)
{
    int children = uts_child_count(node);
    if (children == 0)
        return 1;
    struct uts_node nodes[children];
    int64_t below[children];
    for (int i = 0; i < children; i++) {
        struct uts_node *child = &nodes[i];
        int64_t *count = &below[i];
        uts_make_child(node, i, child);
#pragma omp task firstprivate(child, count)
        *count = walk(child);
    }
#pragma omp taskwait
    int64_t sum = 1;
    for (int i = 0; i < children; i++)
        sum += below[i];
    return sum;
}

void uts_openmp(void)
{
    struct uts_node root = uts_root();
#pragma omp parallel
#pragma omp single
    uts_answer = walk(&root);
}
