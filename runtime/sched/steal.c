/*
 * Finding work, and running what was found.
 *
 * Edges
 *   [done]  task->run (seq_cst) -> join: task->run (seq_cst): the joiner sees what the task wrote; seq_cst because the
 *           completer then looks whether the joiner sleeps, see wait.h
 */
#include "runtime/sched/steal.h"

#include "runtime/platform/barrier.h"
#include "runtime/sched/runtime.h"

/* What `run` of a stolen task holds: who has it, or that it has run. No function lies in the upper half of the address
 * space of a program. */
#define TASK_STOLEN ((uintptr_t)1 << 63)
#define TASK_DONE UINTPTR_MAX

/* How many tasks one look at the injector takes at the most. */
enum { INJECTED_BATCH = 32 };

/* At least so long between two forced publications of a runtime, in nanoseconds: a barrier interrupts every processor
 * that the process runs on. */
enum { FORCE_INTERVAL = 20000 };

static bool find_inbox(struct rovei_worker *worker, struct rovei_job *job)
{
    int64_t count;
    struct rovei_injected *first = injector_take(&worker->inbox, 1, &count);
    job->task = first ? &first->task : NULL;
    return first != NULL;
}

bool rovei_find_own(struct rovei_worker *worker, struct rovei_job *job)
{
    job->joiner = NULL;
    job->task = deque_pop(&worker->spawns);
    return job->task != NULL || find_inbox(worker, job);
}

/* The rest of a batch goes to the own deque, the newest first, so that its owner takes the oldest first. */
static void find_keep(struct rovei_worker *worker, struct rovei_injected *rest)
{
    struct rovei_injected *newest = NULL;
    while (rest) {
        struct rovei_injected *next = rest->next;
        rest->next = newest;
        newest = rest;
        rest = next;
    }
    while (newest) {
        struct rovei_injected *older = newest->next; /* read first: a thief may run the task at once */
        worker_spawn(worker, &newest->task);
        newest = older;
    }
    deque_publish(&worker->spawns); /* the first task may be long */
}

/* How many tasks to take at once: a fair share, and no more than the own array has room for. */
static int64_t find_batch(struct rovei_worker *worker, struct rovei_injector *injector)
{
    int workers = atomic_load_explicit(&worker->runtime->target, memory_order_relaxed);
    int64_t share = injector_length(injector) / (workers + 1) + 1;
    rove_slot *bottom = ROVEI_LOAD(worker->spawns.bottom, RELAXED); /* own variable */
    int64_t most = (uintptr_t)(bottom + INJECTED_BATCH) < ROVEI_LOAD(worker->spawns.end, RELAXED) ? INJECTED_BATCH : 1;
    return share < most ? share : most;
}

bool rovei_find_injected(struct rovei_worker *worker, struct rovei_job *job)
{
    struct rove_runtime *runtime = worker->runtime;
    for (int i = 0; i < runtime->injector_count; i++) {
        struct rovei_injector *injector = &runtime->injectors[(worker->node + i) % runtime->injector_count];
        if (injector_is_empty(injector))
            continue;
        int64_t count;
        struct rovei_injected *first = injector_take(injector, find_batch(worker, injector), &count);
        if (!first)
            continue;
        worker_count_many(worker, COUNT_INJECTED, (uint64_t)count);
        job->task = &first->task;
        job->joiner = NULL;
        if (first->next)
            find_keep(worker, first->next);
        return true;
    }
    return false;
}

static bool find_steal(struct rovei_worker *worker, struct rovei_deque *deque, int distance, rove_task **task)
{
    switch (deque_steal(deque, task)) {
    case STEAL_OK:
        worker_count_many(worker, COUNT_STEALS + (unsigned)distance, 1);
        return true;
    case STEAL_LOST:
        worker_count(worker, COUNT_STEALS_LOST);
        return false;
    case STEAL_EMPTY:
        break;
    }
    worker_count(worker, COUNT_STEALS_EMPTY);
    return false;
}

