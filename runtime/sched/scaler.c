/*
 * The rule of the automatic mode. Constants and reasons are in scale.md.
 *
 * Edges
 *   [scaler]  state (seq_cst) by the scaler, then the states of the workers -> a worker's state (seq_cst), then the
 *             scaler's: a scaler that is about to sleep and a worker that begins to work see each other
 */
#include "runtime/sched/scaler.h"

#include "numa/quota.h"
#include "numa/restrict.h"
#include "runtime/platform/affinity.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/memory.h"
#include "runtime/platform/usage.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/scale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALER_TICK (20 * ROVE_MILLISECOND)
#define SCALER_MACHINE (200 * ROVE_MILLISECOND) /* between two looks at quota and affinity */
#define SCALER_HOLD_LEAST (1 * ROVE_SECOND)
#define SCALER_HOLD_MOST (32 * ROVE_SECOND)

enum {
    SCALER_SAMPLE = 32, /* threads whose usage is read in a tick */
    SCALER_CROWDED_PERCENT = 20,
    SCALER_CROWDED_TICKS = 10,
    SCALER_BACKLOG_TICKS = 2,
    SCALER_IDLE_TICKS = 100,
    SCALER_STACK = 128 * 1024
};

/* What the scaler remembers between two looks. */
struct scaler_memory {
    struct rovei_quota groups;
    int quota;    /* processors; 0: no bound */
    int *allowed; /* processors that the affinity mask leaves, in order; NULL: unknown, for want of memory */
    int processors;
    int64_t next_machine;
    struct rovei_usage usage[SCALER_SAMPLE]; /* as last read */
    int threads[SCALER_SAMPLE];              /* whose usage that is; 0: nobody's */
    int64_t ran;                             /* in the present window */
    int64_t waited;
    int crowded_ticks;
    int backlog_ticks;
    int idle_ticks;
    int idle_least; /* the fewest that slept in the present window */
    int64_t hold;   /* how long not to grow after the next time that it is crowded */
    int64_t hold_until;
};

static bool scaler_change(struct rovei_scaler *scaler, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(&scaler->state, &from, to, memory_order_seq_cst,
                                                   memory_order_relaxed); /* [scaler] */
}

void rovei_scaler_rouse(struct rovei_scaler *scaler)
{
    if (scaler_change(scaler, SCALER_ASLEEP, SCALER_AWAKE))
        rovei_futex_wake(&scaler->state, 1);
}

/* The most workers that the machine and the caller allow at the moment. Requires: the lock of the seats. */
static int scaler_most(const struct rove_runtime *runtime, const struct scaler_memory *memory)
{
    int most = memory->processors;
    if (memory->quota > 0 && memory->quota < most)
        most = memory->quota;
    if (runtime->scaler.most > 0 && runtime->scaler.most < most)
        most = runtime->scaler.most;
    if (most > runtime->most)
        most = runtime->most;
    return most > runtime->scaler.least ? most : runtime->scaler.least;
}

static bool seating_is_of(const struct rovei_seating *seating, const struct scaler_memory *memory)
{
    return seating->plan.allowed_count == memory->processors &&
           memcmp(seating->plan.allowed, memory->allowed, (size_t)memory->processors * sizeof *memory->allowed) == 0;
}

/* The plan for what is left: one that there was already, or a new one. NULL without memory. Requires: the lock. */
static struct rovei_seating *scaler_seating(struct rove_runtime *runtime, const struct scaler_memory *memory)
{
    const rove_allocator *allocator = &runtime->settings.allocator;
    for (struct rovei_seating *seating = runtime->seatings; seating; seating = seating->older)
        if (seating_is_of(seating, memory))
            return seating;
    struct rovei_seating *seating = rovei_memory_allocate(allocator, sizeof *seating);
    if (seating && !rovei_plan_restrict(&seating->plan, &runtime->plan, memory->allowed, memory->processors)) {
        rovei_memory_release(allocator, seating, sizeof *seating);
        seating = NULL;
    }
    if (seating) {
        seating->older = runtime->seatings;
        runtime->seatings = seating;
    }
    return seating;
}

