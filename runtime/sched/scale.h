/*
 * The number of workers: how many pool threads are awake for work, and which rest on the bench.
 */
#ifndef ROVEI_SCHED_SCALE_H
#define ROVEI_SCHED_SCALE_H

#include "runtime/sched/worker.h"

#include <rove/runtime.h>

/* Puts idle pool threads on the bench, or takes some from it, until there are as many workers as wanted; threads that
 * are busy leave when their task ends. `seat` is where somebody comes or goes: its thread is preferred; -1: none.
 * Requires: the lock of the seats. */
void rovei_scale_adjust(struct rove_runtime *runtime, int seat);

/* A pool thread between two tasks takes its place on the bench, if there still are too many. Owner only. */
void rovei_bench_self(struct rovei_worker *worker);

#endif
