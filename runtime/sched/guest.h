/*
 * Guests: threads from outside that become workers for a while.
 */
#ifndef ROVEI_SCHED_GUEST_H
#define ROVEI_SCHED_GUEST_H

#include "runtime/sched/worker.h"

#include <rove/runtime.h>

/* Makes the calling thread a worker of `runtime` and benches a pool thread in exchange. ROVE_OK; ROVE_BUSY if there are
 * as many guests as workers; ROVE_NO_MEMORY. Requires: inside the gate. */
rove_status rovei_guest_enter(struct rove_runtime *runtime, struct rovei_worker **guest);

/* The calling thread, which is the worker `guest`, is again what it was before. What it has spawned and nobody has run
 * yet is left to the others. */
void rovei_guest_leave(struct rovei_worker *guest);

/* Runs what is queued, in a runtime that has no pool threads. */
void rovei_guest_drain(struct rove_runtime *runtime);

#endif
