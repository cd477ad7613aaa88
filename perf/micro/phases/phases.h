/*
 * micro/phases: a program that alternates a millisecond of serial and a millisecond of parallel work: what going to
 * sleep and waking cost it, against workers that stay awake in between (rove_phase_begin).
 */
#ifndef PERF_PHASES_H
#define PERF_PHASES_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_phases;

extern int64_t phases_rounds;
extern int64_t phases_done; /* pieces of parallel work */

void phases_rove(void);
void phases_rove_warm(void);

ROVE_END_C

#endif