/* Binds the workers anew to what is left of the plan. Without memory they stay as they are until the next look, which
 * takes the mask for a new one. Requires: the lock. */
static void scaler_reseat(struct rove_runtime *runtime, struct scaler_memory *memory)
{
    const struct rovei_seating *seating = scaler_seating(runtime, memory);
    if (seating) {
        atomic_store_explicit(&runtime->seated, &seating->plan, memory_order_release); /* [seated] */
        return;
    }
    free(memory->allowed);
    memory->allowed = NULL;
}

static int scaler_compare(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return (left > right) - (left < right);
}

/* Begins with the processors that the plan was made with. */
static void scaler_remember_plan(struct scaler_memory *memory, const struct rovei_plan *plan)
{
    size_t size = (size_t)plan->allowed_count * sizeof *memory->allowed;
    memory->processors = plan->allowed_count;
    memory->allowed = malloc(size);
    if (!memory->allowed)
        return;
    memcpy(memory->allowed, plan->allowed, size);
    qsort(memory->allowed, (size_t)plan->allowed_count, sizeof *memory->allowed, scaler_compare);
}

/* A topology that the program has given bounds what is taken from the mask. Returns how many are left. */
static int scaler_keep_known(const struct rove_runtime *runtime, int *allowed, int count)
{
    int kept = 0;
    if (!runtime->settings.topology && !runtime->settings.topology_xml)
        return count;
    for (int i = 0; i < count; i++)
        for (int pu = 0; pu < runtime->machine.pu_count; pu++)
            if (runtime->machine.pus[pu].os == allowed[i]) {
                allowed[kept++] = allowed[i];
                break;
            }
    return kept;
}

/* Reads the affinity mask. True if there was another before, or when the plan was made, or if that is unknown. */
static bool scaler_read_affinity(const struct rove_runtime *runtime, struct scaler_memory *memory)
{
    int *allowed;
    int count;
    if (rovei_affinity_read(&allowed, &count) != 0)
        return false;
    count = scaler_keep_known(runtime, allowed, count);
    if (count == 0) {
        free(allowed);
        return false;
    }
    bool is_new = count != memory->processors || !memory->allowed ||
                  memcmp(allowed, memory->allowed, (size_t)count * sizeof *allowed) != 0;
    free(memory->allowed);
    memory->allowed = allowed;
    memory->processors = count;
    return is_new;
}

/* Follows quota and affinity: down at once, and up again for a runtime that had all it could. */
static void scaler_follow_machine(struct rove_runtime *runtime, struct scaler_memory *memory, int64_t now)
{
    if (now < memory->next_machine)
        return;
    memory->next_machine = now + SCALER_MACHINE;
    int most_before = scaler_most(runtime, memory);
    bool is_real = runtime->plan.is_real;
    bool has_moved = is_real && scaler_read_affinity(runtime, memory);
    if (has_moved)
        scaler_reseat(runtime, memory);
    memory->quota = rovei_quota_read(&memory->groups);
    int most = scaler_most(runtime, memory);
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    if (workers > most || (workers == most_before && most > most_before))
        rovei_scale_decide(runtime, &(rove_scale_decision){.reason = has_moved ? ROVE_SCALE_AFFINITY : ROVE_SCALE_QUOTA,
                                                           .after = most,
                                                           .most = most,
                                                           .waiting_percent = -1});
}

/* Adds up what the pool threads got of the processors since the last tick. */
static void scaler_sample(struct rove_runtime *runtime, struct scaler_memory *memory)
{
    int sampled = 0;
    for (int seat = 0; seat < runtime_slots(runtime) / 2 && sampled < SCALER_SAMPLE; seat++) {
        struct rovei_worker *worker = runtime_pool(runtime, seat);
        struct rovei_usage usage;
        if (!worker || atomic_load_explicit(&worker->state, memory_order_relaxed) != WORKER_RUNNING || /* a hint */
            !rovei_usage_read(worker->thread_id, &usage))
            continue;
        if (memory->threads[sampled] == worker->thread_id) {
            memory->ran += usage.ran_ns - memory->usage[sampled].ran_ns;
            memory->waited += usage.waited_ns - memory->usage[sampled].waited_ns;
        }
        memory->threads[sampled] = worker->thread_id;
        memory->usage[sampled++] = usage;
    }
}

