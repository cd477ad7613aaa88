/*
 * Sleeping and waking; the protocols are numbered as in sleep.md.
 *
 * Edges; all of them seq_cst, because each pairs "I say, then I look" on one side with the same on the other
 *   [role]   idle.counts -> feeders (rovei_wake_one) and workers that begin (rovei_listen)
 *   [asleep] state -> wakers, and whoever feeds
 *   [bell]   split -> the parker, before it arms `limit`: it does not take an answered bell for an armed one
 *   [over]   what ends a wait, or begins a phase -> the waiter's last look; see wait.h
 */
#include "runtime/sched/sleep.h"

#include "runtime/platform/barrier.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/cpu.h"
#include "runtime/sched/isolation.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/stop.h"
#include "runtime/sched/wait.h"

bool rovei_search_start(struct rove_runtime *runtime)
{
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed); /* a limit that may be off by some */
    uint64_t counts = atomic_load_explicit(&runtime->idle.counts, memory_order_relaxed);
    int32_t most = workers > 2 ? workers / 2 : 1;
    if (idle_searchers(counts) >= most)
        return false;
    atomic_fetch_add_explicit(&runtime->idle.counts, IDLE_SEARCHER, memory_order_seq_cst); /* [role] */
    return true;
}

static bool sleep_change(struct rovei_worker *worker, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(&worker->state, &from, to, memory_order_seq_cst,
                                                   memory_order_seq_cst); /* [asleep] */
}

static void sleep_count(struct rove_runtime *runtime, uint64_t change)
{
    atomic_fetch_add_explicit(&runtime->idle.counts, change, memory_order_seq_cst); /* [role] */
}

/* Takes a counted sleeper for work: it is a searcher from here on. False if it does not sleep any more. */
static bool sleep_call(struct rovei_worker *worker)
{
    if (!sleep_change(worker, WORKER_IDLE, WORKER_CALLED) && !sleep_change(worker, WORKER_PARKED, WORKER_CALLED))
        return false;
    sleep_count(worker->runtime, IDLE_SEARCHER - IDLE_SLEEPER);
    return true;
}

/* Ends a sleep because a wait may be over. False if it has ended otherwise. */
static bool sleep_end(struct rovei_worker *worker)
{
    if (sleep_change(worker, WORKER_DEAF, WORKER_RUNNING))
        return true;
    if (!sleep_change(worker, WORKER_IDLE, WORKER_RUNNING) && !sleep_change(worker, WORKER_PARKED, WORKER_RUNNING))
        return false;
    sleep_count(worker->runtime, -IDLE_SLEEPER);
    return true;
}

void rovei_wake_worker(struct rovei_worker *worker)
{
    uint32_t state = atomic_load_explicit(&worker->state, memory_order_seq_cst); /* [asleep] [over] */
    if ((state == WORKER_IDLE || state == WORKER_PARKED || state == WORKER_DEAF) && sleep_end(worker))
        rovei_futex_wake(&worker->state, 1);
}

void rovei_wake_for_good(struct rovei_worker *worker)
{
    if (sleep_change(worker, WORKER_BENCHED, WORKER_RUNNING))
        rovei_futex_wake(&worker->state, 1);
    else
        rovei_wake_worker(worker);
}

static bool sleep_wake_if_asleep(struct rovei_worker *worker)
{
    if (!worker)
        return false;
    uint32_t state = atomic_load_explicit(&worker->state, memory_order_seq_cst); /* [asleep] */
    if ((state != WORKER_IDLE && state != WORKER_PARKED) || !sleep_call(worker))
        return false;
    rovei_futex_wake(&worker->state, 1);
    scaler_rouse(&worker->runtime->scaler);
    return true;
}

static bool sleep_wake_at(struct rove_runtime *runtime, int seat)
{
    return sleep_wake_if_asleep(runtime_pool(runtime, seat)) || sleep_wake_if_asleep(runtime_guest(runtime, seat));
}

/* Wakes a sleeper near the caller, but one on the caller's own processor last: it would have to wait for the caller.
 * Finding none is right: one that is about to sleep has announced itself, is not asleep yet, and will see what was made
 * visible. */
