/*
 * Guests: threads from outside that become workers for a while.
 */
#ifndef ROVEI_SCHED_GUEST_H
#define ROVEI_SCHED_GUEST_H

#include "runtime/sched/worker.h"

#include <rove/runtime.h>

/* A blocking region that a worker works on top of. */
struct rovei_region {
    int blocks;
    struct rovei_lender *blocked;
};

/* A stay as a worker of some runtime. Stays nest: a thread can be a worker of several runtimes, one of which it works
 * for. */
struct rovei_stay {
    struct rovei_worker *worker;           /* what the thread is now */
    struct rovei_worker *before;           /* what it was, or NULL */
    struct rovei_worker *innermost_before; /* of a worker that works again */
    struct rovei_lender *lent;             /* what `before` was in the middle of, or NULL */
    struct rovei_region region;            /* of a worker that works again, if it was in one */
    bool was_away;                         /* `before` was in a blocking region, and still is */
    bool is_guest;                         /* it has taken a slot, and a pool thread is benched in exchange */
};

/* The worker of `runtime` that the calling thread is, if at the moment it works for another, or NULL. */
struct rovei_worker *rovei_worker_beneath(const struct rove_runtime *runtime);

/* Makes the calling thread a worker of `runtime`: the one that it already is beneath others, or a guest. ROVE_OK;
 * ROVE_BUSY if there are as many guests as workers; ROVE_NO_MEMORY. Requires: inside the gate, or beneath. */
rove_status rovei_stay_begin(struct rove_runtime *runtime, struct rovei_stay *stay);

/* The calling thread is again what it was before. What it has spawned and nobody has run yet is left to the others. */
void rovei_stay_end(const struct rovei_stay *stay);

/* The thread of `worker` is about to work for another runtime, or to block: what lies in its deques, and its place, is
 * for its fellows until it comes back. If it is away already, only what it has spawned since is handed over. NULL, or a
 * worker of a parent process, is legal and does nothing. Owner only. */
void rovei_worker_go_away(struct rovei_worker *worker);

/* Whether it has gone away and not come back. NULL is legal: false. Owner only. */
bool rovei_worker_is_away(const struct rovei_worker *worker);
void rovei_worker_come_back(struct rovei_worker *worker);

/* A worker that is away works after all, and then goes away again; what runs meanwhile has blocking regions of its own.
 * Owner only. */
struct rovei_region rovei_region_suspend(struct rovei_worker *worker);
void rovei_region_resume(struct rovei_worker *worker, struct rovei_region region);

/* Makes a first guest slot, so that a runtime without pool threads can always be drained. ROVE_OK or ROVE_NO_MEMORY.
 * Requires: the lock of the seats. */
rove_status rovei_guest_prepare(struct rove_runtime *runtime);

/* Runs what is queued, in a runtime that has no pool threads. */
void rovei_guest_drain(struct rove_runtime *runtime);

#endif
