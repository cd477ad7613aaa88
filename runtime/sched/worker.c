#include "runtime/sched/worker.h"

#include "numa/pin.h"
#include "runtime/platform/affinity.h"
#include "runtime/platform/memory.h"
#include "runtime/queue/slots.h"
#include "runtime/sched/broadcast.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/scale.h"
#include "runtime/sched/steal.h"
#include "runtime/sched/wait.h"

#include <errno.h>
#include <stdio.h>

struct rovei_worker *rovei_worker_create(struct rove_runtime *runtime, int index, int seat)
{
    const rove_allocator *allocator = &runtime->settings.allocator;
    size_t limit = (size_t)runtime->limit;
    struct rovei_worker *worker = rovei_memory_allocate(allocator, sizeof *worker);
    if (!worker)
        return NULL;
    worker->runtime = runtime;
    worker->index = index;
    worker->seat = seat;
    rovei_slab_init(&worker->slab, SLAB_CELL, allocator);
    injector_init(&worker->inbox);
    worker->victims = rovei_memory_allocate(allocator, limit * sizeof *worker->victims);
    worker->distances = rovei_memory_allocate(allocator, limit);
    if (!worker->victims || !worker->distances || !rovei_slots_open(&worker->forks) ||
        !rovei_slots_open(&worker->spawns)) {
        rovei_worker_destroy(worker);
        return NULL;
    }
    worker->victims[0] = seat;
    rovei_plan_victims(&runtime->plan, seat, worker->victims + 1);
    for (int i = 0; i < runtime->limit; i++)
        worker->distances[i] = (unsigned char)rovei_plan_distance(&runtime->plan, seat, i);
    worker->node = runtime->plan.seats[seat].at[LEVEL_NODE];
    return worker;
}

void rovei_worker_destroy(struct rovei_worker *worker)
{
    if (!worker)
        return;
    const rove_allocator *allocator = &worker->runtime->settings.allocator;
    size_t limit = (size_t)worker->runtime->limit;
    rovei_slots_close(&worker->forks);
    rovei_slots_close(&worker->spawns);
    rovei_slab_fini(&worker->slab);
    injector_fini(&worker->inbox);
    rovei_memory_release(allocator, worker->victims, limit * sizeof *worker->victims);
    rovei_memory_release(allocator, worker->distances, limit);
    rovei_memory_release(allocator, worker, sizeof *worker);
}

void rovei_worker_publish(struct rovei_worker *worker)
{
    deque_publish(&worker->forks);
    deque_publish(&worker->spawns);
}

struct rovei_lender *rovei_worker_lend(struct rovei_worker *worker)
{
    struct rovei_lender *lender = worker->lender;
    if (!lender || !runtime_is_here(worker->runtime))
        return NULL;
    worker->lender = NULL;
    lender->lent_out(lender, true);
    return lender;
}

void rovei_worker_take_back(struct rovei_worker *worker, struct rovei_lender *lender)
{
    if (!lender)
        return;
    worker->lender = lender;
    if (runtime_is_here(worker->runtime))
        lender->lent_out(lender, false);
}

static struct rovei_binding worker_binding(struct rove_runtime *runtime, int seat)
{
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed); /* looked at again when it changes */
    const struct rovei_plan *plan = atomic_load_explicit(&runtime->seated, memory_order_acquire); /* [seated] */
    return (struct rovei_binding){plan, rovei_plan_is_crowded(plan, workers), seat >= workers, false};
}

/* A spare goes wherever its process may: the processor that is free is that of a worker which is blocked. */
static struct rovei_binding worker_pin(struct rove_runtime *runtime, int seat)
{
    struct rovei_binding binding = worker_binding(runtime, seat);
    const struct rovei_plan *plan = binding.plan;
    rove_pin mode = runtime->settings.pin;
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    int error;
    enum rovei_pin_outcome outcome = PIN_SKIPPED;
    if (binding.is_spare && plan->is_real && mode != ROVE_PIN_NEVER)
        rovei_affinity_bind(plan->allowed, plan->allowed_count);
    else
        outcome = rovei_pin_thread(plan, seat, workers, mode, &error);
    binding.is_bound = outcome == PIN_DONE;
    if (outcome == PIN_REFUSED)
        atomic_fetch_add_explicit(&runtime->pins_refused, 1, memory_order_relaxed);
    return binding;
}

