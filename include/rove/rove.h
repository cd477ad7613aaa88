/*
 * Rove: a work-stealing scheduler runtime for CPU-bound tasks. This header brings in all the others.
 *
 *   runtime.h   workers and their configuration; rove_run
 *   task.h      fork and join: recursive divide and conquer at about the cost of a call
 *   group.h     spawn and wait: dynamic fan-out, structured fan-in, the first error
 *   parallel.h  loops, reductions, parallel calls; no grain size
 *   cancel.h    scopes: canceling work, deadlines
 *   stats.h     what the workers have done
 */
#ifndef ROVE_ROVE_H
#define ROVE_ROVE_H

#include <rove/cancel.h>
#include <rove/group.h>
#include <rove/parallel.h>
#include <rove/runtime.h>
#include <rove/stats.h>
#include <rove/status.h>
#include <rove/task.h>
#include <rove/version.h>

#endif
