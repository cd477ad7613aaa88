/*
 * Worker-local storage: a value for each worker, so that tasks can add up, count or collect without a lock, and the
 * values are combined at the end.
 *
 *     static void add(void *slot, void *sum) { *(long *)sum += *(long *)slot; }
 *
 *     rove_local counts = {.size = sizeof(long)};
 *     rove_for(0, n, count, &counts);      // in the body: ++*(long *)rove_local_get(&counts);
 *     long sum = 0;
 *     rove_local_each(&counts, add, &sum);
 *     rove_local_fini(&counts);
 *
 * Values are made when a worker first asks, zeroed or by `init`, and lie on cache lines of their own. A task may keep
 * the pointer to the worker's value as long as it does not wait: during a wait other tasks of the same worker use the
 * same value, and after it the task is still on the same worker.
 */
#ifndef ROVE_LOCAL_H
#define ROVE_LOCAL_H

#include <rove/export.h>
#include <rove/runtime.h>
#include <rove/status.h>
#include <stddef.h>

ROVE_BEGIN_C

/* A value for each worker of one runtime. The first fields are set before the first use, the others zero. */
typedef struct rove_local {
    size_t size;                          /* of a value, in bytes; above 0 */
    void (*init)(void *value, void *arg); /* fills a new value, on its worker; NULL: it is zeroed */
    void (*fini)(void *value, void *arg); /* called for each by rove_local_fini; or NULL */
    void *arg;
    rove_runtime *runtime; /* internal: whose workers have values */
    void **values;         /* internal: by the number of the worker */
} rove_local;

/*
 * The calling worker's value, aligned to 128 bytes. NULL if there is no memory, if the caller is no worker, or if it
 * works for another runtime than the one whose workers have values. Only a worker. Does not block; allocates the first
 * time.
 */
ROVE_API void *rove_local_get(rove_local *local);

/* Calls fn(value, arg) for each value that was made, in the order of the workers. Requires: no worker uses a value
 * meanwhile, as after the loop or group that did. Any thread. NULL is legal and does nothing. */
ROVE_API void rove_local_each(rove_local *local, void (*fn)(void *value, void *arg), void *arg);

/* Frees all values; `local` is as before its first use. Requires: as above; the runtime still exists. */
ROVE_API void rove_local_fini(rove_local *local);

ROVE_END_C

#endif
