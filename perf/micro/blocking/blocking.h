/*
 * micro/blocking: how much processor work is held up by tasks beside it that block: two workers, four tasks that sleep
 * 50 ms each, inside blocking regions, without, and not at all. The time is that of the processor work alone.
 */
#ifndef PERF_BLOCKING_H
#define PERF_BLOCKING_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_blocking;

enum { BLOCKING_SLEEPERS = 4, BLOCKING_SLEEP_MS = 50, BLOCKING_PIECE_US = 100 };

extern int64_t blocking_pieces; /* of processor work */
extern int64_t blocking_ended;  /* of those, how many have run */
extern double blocking_seconds; /* until the last had */

void blocking_rove_region(void);
void blocking_rove_bare(void);
void blocking_rove_alone(void);

ROVE_END_C

#endif
