/*
 * uts: counts the nodes of an unbalanced tree that is not known beforehand (Olivier et al. 2006). A node's children
 * follow from a SHA-1 digest, so that the tree is the same for all and a task costs a few hundred nanoseconds.
 */
#ifndef PERF_UTS_H
#define PERF_UTS_H

#include "harness/bench.h"

ROVE_BEGIN_C

struct uts_node {
    uint8_t state[20]; /* digest of the parent's state and the number of the child */
    int32_t depth;
};

extern const struct perf_workload perf_uts;

extern int64_t uts_answer; /* where a run leaves the number of nodes */

/* The root of the tree. */
struct uts_node uts_root(void);

/* How many children `node` has. */
int uts_child_count(const struct uts_node *node);

/* Fills `child` with child number `index` of `node`. */
void uts_make_child(const struct uts_node *node, int index, struct uts_node *child);

void uts_serial(void);
void uts_call(void);
void uts_rove(void);
void uts_openmp(void);
void uts_tbb(void);

ROVE_END_C

#endif
