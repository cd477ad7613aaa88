/*
 * rove_broadcast: a part for each worker, in the worker's own list, where it looks whenever it looks for work. Parts
 * are no tasks: they are nobody else's to take.
 *
 * Edges
 *   [part]  broadcasts (seq_cst), then the worker's state -> the last look of a worker that is about to sleep, after it
 *           has said so in its state: it sees the part, or is woken
 *   [left]  left (seq_cst) by the last that has run its part -> the waiter (seq_cst): what all of them wrote; seq_cst,
 *           because the last then looks whether the waiter sleeps, see wait.h
 */
#include "runtime/sched/broadcast.h"

#include "runtime/platform/memory.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/isolation.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/wait.h"

struct rovei_broadcast_part {
    struct rovei_broadcast_part *next;
    struct rovei_worker *worker;
    struct broadcast *broadcast;
};

/* On the stack of the thread that waits for it. */
struct broadcast {
    void (*fn)(void *arg);
    void *arg;
    struct rovei_worker *waiter;        /* a worker of the runtime, or NULL: a thread that sleeps on `left` */
    struct rovei_broadcast_part *parts; /* an array, one for each slot */
    int slots;
    int reached;           /* how many of the parts are used */
    _Atomic uint32_t left; /* how many have not been run yet. A futex word */
};

/* Counting the part as run is the last access to the broadcast and to its parts. */
static void broadcast_run(struct rovei_worker *worker, struct broadcast *broadcast)
{
    struct rovei_worker *waiter = broadcast->waiter;
    _Atomic uint32_t *left = &broadcast->left;
    struct rovei_frame frame = {.scope = &worker->runtime->scope, .what = (uintptr_t)broadcast->fn};
    worker_push_frame(worker, &frame);
    broadcast->fn(broadcast->arg);
    worker_pop_frame(worker, &frame);
    if (atomic_fetch_sub_explicit(left, 1, memory_order_seq_cst) > 1) /* [left] */
        return;
    if (waiter)
        rovei_wake_worker(waiter);
    else
        rovei_futex_wake(left, 1); /* names the word only */
}

void rovei_broadcasts_run(struct rovei_worker *worker)
{
    struct rove_runtime *runtime = worker->runtime;
    mutex_lock(&runtime->seats);
    struct rovei_broadcast_part *part =
        atomic_load_explicit(&worker->broadcasts, memory_order_relaxed); /* by the lock */
    atomic_store_explicit(&worker->broadcasts, NULL, memory_order_relaxed);
    mutex_unlock(&runtime->seats);
    while (part && runtime_is_here(runtime)) { /* in a child of fork, what is left is the parent's */
        struct rovei_broadcast_part *next = part->next;
        broadcast_run(worker, part->broadcast);
        part = next;
    }
}

void rovei_broadcasts_settle(struct rovei_worker *worker)
{
    for (;;) {
        mutex_lock(&worker->runtime->seats);
        if (!worker_has_broadcasts(worker))
            return;
        mutex_unlock(&worker->runtime->seats);
        rovei_broadcasts_run(worker);
    }
}

/* Whether a thread is there that works or could be woken for work. Under the lock of the seats nobody comes, and nobody
 * goes without having looked at its list again. A worker may ask for itself without the lock. */
static bool broadcast_reaches(struct rovei_worker *worker)
{
    if (!worker)
        return false;
    uint32_t state = atomic_load_explicit(&worker->state, memory_order_relaxed); /* by the lock, or the own one */
    return state != WORKER_VACANT && state != WORKER_BENCHED && state != WORKER_AWAY;
}

/* Tells all workers. They are counted first: the first may be done before the last is told. They are woken under the
 * lock, because that they need to take their part: so nobody is woken for a part that it has run already. */