void rovei_worker_follow_plan(struct rovei_worker *worker)
{
    struct rovei_binding now = worker_binding(worker->runtime, worker->seat);
    const struct rovei_binding *then = &worker->binding;
    if (now.plan != then->plan || now.is_crowded != then->is_crowded || now.is_spare != then->is_spare)
        worker->binding = worker_pin(worker->runtime, worker->seat);
}

/* The bound pool thread's worker that the calling thread is, beneath any others; NULL if it is none. */
static struct rovei_worker *worker_bound_here(void)
{
    struct rovei_worker *worker = worker_self();
    if (worker && worker->innermost)
        worker = worker->innermost;
    while (worker && worker->outer)
        worker = worker->outer;
    bool is_bound = worker && worker->index < worker->runtime->limit && worker->binding.is_bound;
    return is_bound ? worker : NULL;
}

bool rovei_worker_unbind(void)
{
    struct rovei_worker *worker = worker_bound_here();
    if (worker)
        rovei_affinity_bind(worker->binding.plan->allowed, worker->binding.plan->allowed_count);
    return worker != NULL;
}

/* A child of fork stays unbound: its thread is no pool thread any more. */
void rovei_worker_bind(void)
{
    struct rovei_worker *worker = worker_bound_here();
    if (worker && runtime_is_here(worker->runtime))
        worker->binding = worker_pin(worker->runtime, worker->seat);
}

/* What a pool thread is told at its start, and what it answers. */
struct worker_start {
    struct rove_runtime *runtime;
    int seat;
    pthread_t thread;
    struct rovei_worker *worker;  /* the answer: NULL if there was no memory */
    _Atomic uint32_t *unanswered; /* how many have not answered yet. A futex word */
};

static bool worker_is_dismissed(void *arg)
{
    struct rove_runtime *runtime = ((struct rovei_worker *)arg)->runtime;
    return atomic_load_explicit(&runtime->is_finished, memory_order_seq_cst) ||
           runtime_has_surplus(runtime); /* [over] */
}

static void worker_work(struct rovei_worker *worker)
{
    struct rove_runtime *runtime = worker->runtime;
    struct rovei_wait wait = {.is_over = worker_is_dismissed, .arg = worker, .is_between_tasks = true};
    for (;;) {
        bool is_searcher = rovei_sleep(worker, 0);
        if (atomic_load_explicit(&runtime->is_finished, memory_order_seq_cst))
            break;
        rovei_worker_follow_plan(worker);
        if (rovei_wait(worker, &wait, is_searcher) == ROVE_FORKED)
            return; /* a task has forked, and the child has come back from it: nothing here is this process's */
        rovei_bench_self(worker);
    }
    struct rovei_job job;
    while (rovei_find_own(worker, &job) || rovei_find_injected(worker, &job)) {
        rovei_job_run(worker, &job);
        if (!runtime_is_here(runtime))
            return;
    }
    rovei_broadcasts_settle(worker);
    atomic_store_explicit(&worker->state, WORKER_VACANT, memory_order_seq_cst);
    mutex_unlock(&worker->runtime->seats);
}

/* Says whose stack has been overrun. A thread that works for another runtime at the moment is that one's worker. */
static void worker_describe(struct rovei_overrun_line *line, void *arg)
{
    struct rovei_worker *self = worker_self();
    const struct rovei_worker *worker = self ? self : arg;
    rovei_overrun_say(line, "worker ");
    rovei_overrun_say_number(line, (uint64_t)worker->index);
    rovei_overrun_say(line, " of ");
    rovei_overrun_say(line, worker->runtime->settings.name);
    if (worker->running && worker->running->what) {
        rovei_overrun_say(line, ", in a task that runs ");
        rovei_overrun_say_code(line, worker->running->what);
    }
}

/* The worker is made here so that its memory is first touched by the thread that uses it, where that is pinned. */
static struct rovei_worker *worker_settle(struct rove_runtime *runtime, int seat)
{
    char name[THREAD_NAME_SIZE];
    snprintf(name, sizeof name, "rove-%s-%d", runtime->settings.name, seat);
    rovei_thread_name(name);
    struct rovei_binding binding = worker_pin(runtime, seat);
    struct rovei_worker *worker = rovei_worker_create(runtime, seat, seat);
    if (!worker)
        return NULL;
    worker->binding = binding;
    worker->thread_id = rovei_thread_id();
    worker->stack = rovei_thread_stack();
    worker->stack_begin = (uintptr_t)__builtin_frame_address(0);
    atomic_init(&worker->state, WORKER_BENCHED);
    if (runtime->settings.name_overruns)
        rovei_overrun_begin(&worker->overrun, worker_describe, worker); /* if that fails, it goes unnamed */
    return worker;
}