static void sleep_wake_any(struct rove_runtime *runtime, const struct rovei_worker *near)
{
    int used = runtime_slots(runtime) / 2;
    int here = near ? near->seat : rovei_plan_seat_near(&runtime->plan, rovei_cpu_current());
    if (near) {
        for (int i = 1; i < runtime->limit; i++)
            if (near->victims[i] < used && sleep_wake_at(runtime, near->victims[i]))
                return;
        sleep_wake_at(runtime, here);
        return;
    }
    for (int i = 1; i <= used; i++)
        if (sleep_wake_at(runtime, (here + i) % used))
            return;
}

void rovei_wake_all(struct rove_runtime *runtime)
{
    for (int seat = 0; seat < runtime_slots(runtime) / 2; seat++) {
        sleep_wake_if_asleep(runtime_pool(runtime, seat));
        sleep_wake_if_asleep(runtime_guest(runtime, seat));
    }
}

/* Whether any worker but `but` is awake. */
static bool sleep_is_anybody_awake(struct rove_runtime *runtime, const struct rovei_worker *but)
{
    for (int i = 0; i < runtime_slots(runtime); i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (!worker || worker == but)
            continue;
        uint32_t state = atomic_load_explicit(&worker->state, memory_order_seq_cst); /* [asleep] */
        if (state == WORKER_RUNNING || state == WORKER_CALLED)
            return true;
    }
    return false;
}

/* Whoever feeds from outside may find that all workers are DEAF: then one of them has to do the work, for what they
 * wait for may depend on it. One that is about to become DEAF and sees no other awake looks for work itself. */
static void sleep_wake_deaf(struct rove_runtime *runtime)
{
    for (int i = 0; i < runtime_slots(runtime) && !sleep_is_anybody_awake(runtime, NULL); i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (worker && atomic_load_explicit(&worker->state, memory_order_seq_cst) == WORKER_DEAF && /* [asleep] */
            !atomic_load_explicit(&worker->is_isolated, memory_order_relaxed)) /* ordered by the state */
            rovei_wake_worker(worker);
    }
}

void rovei_wake_one(struct rove_runtime *runtime, const struct rovei_worker *near)
{
    uint64_t counts = atomic_load_explicit(&runtime->idle.counts, memory_order_seq_cst); /* [role] */
    if (idle_searchers(counts) > 0)
        return;
    if (idle_sleepers(counts) > 0)
        sleep_wake_any(runtime, near);
    else if (!near)
        sleep_wake_deaf(runtime);
}

void rovei_wake_for(struct rovei_worker *worker, const struct rovei_worker *near)
{
    if (!sleep_wake_if_asleep(worker))
        rovei_wake_one(worker->runtime, near);
}

void rovei_wake_on(struct rove_runtime *runtime, int node, const struct rovei_worker *near)
{
    for (int seat = 0; seat < runtime_slots(runtime) / 2; seat++) {
        struct rovei_worker *worker = runtime_pool(runtime, seat);
        if (worker && worker->node == node && sleep_wake_if_asleep(worker))
            return;
    }
    rovei_wake_one(runtime, near);
}

bool rovei_is_anybody_awake(struct rove_runtime *runtime)
{
    return sleep_is_anybody_awake(runtime, NULL);
}

/* A worker that was a searcher goes on without being one: what was fed while it was counted must not be left to it. */
static void sleep_hand_over(struct rovei_worker *worker)
{
    struct rove_runtime *runtime = worker->runtime;
    uint64_t counts = atomic_load_explicit(&runtime->idle.counts, memory_order_seq_cst); /* [role] */
    if (idle_searchers(counts) > 0 || idle_sleepers(counts) == 0)
        return;
    /* The doorbells of others that run may not be armed; the next searcher arms them before it sleeps. */
    if (sleep_is_anybody_awake(runtime, worker) || rovei_work_is_visible(runtime))
        sleep_wake_any(runtime, worker);
    rovei_listen(worker);
}