bool rovei_find_from(struct rovei_worker *worker, struct rovei_worker *victim, struct rovei_job *job)
{
    int distance = worker->distances[victim->seat];
    if (find_steal(worker, &victim->forks, distance, &job->task)) {
        job->joiner = victim;
    } else if (victim != worker && find_steal(worker, &victim->spawns, distance, &job->task)) {
        job->joiner = NULL;
    } else if (victim != worker && find_inbox(victim, job)) {
        worker_count_many(worker, COUNT_STEALS + (unsigned)distance, 1);
        job->joiner = NULL;
    } else {
        /* Relaxed: ringing in vain does no harm. */
        if (victim != worker && atomic_load_explicit(&victim->state, memory_order_relaxed) == WORKER_RUNNING) {
            deque_ring_doorbell(&victim->forks);
            deque_ring_doorbell(&victim->spawns);
        }
        return false;
    }
    worker->last_victim = victim;
    return true;
}

bool rovei_find_stolen(struct rovei_worker *worker, struct rovei_job *job)
{
    struct rove_runtime *runtime = worker->runtime;
    if (worker->last_victim && rovei_find_from(worker, worker->last_victim, job))
        return true;
    worker->last_victim = NULL;
    int used = runtime_slots(runtime) / 2;
    for (int i = 0; i < runtime->limit; i++) {
        int seat = worker->victims[i];
        struct rovei_worker *pool = seat < used ? runtime_pool(runtime, seat) : NULL;
        if (pool && rovei_find_from(worker, pool, job))
            return true;
        struct rovei_worker *guest = seat < used ? runtime_guest(runtime, seat) : NULL;
        if (guest && rovei_find_from(worker, guest, job))
            return true;
    }
    return false;
}

static bool force_barrier_passes(struct rovei_worker *worker, struct rovei_worker *victim)
{
    uintptr_t token = DEQUE_TOKENS + ((uintptr_t)worker->index << 40) + ++worker->attempts;
    return deque_force(deque_hides_tasks(&victim->forks) ? &victim->forks : &victim->spawns, token,
                       rovei_barrier_heavy);
}

bool rovei_force_any(struct rovei_worker *worker, int64_t now)
{
    struct rove_runtime *runtime = worker->runtime;
    int64_t next = atomic_load_explicit(&runtime->next_force, memory_order_relaxed);
    /* Relaxed: it only limits a rate. */
    if (!atomic_load_explicit(&runtime->has_barrier, memory_order_relaxed) || now < next)
        return false;
    for (int i = 0; i < runtime_slots(runtime); i++) {
        struct rovei_worker *victim = runtime_slot(runtime, i);
        if (!victim || victim == worker || !worker_hides_tasks(victim))
            continue;
        if (!atomic_compare_exchange_strong_explicit(&runtime->next_force, &next, now + FORCE_INTERVAL,
                                                     memory_order_relaxed, memory_order_relaxed))
            return false;
        if (!force_barrier_passes(worker, victim))
            return false;
        worker_count(worker, COUNT_FORCED);
        worker->last_victim = victim;
        return true;
    }
    return false;
}

struct rovei_worker *rovei_thief_of(struct rove_runtime *runtime, const rove_task *task)
{
    uintptr_t run = ROVEI_LOAD(task->run, RELAXED); /* names a slot, and slots stay */
    if (!(run & TASK_STOLEN) || run == TASK_DONE)
        return NULL;
    int index = (int)(run & ~TASK_STOLEN);
    return index < runtime->limit ? runtime_pool(runtime, index) : runtime_guest(runtime, index - runtime->limit);
}

bool rovei_stolen_is_done(const rove_task *task)
{
    return ROVEI_LOAD(task->run, SEQ_CST) == TASK_DONE; /* [done] */
}

void rovei_job_run(struct rovei_worker *worker, const struct rovei_job *job)
{
    rove_task *task = job->task;
    rove_task_fn *run = (rove_task_fn *)ROVEI_LOAD(task->run, RELAXED); /* ordered by the steal */
    worker->ticks++;
    if (!job->joiner) {
        worker_count(worker, COUNT_EXECUTED);
        run(task);
        return;
    }
    worker_count(worker, COUNT_STOLEN_FORKS);
    ROVEI_STORE(task->run, TASK_STOLEN | (uintptr_t)worker->index, RELAXED); /* a hint for leapfrogging */
    /* It does not belong to what this worker is in the middle of, and does not say what it belongs to. */
    struct rovei_frame frame = {.scope = &worker->runtime->scope, .what = (uintptr_t)run};
    worker_push_frame(worker, &frame);
    run(task);
    worker_pop_frame(worker, &frame);
    ROVEI_STORE(task->run, TASK_DONE, SEQ_CST); /* [done] */
    rovei_wake_worker(job->joiner);
}