static rove_status broadcast_tell(struct rove_runtime *runtime, struct broadcast *broadcast)
{
    mutex_lock(&runtime->seats);
    broadcast->slots = runtime_slots(runtime);
    size_t size = (size_t)broadcast->slots * sizeof *broadcast->parts;
    broadcast->parts = rovei_memory_allocate(&runtime->settings.allocator, size);
    for (int i = 0; broadcast->parts && i < broadcast->slots; i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (broadcast_reaches(worker))
            broadcast->parts[broadcast->reached++] = (struct rovei_broadcast_part){NULL, worker, broadcast};
    }
    atomic_store_explicit(&broadcast->left, (uint32_t)broadcast->reached, memory_order_relaxed); /* by the lock */
    for (int i = 0; i < broadcast->reached; i++) {
        struct rovei_broadcast_part *part = &broadcast->parts[i];
        struct rovei_worker *worker = part->worker;
        part->next = atomic_load_explicit(&worker->broadcasts, memory_order_relaxed); /* by the lock */
        atomic_store_explicit(&worker->broadcasts, part, memory_order_seq_cst);       /* [part] */
        rovei_wake_worker(worker);
    }
    mutex_unlock(&runtime->seats);
    return broadcast->parts ? ROVE_OK : ROVE_NO_MEMORY;
}

static bool broadcast_is_over(void *arg)
{
    struct broadcast *broadcast = arg;
    return atomic_load_explicit(&broadcast->left, memory_order_seq_cst) == 0; /* [left] */
}

/* A thread that works for another runtime lends its place there. */
static void broadcast_sleep(struct broadcast *broadcast)
{
    rove_blocking_begin();
    uint32_t left;
    while ((left = atomic_load_explicit(&broadcast->left, memory_order_seq_cst)) > 0) /* [left] */
        rovei_futex_wait(&broadcast->left, left);
    rove_blocking_end();
}

/* `waiter`: the worker of the runtime that the caller is, unless that is in a blocking region; or NULL. */
static rove_status broadcast_make(struct rove_runtime *runtime, struct rovei_worker *waiter, void (*fn)(void *arg),
                                  void *arg, int *reached)
{
    struct broadcast broadcast = {.fn = fn, .arg = arg, .waiter = waiter};
    rove_status status = broadcast_tell(runtime, &broadcast);
    if (status)
        return status;
    if (waiter) {
        struct rovei_wait wait = {
            .is_over = broadcast_is_over, .arg = &broadcast, .isolation = worker_isolation(waiter)};
        status = rovei_wait(waiter, &wait, false);
    } else {
        broadcast_sleep(&broadcast);
    }
    rovei_memory_release(&runtime->settings.allocator, broadcast.parts,
                         (size_t)broadcast.slots * sizeof *broadcast.parts);
    if (reached && !status)
        *reached = broadcast.reached;
    return status;
}

/* A call by a thread that is a worker of the runtime, but works for another at the moment. */
struct broadcast_call {
    void (*fn)(void *arg);
    void *arg;
    int *reached;
    rove_status status;
};

static void broadcast_call(void *arg)
{
    struct broadcast_call *call = arg;
    call->status = rove_broadcast(NULL, call->fn, call->arg, call->reached);
}

rove_status rove_broadcast(rove_runtime *runtime, void (*fn)(void *arg), void *arg, int *reached)
{
    if (reached)
        *reached = 0;
    if (!fn)
        return ROVE_INVALID;
    struct rovei_worker *self = worker_self();
    if (self && (self->runtime == runtime || !runtime) && runtime_is_here(self->runtime))
        return broadcast_make(self->runtime, broadcast_reaches(self) ? self : NULL, fn, arg, reached);
    rove_status status = rovei_runtime_resolve(&runtime);
    if (status)
        return status;
    if (rovei_worker_beneath(runtime)) {
        struct broadcast_call call = {.fn = fn, .arg = arg, .reached = reached};
        status = rove_run(runtime, broadcast_call, &call);
        return status ? status : call.status;
    }
    status = rovei_gate_enter(runtime);
    if (status)
        return status;
    status = broadcast_make(runtime, NULL, fn, arg, reached);
    rovei_gate_leave(runtime);
    return status;
}
