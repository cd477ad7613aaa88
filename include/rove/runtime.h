/*
 * The runtime: a set of workers, their deques, the injector and the machine plan. Most programs need one call:
 *
 *     rove_status status = rove_run(NULL, work, &data);
 *
 * which makes the default runtime on first use, runs work(&data) with the calling thread as one of the workers, and
 * returns when it has returned.
 *
 * Environment, read when a runtime is created, stronger than the configuration (it is the operator's word):
 *   ROVE_WORKERS=n        at most n workers
 *   ROVE_AUTO=n           the number of workers follows load and machine, down to n; 0: it is fixed
 *   ROVE_PLAN=p           compact, spread, cores, or a list of processors such as 0-3,8
 *   ROVE_PIN=0|1|auto     never pin, always try, or pin unless the machine is oversubscribed
 *   ROVE_SPIN_US=n        how long an idle worker looks for work before it sleeps, in microseconds
 *   ROVE_STACK_KB=n       stack of a worker thread, in KiB
 *   ROVE_GUARD=1          name a worker that overruns its stack before the process dies of it, see name_overruns
 *   ROVE_VERBOSE=1        print the plan and what was refused on standard error
 * A value that cannot be read makes the creation fail with ROVE_INVALID and a report that names it.
 */
#ifndef ROVE_RUNTIME_H
#define ROVE_RUNTIME_H

#include <rove/export.h>
#include <rove/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

typedef struct rove_runtime rove_runtime;

/* The most workers that a runtime can have. */
enum { ROVE_WORKERS_MAX = 1024 };

/* On which processors the workers sit, in the order of the workers. */
typedef enum rove_plan {
    ROVE_PLAN_CORES = 0,   /* one worker per core, near cores first, SMT siblings last (default) */
    ROVE_PLAN_COMPACT = 1, /* fill a core, then its neighbour: shared caches, few memory nodes */
    ROVE_PLAN_SPREAD = 2,  /* as far apart as possible: all caches and all memory nodes */
    ROVE_PLAN_LIST = 3     /* the processors of `pus`, in that order */
} rove_plan;

typedef enum rove_pin {
    ROVE_PIN_AUTO = 0, /* pin pool threads unless there are more workers than processors */
    ROVE_PIN_NEVER = 1,
    ROVE_PIN_ALWAYS = 2
} rove_pin;

/* Where Rove takes memory from; all zero means the C library. `allocate` returns memory of `size` bytes aligned to
 * `alignment` (a power of two) or NULL; both may be called by any thread, and must not call Rove. The arrays of the
 * deques do not come from there: they grow in address space that each worker reserves, 512 MiB, or less where the
 * system refuses that. */
typedef struct rove_allocator {
    void *(*allocate)(size_t size, size_t alignment, void *arg);
    void (*release)(void *memory, size_t size, void *arg);
    void *arg;
} rove_allocator;

/* Called on a pool thread of the runtime when it starts and before it ends; what start returns is the worker's state,
 * given to stop and readable by rove_worker_state. Either may be NULL. They must not call Rove. */
typedef struct rove_hooks {
    void *(*worker_start)(int worker, void *arg);
    void (*worker_stop)(int worker, void *state, void *arg);
    void (*log)(const char *line, void *arg); /* what ROVE_VERBOSE would print, a line each, without the newline */
    void *arg;
} rove_hooks;

/* How to make a runtime. Fill it with rove_config_default, then change what matters. */
typedef struct rove_config {
    size_t size;          /* sizeof(rove_config), set by rove_config_default */
    const char *name;     /* names threads and messages; at most 7 characters are kept; default "rove" */
    int workers;          /* at most so many; 0: as many as the machine and its quota allow */
    bool oversubscribe;   /* take `workers` as it is, even beyond processors and quota */
    int workers_min;      /* 0: the number is fixed; else it follows load and machine down to so many, see scale.h */
    int workers_max;      /* the most that rove_set_workers may ask for later; 0: 4 per processor, at least 64 */
    rove_plan plan;       /* where the workers sit */
    const int *pus;       /* for ROVE_PLAN_LIST: processor numbers of the operating system */
    size_t pu_count;      /* for ROVE_PLAN_LIST: how many */
    rove_pin pin;         /* whether pool threads are bound to their processors */
    int64_t spin_ns;      /* how long an idle worker looks for work before it sleeps, in nanoseconds; default 20000 */
    int spares;           /* the most threads that stand in for tasks in blocking regions, see scale.h, or for the last
                             worker when that works for another runtime; default 16 */
    size_t stack_size;    /* stack of a pool thread in bytes, without its guard page; default 8 MiB (address space) */
    const void *topology; /* an hwloc_topology_t of the program's own, loaded, or NULL; only read during creation */
    const char *topology_xml; /* path of an hwloc XML file, or NULL */
    bool name_overruns; /* say on standard error which worker, in which task, has overrun its stack before the process
                             dies of it. Sets the process's action of SIGSEGV for good, and calls the one of before */
    rove_allocator allocator;
    rove_hooks hooks;
} rove_config;

