/*
 * What workers run for broadcasts. A part lies in the list of its worker from when that is told, under the lock of the
 * seats, until it takes it. Whoever stops being a worker says so under the same lock, and only when nothing is left in
 * its list: so each that is told runs its part.
 */
#ifndef ROVEI_SCHED_BROADCAST_H
#define ROVEI_SCHED_BROADCAST_H

#include "runtime/sched/worker.h"

#include <rove/broadcast.h>

/* Runs all that the worker has been told. Owner only. Requires: not the lock of the seats. */
void rovei_broadcasts_run(struct rovei_worker *worker);

/* The same, and then takes the lock of the seats, with nothing left: for a worker that stops being one before it
 * releases the lock. Owner only. */
void rovei_broadcasts_settle(struct rovei_worker *worker);

#endif
