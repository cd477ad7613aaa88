/*
 * Memory nodes: memory that lies where it is used, and loops that run where their data lies.
 *
 *     double *x = rove_numa_alloc(runtime, n * sizeof *x, ROVE_MEMORY_BLOCKED, 0);
 *     rove_for_placed(0, n, fill, x);      // each part on the node that holds it
 *     rove_for_placed(0, n, scale, x);
 *
 *     rove_affinity affinity = {0};
 *     for (int step = 0; step < 1000; step++)
 *         rove_for_affine(0, n, relax, x, &affinity);  // each part by the worker that had it before, in whose cache it
 * is
 *
 * On a machine with one node all of this is right and costs next to nothing.
 */
#ifndef ROVE_NUMA_H
#define ROVE_NUMA_H

#include <rove/export.h>
#include <rove/parallel.h>
#include <rove/reduce.h>
#include <rove/runtime.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/* On which nodes memory lies. */
typedef enum rove_memory {
    ROVE_MEMORY_FIRST_TOUCH = 0, /* each page on the node of the thread that first writes to it */
    ROVE_MEMORY_BOUND = 1,       /* on the given node */
    ROVE_MEMORY_INTERLEAVED = 2, /* page by page on all nodes of the runtime in turn: for data that all use */
    ROVE_MEMORY_BLOCKED = 3      /* in equal parts, one after the other, on each node of the runtime */
} rove_memory;

/* How many memory nodes the workers of `runtime` sit on; at least 1; 0 for NULL. Any thread. */
ROVE_API int rove_node_count(const rove_runtime *runtime);

/* The node, from 0 on, that the calling worker sits on; -1 on a thread that is no worker. */
ROVE_API int rove_worker_node(void);

/*
 * Allocates `size` bytes for `runtime` (NULL: the caller's own on a worker, else the default one), zero, aligned to a
 * page. `node` matters for ROVE_MEMORY_BOUND only. Where the kernel refuses the placement, or the machine is only
 * described (a synthetic topology), the memory is that of first touch.
 *
 * Returns NULL if there is no memory, size is 0, or an argument makes no sense. Any thread. May block in the kernel.
 */
ROVE_API void *rove_numa_alloc(rove_runtime *runtime, size_t size, rove_memory memory, int node);

/* Frees what rove_numa_alloc returned, with the same size; NULL is legal. Any thread. */
ROVE_API void rove_numa_free(void *memory, size_t size);

/*
 * As rove_for, with the range cut into as many equal parts as there are nodes, each of which is offered to the workers
 * of its node first: the parts of ROVE_MEMORY_BLOCKED. Within a part work is stolen near first; a node that has done
 * its own helps the others. On one node it is rove_for.
 */
ROVE_API rove_status rove_for_placed(int64_t begin, int64_t end, rove_range_fn *body, void *arg);

/* As rove_reduce, in the same way. */
ROVE_API rove_status rove_reduce_placed(int64_t begin, int64_t end, const rove_reduction *reduction, void *result);

enum { ROVE_AFFINITY_BLOCKS = 128 };

/* Which worker had which part of a loop. All zero is valid and empty; the fields are internal. For one loop at a
 * time. */
typedef struct rove_affinity {
    int64_t begin;
    int64_t end;
    int blocks;
    uint16_t workers[ROVE_AFFINITY_BLOCKS]; /* one more than its number; 0: nobody yet */
} rove_affinity;

/*
 * As rove_for, for a loop that is run again and again over the same data: the range is cut into at most
 * ROVE_AFFINITY_BLOCKS blocks, each is offered first to the worker that had it the last time, and `affinity` is brought
 * up to date. An idle worker takes blocks of others. Worth it where a block is some microseconds' work at least and
 * fits in a cache.
 *
 * Returns as rove_for; also ROVE_INVALID for a null `affinity`.
 */
ROVE_API rove_status rove_for_affine(int64_t begin, int64_t end, rove_range_fn *body, void *arg,
                                     rove_affinity *affinity);

ROVE_END_C

#endif