/* Begins all windows anew: what was measured with another number of workers says nothing about this one. */
static void scaler_forget(struct scaler_memory *memory)
{
    memory->ran = 0;
    memory->waited = 0;
    memory->crowded_ticks = 0;
    memory->backlog_ticks = 0;
    memory->idle_ticks = 0;
}

static int scaler_waiting_percent(const struct scaler_memory *memory)
{
    int64_t wanted = memory->ran + memory->waited;
    return wanted < ROVE_MILLISECOND ? -1 : (int)(100 * memory->waited / wanted);
}

static int scaler_at_least(int workers, int least)
{
    return workers > least ? workers : least;
}

int rovei_scaler_uncrowded(int workers, int waiting_percent, int least)
{
    int after = workers - workers * waiting_percent / 100;
    return scaler_at_least(after < workers ? after : workers - 1, least);
}

int rovei_scaler_unidled(int workers, int asleep, int least)
{
    return scaler_at_least(workers - (asleep + 1) / 2, least);
}

/* What to do on the grounds of the load. False: nothing. Requires: the lock of the seats. */
static bool scaler_judge(struct rove_runtime *runtime, struct scaler_memory *memory, int64_t now,
                         rove_scale_decision *decision)
{
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    int asleep = (int)idle_sleepers(atomic_load_explicit(&runtime->idle.counts, memory_order_relaxed));
    bool has_backlog = asleep == 0 && rovei_work_is_visible(runtime);
    *decision = (rove_scale_decision){.most = scaler_most(runtime, memory), .asleep = asleep, .waiting_percent = -1};
    memory->backlog_ticks = has_backlog ? memory->backlog_ticks + 1 : 0;
    memory->idle_least = memory->idle_ticks == 0 || asleep < memory->idle_least ? asleep : memory->idle_least;
    memory->idle_ticks++;
    memory->crowded_ticks++;
    if (memory->crowded_ticks >= SCALER_CROWDED_TICKS) {
        decision->waiting_percent = scaler_waiting_percent(memory);
        memory->crowded_ticks = 0;
        memory->ran = 0;
        memory->waited = 0;
        if (decision->waiting_percent >= SCALER_CROWDED_PERCENT && workers > runtime->scaler.least) {
            if (now > memory->hold_until + SCALER_HOLD_MOST)
                memory->hold = SCALER_HOLD_LEAST;
            memory->hold_until = now + memory->hold;
            memory->hold = memory->hold < SCALER_HOLD_MOST ? 2 * memory->hold : memory->hold;
            decision->reason = ROVE_SCALE_CROWDED;
            decision->after = rovei_scaler_uncrowded(workers, decision->waiting_percent, runtime->scaler.least);
            return true;
        }
    }
    if (memory->backlog_ticks >= SCALER_BACKLOG_TICKS && now >= memory->hold_until && workers < decision->most) {
        memory->backlog_ticks = 0;
        decision->reason = ROVE_SCALE_BACKLOG;
        decision->after = workers + (workers + 1) / 2;
        return true;
    }
    if (memory->idle_ticks >= SCALER_IDLE_TICKS) {
        memory->idle_ticks = 0;
        decision->reason = ROVE_SCALE_IDLE;
        decision->after = rovei_scaler_unidled(workers, memory->idle_least, runtime->scaler.least);
        return memory->idle_least > 0 && workers > runtime->scaler.least;
    }
    return false;
}

