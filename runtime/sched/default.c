/*
 * The default runtime: made on first use, found by a pointer. There is no lock, because fork could leave it locked in
 * the child: two threads that come first at once both make one, and one of them destroys its own again.
 */
#include "runtime/sched/runtime.h"

#include "numa/report.h"

static _Atomic(struct rove_runtime *) default_runtime;

bool rovei_runtime_is_default(const rove_runtime *runtime)
{
    return runtime == atomic_load_explicit(&default_runtime, memory_order_acquire);
}

static struct rove_runtime *default_find(rove_report *report, rove_status *status)
{
    *status = ROVE_OK;
    struct rove_runtime *found = atomic_load_explicit(&default_runtime, memory_order_acquire);
    if (found && runtime_is_here(found))
        return found;
    struct rove_runtime *made;
    *status = rove_runtime_create(&made, NULL, report);
    if (*status)
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&default_runtime, &found, made, memory_order_acq_rel,
                                                memory_order_acquire))
        return made;
    rove_runtime_destroy(made);
    return found;
}

rove_runtime *rove_default_runtime(rove_report *report)
{
    rove_status status;
    if (report)
        report->text[0] = '\0';
    return default_find(report, &status);
}

rove_status rovei_runtime_resolve(rove_runtime **runtime)
{
    rove_status status = ROVE_OK;
    if (!*runtime)
        *runtime = default_find(NULL, &status);
    else if (!runtime_is_here(*runtime))
        status = ROVE_FORKED;
    return status;
}