void rovei_search_stop(struct rovei_worker *worker)
{
    sleep_count(worker->runtime, -IDLE_SEARCHER);
    sleep_hand_over(worker);
}

void rovei_listen(struct rovei_worker *worker)
{
    scaler_rouse(&worker->runtime->scaler);
    uint64_t counts = atomic_load_explicit(&worker->runtime->idle.counts, memory_order_seq_cst); /* [role] */
    if (idle_sleepers(counts) == 0 || idle_searchers(counts) > 0)
        return;
    deque_ring_doorbell(&worker->forks);
    deque_ring_doorbell(&worker->spawns);
}

bool rovei_work_is_visible(struct rove_runtime *runtime)
{
    for (int i = 0; i < runtime->injector_count; i++)
        if (!injector_is_empty(&runtime->injectors[i]))
            return true;
    bool can_force = atomic_load_explicit(&runtime->has_barrier, memory_order_relaxed);
    for (int i = 0; i < runtime_slots(runtime); i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (worker && (worker_has_public(worker) || (can_force && worker_hides_tasks(worker))))
            return true;
    }
    return false;
}

/* The bell may look armed and not be: an owner that has answered, and looked for sleepers before this one said that it
 * is one, has reset `limit` before it published. Seq_cst, as its publication and its look: if it has not seen us, we
 * see what it published, and so the reset. [bell] */
static void sleep_ring(struct rovei_deque *deque)
{
    (void)ROVEI_LOAD(deque->split, SEQ_CST);
    deque_ring_doorbell(deque);
}

/* Rings the doorbell of every worker that runs, and makes sure that it is heard or that what it missed is visible. */
static void sleep_ring_all(struct rove_runtime *runtime, const struct rovei_worker *but)
{
    bool is_anybody_running = false;
    for (int i = 0; i < runtime_slots(runtime); i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (!worker || worker == but ||
            atomic_load_explicit(&worker->state, memory_order_seq_cst) != WORKER_RUNNING) /* [asleep] */
            continue;
        sleep_ring(&worker->forks);
        sleep_ring(&worker->spawns);
        is_anybody_running = true;
    }
    if (is_anybody_running && atomic_load_explicit(&runtime->has_barrier, memory_order_relaxed) &&
        !rovei_barrier_heavy())
        atomic_store_explicit(&runtime->has_barrier, false, memory_order_relaxed);
}

bool rovei_sleep(struct rovei_worker *worker, int64_t until)
{
    for (;;) {
        uint32_t state = atomic_load_explicit(&worker->state, memory_order_seq_cst);
        if (state == WORKER_RUNNING)
            return false;
        if (state == WORKER_CALLED) {
            atomic_store_explicit(&worker->state, WORKER_RUNNING, memory_order_seq_cst);
            worker_count(worker, COUNT_WAKES);
            return true;
        }
        if (until == 0) {
            rovei_futex_wait(&worker->state, state);
            continue;
        }
        rovei_futex_wait_until(&worker->state, state, until);
        if (rovei_clock_now() >= until && sleep_end(worker))
            return false;
    }
}

/* The last look before sleeping. A worker that hears must not sleep on any work; a DEAF one must not be the last awake:
 * what each of several waits for may lie in the deque of another. In an isolated wait what others have is not for this
 * worker, but those that are deep down may take it. */
static bool sleep_may_not(struct rovei_worker *worker, const struct rovei_wait *wait, bool is_hearing)
{
    struct rove_runtime *runtime = worker->runtime;
    if (wait->isolation && !injector_is_empty(&wait->isolation->tasks)) /* [feed] of isolation.h */
        return true;
    bool has_work = (is_hearing || !sleep_is_anybody_awake(runtime, worker)) && rovei_work_is_visible(runtime);
    if (has_work && wait->isolation)
        rovei_wake_deaf(runtime);
    return has_work && !wait->isolation;
}