static void scaler_tick(struct rove_runtime *runtime, struct scaler_memory *memory)
{
    int64_t now = rovei_clock_now();
    scaler_sample(runtime, memory);
    mutex_lock(&runtime->seats);
    if (runtime->scaler.is_auto) {
        rove_scale_decision decision;
        scaler_follow_machine(runtime, memory, now);
        if (scaler_judge(runtime, memory, now, &decision)) {
            rovei_scale_decide(runtime, &decision);
            scaler_forget(memory);
        }
    }
    mutex_unlock(&runtime->seats);
}

/* Goes off if the mode has been ended. Whoever begins it again holds the lock, too, and so finds it off or on. */
static bool scaler_is_on(struct rove_runtime *runtime)
{
    mutex_lock(&runtime->seats);
    bool is_on = runtime->scaler.is_auto || !scaler_change(&runtime->scaler, SCALER_AWAKE, SCALER_OFF);
    mutex_unlock(&runtime->seats);
    return is_on;
}

static void scaler_sleep_while(struct rovei_scaler *scaler, uint32_t state)
{
    while (atomic_load_explicit(&scaler->state, memory_order_seq_cst) == state) /* [scaler] */
        rovei_futex_wait(&scaler->state, state);
}

/* Sleeps until somebody works. */
static void scaler_sleep(struct rove_runtime *runtime)
{
    if (scaler_change(&runtime->scaler, SCALER_AWAKE, SCALER_ASLEEP) && rovei_is_anybody_awake(runtime))
        rovei_scaler_rouse(&runtime->scaler);
    scaler_sleep_while(&runtime->scaler, SCALER_ASLEEP);
}

static void *scaler_main(void *arg)
{
    struct rove_runtime *runtime = arg;
    _Atomic uint32_t *state = &runtime->scaler.state;
    struct scaler_memory memory = {.hold = SCALER_HOLD_LEAST};
    char name[THREAD_NAME_SIZE];
    snprintf(name, sizeof name, "rove-%.5s-auto", runtime->settings.name);
    rovei_thread_name(name);
    scaler_remember_plan(&memory, &runtime->plan);
    rovei_quota_init(&memory.groups, "");
    memory.quota = runtime->quota; /* what the first number of workers was made with */
    while (atomic_load_explicit(state, memory_order_seq_cst) != SCALER_ENDING) {
        if (!scaler_is_on(runtime)) {
            scaler_sleep_while(&runtime->scaler, SCALER_OFF);
            continue;
        }
        if (!rovei_is_anybody_awake(runtime)) {
            scaler_sleep(runtime);
            continue;
        }
        rovei_futex_wait_until(state, SCALER_AWAKE, rovei_clock_now() + SCALER_TICK);
        scaler_tick(runtime, &memory);
    }
    free(memory.allowed);
    return NULL;
}

/* The thread takes over the mask of the one that starts it, which a worker's own is not to be. */
static int scaler_start(struct rove_runtime *runtime)
{
    bool was_bound = rovei_worker_unbind();
    int error = rovei_thread_start(&runtime->scaler.thread, SCALER_STACK, scaler_main, runtime);
    if (was_bound)
        rovei_worker_bind();
    return error;
}

int rovei_scaler_begin(struct rove_runtime *runtime, int least, int most)
{
    struct rovei_scaler *scaler = &runtime->scaler;
    int error = scaler->has_thread ? 0 : scaler_start(runtime);
    if (error)
        return error;
    scaler->has_thread = true;
    scaler->is_auto = true;
    scaler->least = least;
    scaler->most = most;
    if (scaler_change(scaler, SCALER_OFF, SCALER_AWAKE))
        rovei_futex_wake(&scaler->state, 1);
    scaler_rouse(scaler);
    return 0;
}

void rovei_scaler_end(struct rove_runtime *runtime)
{
    struct rovei_scaler *scaler = &runtime->scaler;
    if (!scaler->has_thread)
        return;
    atomic_store_explicit(&scaler->state, SCALER_ENDING, memory_order_seq_cst);
    rovei_futex_wake(&scaler->state, 1);
    pthread_join(scaler->thread, NULL);
    scaler->has_thread = false;
}
