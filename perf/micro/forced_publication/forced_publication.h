/*
 * micro/forced_publication: how long a forked task waits for its start on another worker while its owner is inside a
 * long leaf and hears no doorbell.
 */
#ifndef PERF_FORCED_PUBLICATION_H
#define PERF_FORCED_PUBLICATION_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_forced_publication;

extern int64_t forced_publication_samples; /* how many waits a run measures */
extern int64_t forced_publication_leaf_ns; /* how long the leaf is, in nanoseconds */

void forced_publication_rove(void);

ROVE_END_C

#endif