/* Steps 1 to 5 of "to park" in sleep.md. */
bool rovei_park(struct rovei_worker *worker, const struct rovei_wait *wait, bool is_hearing, bool is_searcher)
{
    struct rove_runtime *runtime = worker->runtime;
    uint32_t state = !is_hearing ? WORKER_DEAF : wait->is_between_tasks ? WORKER_IDLE : WORKER_PARKED;
    worker_count(worker, COUNT_PARKS);
    rovei_worker_publish(worker); /* who sleeps hears no doorbell */
    if (wait->before_sleep)
        wait->before_sleep(wait->arg);
    rovei_stop_settle(runtime);
    if (is_hearing)
        sleep_count(runtime, IDLE_SLEEPER - (is_searcher ? IDLE_SEARCHER : 0));
    atomic_store_explicit(&worker->is_isolated, wait->isolation != NULL,
                          memory_order_relaxed);                        /* ordered by the next */
    atomic_store_explicit(&worker->state, state, memory_order_seq_cst); /* [asleep] */
    if (is_hearing)
        sleep_ring_all(runtime, worker);
    else
        rovei_wake_one(runtime, worker);
    bool is_over = wait->is_over(wait->arg) || worker_has_broadcasts(worker) ||
                   (is_hearing && runtime_is_in_phase(runtime)); /* [over] */
    bool has_work = !is_over && sleep_may_not(worker, wait, is_hearing);
    if (is_over || (has_work && !is_hearing))
        sleep_end(worker);
    else if (has_work)
        sleep_call(worker);
    else
        rovei_stop_if_quiet(runtime);
    /* Whoever has put us from IDLE on the bench meanwhile has not taken over what we were to look after. */
    if ((is_over || has_work) && atomic_load_explicit(&worker->state, memory_order_seq_cst) == WORKER_BENCHED)
        rovei_leave_work(runtime);
    bool is_called = rovei_sleep(worker, wait->until);
    if (is_over || has_work)
        scaler_rouse(&runtime->scaler); /* it may have seen us asleep; whoever else wakes us rouses it, or we listen */
    if (!is_called && is_searcher && (is_over || has_work))
        sleep_hand_over(worker);
    else if (!is_called)
        rovei_listen(worker);
    return is_called;
}

void rovei_wake_deaf(struct rove_runtime *runtime)
{
    for (int i = 0; i < runtime_slots(runtime); i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (worker && atomic_load_explicit(&worker->state, memory_order_seq_cst) == WORKER_DEAF && /* [asleep] */
            !atomic_load_explicit(&worker->is_isolated, memory_order_relaxed)) /* ordered by the state */
            rovei_wake_worker(worker);
    }
}

void rovei_leave_work(struct rove_runtime *runtime)
{
    if (!rovei_work_is_visible(runtime))
        return;
    rovei_wake_one(runtime, NULL);
    for (int i = 0; i < runtime_slots(runtime) && !sleep_is_anybody_awake(runtime, NULL); i++) {
        struct rovei_worker *worker = runtime_slot(runtime, i);
        if (worker && atomic_load_explicit(&worker->state, memory_order_seq_cst) == WORKER_DEAF)
            rovei_wake_worker(worker);
    }
}

void rovei_unbench(struct rovei_worker *worker)
{
    struct rove_runtime *runtime = worker->runtime;
    atomic_fetch_add_explicit(&runtime->pool_active, 1, memory_order_seq_cst);
    sleep_count(runtime, IDLE_SLEEPER);
    atomic_store_explicit(&worker->state, WORKER_IDLE, memory_order_seq_cst); /* [asleep] */
    sleep_ring_all(runtime, worker);
    if (rovei_work_is_visible(runtime))
        rovei_wake_one(runtime, worker);
    if (runtime_is_in_phase(runtime))
        sleep_wake_if_asleep(worker);
}

bool rovei_bench_idle(struct rovei_worker *worker)
{
    if (worker_has_broadcasts(worker) || !sleep_change(worker, WORKER_IDLE, WORKER_BENCHED))
        return false;
    sleep_count(worker->runtime, -IDLE_SLEEPER);
    atomic_fetch_sub_explicit(&worker->runtime->pool_active, 1, memory_order_seq_cst);
    return true;
}
