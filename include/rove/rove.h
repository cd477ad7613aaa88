/*
 * Rove: a work-stealing scheduler runtime for CPU-bound tasks. This header brings in all the others.
 *
 *   runtime.h     workers and their configuration; rove_run
 *   task.h        fork and join: recursive divide and conquer at about the cost of a call
 *   group.h       spawn and wait: dynamic fan-out, structured fan-in, the first error
 *   parallel.h    loops and parallel calls; no grain size
 *   reduce.h      reductions, free or with the same bits on every run; sums of arrays
 *   scan.h        scans: running sums, and what is like them
 *   find.h        searches: the first index for which something holds, or any
 *   filter.h      filters and partitions that keep the order
 *   sort.h        sorting and merging
 *   cancel.h      scopes: canceling work, deadlines
 *   future.h      one value that comes later
 *   local.h       a value for each worker
 *   numa.h        memory nodes: memory that lies, and loops that run, where the data is
 *   scale.h       the number of workers while running; blocking regions; phases
 *   stats.h       what the workers have done
 *   broadcast.h   a function once on each worker
 *   pool.h        pools: jobs from outside through a bounded queue, an orderly end
 *   job.h         what a job of a pool can say: priority, deadline, retries, futures
 *   result.h      what came of the jobs, as a stream
 *   batch.h       jobs that belong together, with their results in order
 *   pool_stats.h  counters, histograms and progress of a pool; Prometheus, JSON
 */
#ifndef ROVE_ROVE_H
#define ROVE_ROVE_H

#include <rove/batch.h>
#include <rove/broadcast.h>
#include <rove/cancel.h>
#include <rove/filter.h>
#include <rove/find.h>
#include <rove/fork_at.h>
#include <rove/future.h>
#include <rove/group.h>
#include <rove/job.h>
#include <rove/local.h>
#include <rove/numa.h>
#include <rove/parallel.h>
#include <rove/pool.h>
#include <rove/pool_stats.h>
#include <rove/reduce.h>
#include <rove/result.h>
#include <rove/runtime.h>
#include <rove/scale.h>
#include <rove/scan.h>
#include <rove/sort.h>
#include <rove/stats.h>
#include <rove/status.h>
#include <rove/task.h>
#include <rove/version.h>

#endif
