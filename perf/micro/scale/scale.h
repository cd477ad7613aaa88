/*
 * micro/scale: a recursive computation on two workers, and the same while another thread sets the number of workers to
 * one, two, four and eight in turn, every millisecond.
 */
#ifndef PERF_SCALE_H
#define PERF_SCALE_H

#include "harness/bench.h"

ROVE_BEGIN_C

extern const struct perf_workload perf_scale_workers;

extern int scale_n;
extern int64_t scale_value;

void scale_rove_steady(void);
void scale_rove_changing(void);

ROVE_END_C

#endif
