/*
 * Which worker this thread is. The library's state that belongs to the process is here: one thread-local pointer, the
 * deque that it points to on threads that are no workers, and a count of scopes. That one is no runtime's, because a
 * scope may be canceled by somebody who does not know whether the runtime that it was in still exists.
 */
#include "runtime/sched/runtime.h"

static struct rove_task *outside_slot;
static struct rovei_ring outside_ring = {NULL, &outside_slot, 0};

/* Every operation on this deque takes the slow path, where the thread is seen to be no worker. Threads share it and
 * overwrite each other's stores to it, which nobody reads. */
struct rovei_deque rovei_outside = {
    .slots = &outside_slot, .limit = INT64_MIN, .split = INT64_MAX, .ring = &outside_ring};

__thread struct rovei_deque *rovei_self __attribute__((tls_model("initial-exec"))) = &rovei_outside;

_Atomic(int32_t) rovei_scopes_to_heed;

struct rovei_worker *rovei_worker_become(struct rovei_worker *worker)
{
    struct rovei_worker *before = worker_self();
    rovei_self = worker ? &worker->forks : &rovei_outside;
    return before;
}

int rove_worker_id(void)
{
    struct rovei_worker *worker = worker_self();
    return worker ? worker->index : -1;
}

void *rove_worker_state(void)
{
    struct rovei_worker *worker = worker_self();
    return worker ? worker->user_state : NULL;
}

rove_runtime *rove_current_runtime(void)
{
    struct rovei_worker *worker = worker_self();
    return worker ? worker->runtime : NULL;
}
