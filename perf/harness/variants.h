/*
 * All workloads with their variants, for the lists of the runtimes.
 */
#ifndef PERF_VARIANTS_H
#define PERF_VARIANTS_H

#include "cilksort/cilksort.h"
#include "csv/csv.h"
#include "fib/fib.h"
#include "mandelbrot/mandelbrot.h"
#include "matmul/matmul.h"
#include "micro/blocking/blocking.h"
#include "micro/forced_publication/forced_publication.h"
#include "micro/fork_join/fork_join.h"
#include "micro/group_spawn/group_spawn.h"
#include "micro/idle/idle.h"
#include "micro/loop_dispatch/loop_dispatch.h"
#include "micro/phases/phases.h"
#include "micro/pool_submit/pool_submit.h"
#include "micro/scale/scale.h"
#include "micro/small_loop/small_loop.h"
#include "micro/steal/steal.h"
#include "micro/submit/submit.h"
#include "micro/wake/wake.h"
#include "nqueens/nqueens.h"
#include "pool/jobs/jobs.h"
#include "pool/latency/latency.h"
#include "pool/submit/submit.h"
#include "reduce/reduce.h"
#include "scan/scan.h"
#include "skynet/skynet.h"
#include "sort/sort.h"
#include "stencil/stencil.h"
#include "uts/uts.h"
#include "wordcount/wordcount.h"

#endif