/* Fills `config` with the defaults. Cannot fail. Any thread. */
ROVE_API void rove_config_default(rove_config *config);

/*
 * Creates a runtime as `config` says (NULL: the defaults) and stores it in `*runtime`. Its pool threads are started
 * asleep. `report` may be NULL; it receives what went wrong, or what was granted less than asked.
 *
 * Returns ROVE_OK, also with fewer threads than planned if the system refused some (the report and the statistics tell:
 * threads that call rove_run still execute); ROVE_INVALID for a null `runtime`, a configuration or an environment that
 * makes no sense, or a list that names processors which are absent or not allowed; ROVE_NO_MEMORY. On failure
 * `*runtime` is NULL and nothing is left behind. Any thread. Blocks for the time of reading the machine's topology.
 */
ROVE_API rove_status rove_runtime_create(rove_runtime **runtime, const rove_config *config, rove_report *report);

/*
 * The runtime that is used where NULL is given: created with the defaults and the environment on first use, never
 * destroyed. `report` may be NULL. Returns NULL and says why in `report` if it cannot be created; the next call tries
 * again. In a child of fork(2) a fresh one is made. Any thread.
 */
ROVE_API rove_runtime *rove_default_runtime(rove_report *report);

/*
 * Runs fn(arg) as a task of `runtime` (NULL: the caller's own on a worker, else the default runtime) and returns when
 * it has returned. The calling thread
 * becomes a worker for the time of the call, in place of one pool thread, so that no more threads run than were
 * planned; if as many threads as there are workers are already guests, the call is handed to them and this thread
 * sleeps until it is done. On a worker of the same runtime it is a plain call; on a worker of another runtime the
 * thread works for `runtime` until fn returns, and its own tasks are left to its fellows.
 *
 * Returns ROVE_OK when fn has run; ROVE_INVALID for a null `fn`, or if the default runtime cannot be configured;
 * ROVE_NO_MEMORY; ROVE_NO_THREADS if no pool thread could be started and all guest slots are taken; ROVE_CLOSED after
 * rove_runtime_shutdown; ROVE_FORKED. If it does not return ROVE_OK, fn has not run.
 */
ROVE_API rove_status rove_run(rove_runtime *runtime, void (*fn)(void *arg), void *arg);

/*
 * Changes the number of workers to `count`, at once and without stopping; a worker that is too many leaves when its
 * current task ends. The count is taken as given, also beyond the number of processors; guests (see rove_run) count.
 *
 * Returns ROVE_OK; ROVE_INVALID if count is below 1 or above the runtime's maximum; ROVE_NO_THREADS or ROVE_NO_MEMORY
 * if not all threads could be had: then it has as many as could be started, see rove_worker_count. ROVE_CLOSED,
 * ROVE_FORKED. Any thread, also a task. Does not wait for workers to leave.
 */
ROVE_API rove_status rove_set_workers(rove_runtime *runtime, int count);

/* How many workers the runtime is set to; 0 for NULL. Any thread. */
ROVE_API int rove_worker_count(const rove_runtime *runtime);

/* The calling worker's number within its runtime, from 0, stable during a task and below rove_worker_limit; -1 on a
 * thread that is no worker. */
ROVE_API int rove_worker_id(void);

/* One more than the largest number that rove_worker_id can return in this runtime: the size of an array with a place
 * for each worker. Constant during the life of the runtime. 0 for NULL. Any thread. */
ROVE_API int rove_worker_limit(const rove_runtime *runtime);

/* What the worker_start hook returned on this thread; NULL on a guest or on a thread that is no worker. */
ROVE_API void *rove_worker_state(void);

/* The runtime that this thread works for at the moment, or NULL. */
ROVE_API rove_runtime *rove_current_runtime(void);

/*
 * Refuses new work from outside (ROVE_CLOSED), lets all work that was accepted run, and ends and joins the pool
 * threads. Idempotent; a second call returns when the first is done. Returns ROVE_OK; ROVE_INVALID for NULL or the
 * default runtime; ROVE_BUSY on a worker of this runtime, which would wait for itself; ROVE_FORKED. Blocks.
 */
ROVE_API rove_status rove_runtime_shutdown(rove_runtime *runtime);

/*
 * Shuts the runtime down if that has not been done, and frees it. NULL is legal and does nothing. The same errors as
 * rove_runtime_shutdown; the runtime then still exists. In a child of fork(2) nothing is freed.
 *
 * Requires: no other thread uses the runtime during or after the call, or is inside a call on it.
 */
ROVE_API rove_status rove_runtime_destroy(rove_runtime *runtime);

ROVE_END_C

#endif
