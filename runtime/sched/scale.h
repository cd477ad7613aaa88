/*
 * The number of workers: how many pool threads are awake for work, and which rest on the bench.
 */
#ifndef ROVEI_SCHED_SCALE_H
#define ROVEI_SCHED_SCALE_H

#include "runtime/sched/worker.h"

#include <rove/runtime.h>
#include <rove/scale.h>

/* Puts idle pool threads on the bench, or takes some from it, until there are as many workers as wanted; threads that
 * are busy leave when their task ends. `seat` is where somebody comes or goes: its thread is preferred; -1: none.
 * Requires: the lock of the seats. */
void rovei_scale_adjust(struct rove_runtime *runtime, int seat);

/* Carries out and records a change of the number of workers to `decision->after`, as far as the bounds and the threads
 * that can be had allow; `before`, `after` and `time` are filled in. Does nothing if nothing changes. Returns what
 * rovei_workers_start returned. Requires: the lock of the seats. */
rove_status rovei_scale_decide(struct rove_runtime *runtime, const rove_scale_decision *decision);

/* Sees to it that there is a thread on the bench. False if there is none. Requires: the lock of the seats. */
bool rovei_find_spare(struct rove_runtime *runtime);

/* A pool thread between two tasks takes its place on the bench, if there still are too many. Owner only. */
void rovei_bench_self(struct rovei_worker *worker);

#endif