static void *worker_main(void *arg)
{
    struct worker_start *start = arg;
    struct rove_runtime *runtime = start->runtime;
    struct rovei_worker *worker = worker_settle(runtime, start->seat);
    _Atomic uint32_t *unanswered = start->unanswered;
    start->worker = worker;
    if (atomic_fetch_sub_explicit(unanswered, 1, memory_order_acq_rel) == 1) /* pairs with start_await */
        rovei_futex_wake(unanswered, 1); /* the starter may be gone already: the word is only named */
    if (!worker)
        return NULL;
    rovei_worker_become(worker);
    const rove_hooks *hooks = &runtime->settings.hooks;
    if (hooks->worker_start)
        worker->user_state = hooks->worker_start(worker->index, hooks->arg);
    worker_work(worker);
    if (!runtime_is_here(runtime))
        return NULL; /* the only thread of the child ends, and the child with it */
    if (hooks->worker_stop)
        hooks->worker_stop(worker->index, worker->user_state, hooks->arg);
    rovei_worker_become(NULL);
    rovei_overrun_end(&worker->overrun);
    return NULL;
}

/* Starts threads until one is refused. Returns how many were. */
static int start_threads(struct worker_start *starts, int count, _Atomic uint32_t *unanswered, int *error)
{
    size_t stack_size = starts->runtime->settings.stack_size;
    for (int i = 0; i < count; i++) {
        starts[i].unanswered = unanswered;
        atomic_fetch_add_explicit(unanswered, 1, memory_order_relaxed); /* published by the start of the thread */
        *error = rovei_thread_start(&starts[i].thread, stack_size, worker_main, &starts[i]);
        if (*error) {
            atomic_fetch_sub_explicit(unanswered, 1, memory_order_relaxed);
            return i;
        }
    }
    return count;
}

/* Waits until all have answered, and enters those that are workers now. False if some had no memory. */
static bool start_await(struct worker_start *starts, int count, _Atomic uint32_t *unanswered)
{
    bool is_complete = true;
    uint32_t left;
    while ((left = atomic_load_explicit(unanswered, memory_order_acquire)) > 0)
        rovei_futex_wait(unanswered, left);
    for (int i = 0; i < count; i++) {
        struct rove_runtime *runtime = starts[i].runtime;
        if (starts[i].worker) {
            starts[i].worker->thread = starts[i].thread;
            runtime->pool_threads++;
            rovei_runtime_enter_slot(runtime, &runtime->pool[starts[i].seat], starts[i].worker);
        } else {
            pthread_join(starts[i].thread, NULL);
            is_complete = false;
        }
    }
    return is_complete;
}

rove_status rovei_workers_start(struct rove_runtime *runtime, int seats, int *error)
{
    const rove_allocator *allocator = &runtime->settings.allocator;
    int first = 0;
    while (first < seats && runtime_pool(runtime, first))
        first++;
    if (first == seats)
        return ROVE_OK;
    if (atomic_load_explicit(&runtime->is_finished, memory_order_relaxed)) { /* by the lock: nobody would end them */
        *error = ECANCELED;
        return ROVE_CLOSED;
    }
    size_t size = (size_t)(seats - first) * sizeof(struct worker_start);
    struct worker_start *starts = rovei_memory_allocate(allocator, size);
    if (!starts)
        return ROVE_NO_MEMORY;
    int count = 0;
    for (int seat = first; seat < seats; seat++)
        if (!runtime_pool(runtime, seat))
            starts[count++] = (struct worker_start){.runtime = runtime, .seat = seat};
    _Atomic uint32_t unanswered = 0;
    bool was_bound = rovei_worker_unbind(); /* threads that do not bind themselves keep the mask of who starts them */
    int started = start_threads(starts, count, &unanswered, error);
    if (was_bound)
        rovei_worker_bind();
    bool has_memory = start_await(starts, started, &unanswered);
    rovei_memory_release(allocator, starts, size);
    atomic_fetch_add_explicit(&runtime->threads_refused, (uint64_t)(count - started), memory_order_relaxed);
    if (!has_memory)
        return ROVE_NO_MEMORY;
    return started < count ? ROVE_NO_THREADS : ROVE_OK;
}
