/*
 * rove_run: work from a thread that is no worker of the runtime, run by that thread as a guest, or queued.
 */
#include <rove/scale.h>

#include "runtime/platform/cpu.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/runtime.h"

/* A call that waits in the injector for a worker, on the stack of the thread that made it. */
struct run_request {
    struct rovei_injected injected; /* first: the task */
    void (*fn)(void *arg);
    void *arg;
    _Atomic uint32_t is_done; /* a futex word */
};

static void run_requested(rove_task *task)
{
    struct run_request *request = (struct run_request *)task;
    struct rovei_worker *worker = worker_self();
    struct rovei_frame frame = {.scope = &worker->runtime->scope};
    worker_push_frame(worker, &frame);
    request->fn(request->arg);
    worker_pop_frame(worker, &frame);
    atomic_store_explicit(&request->is_done, 1, memory_order_release); /* pairs with run_by_worker; the last access */
    rovei_futex_wake(&request->is_done, 1);                            /* names the word only */
}

static void run_by_worker(struct rove_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    struct run_request request = {.fn = fn, .arg = arg};
    ROVEI_INIT(request.injected.task.run, (uintptr_t)run_requested);
    injector_push(&runtime->injectors[rovei_injector_near(runtime)], &request.injected, &request.injected, 1);
    rovei_wake_one(runtime, NULL);
    rove_blocking_begin(); /* on a worker of another runtime somebody may work in its place */
    while (!atomic_load_explicit(&request.is_done, memory_order_acquire))
        rovei_futex_wait(&request.is_done, 0);
    rove_blocking_end();
}

static rove_status run_as_worker(struct rove_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    struct rovei_stay stay;
    rove_status status = rovei_stay_begin(runtime, &stay);
    if (status)
        return status;
    fn(arg);
    rovei_stay_end(&stay);
    return ROVE_OK;
}

rove_status rove_run(rove_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    if (!fn)
        return ROVE_INVALID;
    struct rovei_worker *self = worker_self();
    if (self && (self->runtime == runtime || !runtime) && runtime_is_here(self->runtime)) {
        fn(arg);
        return ROVE_OK;
    }
    rove_status status = rovei_runtime_resolve(&runtime);
    if (status)
        return status;
    if (rovei_worker_beneath(runtime))
        return run_as_worker(runtime, fn, arg);
    status = rovei_gate_enter(runtime);
    if (status)
        return status;
    status = run_as_worker(runtime, fn, arg);
    if (status && atomic_load_explicit(&runtime->pool_threads, memory_order_relaxed) > 0) {
        run_by_worker(runtime, fn, arg);
        status = ROVE_OK;
    } else if (status == ROVE_BUSY) {
        status = ROVE_NO_THREADS;
    }
    rovei_gate_leave(runtime);
    return status;
}

int rovei_injector_near(const struct rove_runtime *runtime)
{
    if (runtime->injector_count == 1)
        return 0;
    int seat = rovei_plan_seat_near(&runtime->plan, rovei_cpu_current());
    return runtime->plan.seats[seat].at[LEVEL_NODE] % runtime->injector_count;
}
