/*
 * Edges
 *   [table]  values (release, compare and exchange) -> rove_local_get (acquire): the table is zeroed
 *   A value itself is made and used by one worker; who combines comes after, ordered by the end of the tasks.
 */
#include <rove/local.h>

#include "runtime/platform/memory.h"
#include "runtime/sched/runtime.h"

#include <string.h>

static size_t local_table_size(const struct rove_runtime *runtime)
{
    return (size_t)rove_worker_limit(runtime) * sizeof(void *);
}

/* The first to come makes the table; who comes second gives its own back. */
static void **local_table(rove_local *local, struct rove_runtime *runtime)
{
    void **values = __atomic_load_n(&local->values, __ATOMIC_ACQUIRE); /* [table] */
    if (values)
        return __atomic_load_n(&local->runtime, __ATOMIC_RELAXED) == runtime ? values : NULL; /* set before the table */
    rove_runtime *nobody = NULL;
    if (!__atomic_compare_exchange_n(&local->runtime, &nobody, runtime, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
        nobody != runtime)
        return NULL;
    const rove_allocator *allocator = &runtime->settings.allocator;
    void **made = rovei_memory_allocate(allocator, local_table_size(runtime));
    if (!made)
        return NULL;
    if (__atomic_compare_exchange_n(&local->values, &values, made, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
        return made;
    rovei_memory_release(allocator, made, local_table_size(runtime));
    return values;
}

static __attribute__((noinline)) void *local_make(rove_local *local, struct rovei_worker *worker, void **value)
{
    void *made = rovei_memory_allocate(&worker->runtime->settings.allocator, local->size);
    if (made && local->init)
        local->init(made, local->arg);
    *value = made;
    return made;
}

void *rove_local_get(rove_local *local)
{
    struct rovei_worker *worker = worker_self();
    if (!worker || !local || local->size == 0 || !runtime_is_here(worker->runtime))
        return NULL;
    void **values = local_table(local, worker->runtime);
    if (!values)
        return NULL;
    void **value = &values[worker->index];
    return *value ? *value : local_make(local, worker, value);
}

void rove_local_each(rove_local *local, void (*fn)(void *value, void *arg), void *arg)
{
    if (!local || !fn || !local->values)
        return;
    for (int i = 0; i < rove_worker_limit(local->runtime); i++)
        if (local->values[i])
            fn(local->values[i], arg);
}

void rove_local_fini(rove_local *local)
{
    if (!local)
        return;
    if (local->values) {
        const rove_allocator *allocator = &local->runtime->settings.allocator;
        if (local->fini)
            rove_local_each(local, local->fini, local->arg);
        for (int i = 0; i < rove_worker_limit(local->runtime); i++)
            rovei_memory_release(allocator, local->values[i], local->size);
        rovei_memory_release(allocator, local->values, local_table_size(local->runtime));
    }
    local->values = NULL;
    local->runtime = NULL;
}
