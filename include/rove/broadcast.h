/*
 * Broadcast: the same function once on every worker, to set up or to collect what each of them has.
 *
 *     rove_broadcast(runtime, seed_random, &seed, NULL);
 */
#ifndef ROVE_BROADCAST_H
#define ROVE_BROADCAST_H

#include <rove/export.h>
#include <rove/runtime.h>
#include <rove/status.h>

ROVE_BEGIN_C

/*
 * Runs fn(arg) exactly once on each worker that `runtime` (NULL: the caller's own on a worker, else the default
 * runtime) has at the moment, guests included, and returns when all have. A worker that is in the middle of a task runs
 * it when that task ends or waits; one that leaves meanwhile runs it before it leaves. A worker in a blocking region,
 * or at work for another runtime, is not one of them: its place is lent. On a worker of the runtime the caller is
 * one of them, and does other work while it waits; another thread sleeps.
 *
 * Requires: fn is short, and does not fork, spawn, wait or broadcast; it may run on top of any wait, an isolated one
 * too. Broadcasts may overlap, also from different threads.
 *
 * `*reached`, which may be NULL, receives on how many workers it has run. Returns ROVE_OK; ROVE_INVALID for a null
 * `fn`; ROVE_NO_MEMORY, and fn has run nowhere; what rove_run returns if there is no runtime; ROVE_CLOSED, ROVE_FORKED.
 */
ROVE_API rove_status rove_broadcast(rove_runtime *runtime, void (*fn)(void *arg), void *arg, int *reached);

ROVE_END_C

#endif
