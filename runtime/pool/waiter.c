#include "runtime/pool/waiter.h"

#include "runtime/platform/clock.h"
#include "runtime/pool/pool.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/wait.h"

enum { ALL_BELLS = (1 << POOL_BELLS) - 1 };

void rovei_waiter_enter(struct rove_pool *pool, struct pool_waiters *waiters, struct pool_waiter *waiter)
{
    /* Relaxed twice: bells are only to be spread, and nobody else knows of the waiter before the lock is released. */
    waiter->bell = (int)(atomic_fetch_add_explicit(&pool->bells_given, 1, memory_order_relaxed) % POOL_BELLS);
    atomic_store_explicit(&waiter->word, (uintptr_t)pool_worker_self(pool), memory_order_relaxed);
    waiter->is_listed = true;
    waiter->next = NULL;
    waiter->previous = waiters->last;
    if (waiters->last)
        waiters->last->next = waiter;
    else
        waiters->first = waiter;
    waiters->last = waiter;
}

void rovei_waiter_leave(struct pool_waiters *waiters, struct pool_waiter *waiter)
{
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        waiters->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        waiters->last = waiter->previous;
    waiter->is_listed = false;
}

uint32_t rovei_waiter_signal(struct pool_waiters *waiters, struct pool_waiter *waiter)
{
    rovei_waiter_leave(waiters, waiter);
    uint32_t bell = UINT32_C(1) << waiter->bell;
    /* [signal] [guest] The last access to the waiter. */
    uintptr_t word = atomic_exchange_explicit(&waiter->word, WAITER_SIGNALLED, memory_order_seq_cst);
    if (word == WAITER_SLEEPS)
        return bell;
    rovei_wake_worker((struct rovei_worker *)word);
    return 0;
}

uint32_t rovei_waiters_signal(struct pool_waiters *waiters, size_t most)
{
    uint32_t bells = 0;
    for (size_t i = 0; i < most && waiters->first; i++)
        bells |= rovei_waiter_signal(waiters, waiters->first);
    return bells;
}

uint32_t rovei_waiters_signal_batch(struct pool_waiters *waiters, const struct rove_batch *batch)
{
    uint32_t bells = 0;
    struct pool_waiter *next;
    for (struct pool_waiter *waiter = waiters->first; waiter; waiter = next) {
        next = waiter->next;
        if (waiter->batch == batch)
            bells |= rovei_waiter_signal(waiters, waiter);
    }
    return bells;
}

/* A worker that sleeps for another reason looks around and sleeps on. */
static void wake_workers(struct rove_runtime *runtime)
{
    for (int i = 0; i < runtime_slots(runtime); i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (worker)
            rovei_wake_worker(worker);
    }
}

void rovei_bells_ring(struct rove_pool *pool, uint32_t bells)
{
    if (bells == ALL_BELLS)
        wake_workers(pool->runtime);
    for (; bells; bells &= bells - 1) {
        _Atomic(uint32_t) *bell = &pool->bells[__builtin_ctz(bells)];
        atomic_fetch_add_explicit(bell, 1, memory_order_seq_cst); /* [bell] */
        rovei_futex_wake(bell, FUTEX_WAKE_ALL);
    }
}

/* Relaxed for `stop_noticed`: who still reads the old value takes the lock in vain, and then knows. */
bool rovei_stop_is_unnoticed(const struct rove_pool *pool)
{
    return atomic_load_explicit(&pool->stop, memory_order_seq_cst) && /* [stop] of pool.h */
           !atomic_load_explicit(&pool->stop_noticed, memory_order_relaxed);
}

/* A wait of the calling thread. */
struct waiter_call {
    struct rove_pool *pool;
    struct pool_waiter *waiter;
    int64_t until;
    rove_status status;
};

static bool waiter_is_over(void *arg)
{
    const struct waiter_call *call = arg;
    return atomic_load_explicit(&call->waiter->word, memory_order_seq_cst) == WAITER_SIGNALLED || /* [signal] */
           rovei_stop_is_unnoticed(call->pool);
}

static void waiter_work(void *arg)
{
    struct waiter_call *call = arg;
    struct rovei_worker *worker = worker_self();
    int64_t until = call->until > 0 ? call->until : 1;
    struct rovei_wait wait = {.is_over = waiter_is_over,
                              .arg = call,
                              .until = call->until == ROVE_NEVER ? 0 : until,
                              .isolation = worker_isolation(worker)};
    rove_status status = rovei_wait(worker, &wait, false);
    call->status = status == ROVE_PENDING ? ROVE_TIMED_OUT : status;
}

/* The thread was entered as one that sleeps. Beyond its time as a worker it is to be woken by its bell again, which it
 * does not need: whoever has been signalled, or has given up, does not sleep. */
static void waiter_work_as_guest(void *arg)
{
    struct waiter_call *call = arg;
    uintptr_t sleeps = WAITER_SLEEPS;
    if (atomic_compare_exchange_strong_explicit(&call->waiter->word, &sleeps, (uintptr_t)worker_self(),
                                                memory_order_seq_cst, memory_order_seq_cst)) /* [guest] */
        waiter_work(call);
}

static void waiter_sleep(struct waiter_call *call)
{
    _Atomic(uint32_t) *bell = &call->pool->bells[call->waiter->bell];
    for (;;) {
        uint32_t heard = atomic_load_explicit(bell, memory_order_seq_cst); /* [bell] */
        if (waiter_is_over(call))
            return;
        if (call->until == ROVE_NEVER) {
            rovei_futex_wait(bell, heard);
            continue;
        }
        if (rovei_clock_now() >= call->until) {
            call->status = ROVE_TIMED_OUT;
            return;
        }
        rovei_futex_wait_until(bell, heard, call->until);
    }
}

/* Whether the pool's runtime may have nobody else to run the jobs: it has no threads, or the one it has is the caller,
 * who works for another runtime meanwhile. */
static bool waiter_is_needed(const struct rove_runtime *runtime)
{
    return atomic_load_explicit(&runtime->pool_threads, memory_order_relaxed) == 0 || rovei_worker_beneath(runtime);
}

rove_status rovei_waiter_wait(struct rove_pool *pool, struct pool_waiter *waiter, int64_t until)
{
    struct waiter_call call = {.pool = pool, .waiter = waiter, .until = until};
    if (pool_worker_self(pool)) {
        waiter_work(&call);
        return call.status;
    }
    /* A thread that is not let in, because the runtime is being shut down or full of guests, sleeps. */
    if (waiter_is_needed(pool->runtime) && rove_run(pool->runtime, waiter_work_as_guest, &call) == ROVE_OK)
        return call.status;
    rove_blocking_begin();
    waiter_sleep(&call);
    rove_blocking_end();
    return call.status;
}
