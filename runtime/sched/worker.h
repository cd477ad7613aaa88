/*
 * A worker: two deques and what belongs to them. A worker is a place ("slot"), not a thread: a pool thread has one for
 * good, a guest thread (rove_run) takes one for a while, and what lies in its deques can be stolen whether or not
 * somebody is there.
 *
 * Two deques, because their tasks leave in different ways: a forked task is where its join looks for it, so `forks` is
 * strictly last in, first out; a spawned one may leave in any order while forks that are older wait for their joins.
 */
#ifndef ROVEI_SCHED_WORKER_H
#define ROVEI_SCHED_WORKER_H

#include "runtime/platform/overrun.h"
#include "runtime/platform/thread.h"
#include "runtime/queue/deque.h"
#include "runtime/queue/injector.h"
#include "runtime/queue/slab.h"

#include <rove/cancel.h>
#include <rove/stats.h>
#include <rove/task.h>
#include <stdatomic.h>

struct rovei_broadcast_part;
struct rovei_isolation;
struct rovei_plan;

/* Who is in the slot, and whether it can be woken. A futex word.
 *   VACANT   nobody; what was left behind is public
 *   RUNNING  a thread that works or looks for work
 *   IDLE     a pool thread asleep between tasks, counted as a sleeper: whoever feeds may wake it
 *   PARKED   asleep in a wait inside a task, counted as a sleeper: whoever feeds may wake it
 *   DEAF     asleep in a wait until that is over; new work is not for it
 *   CALLED   woken by a feeder, and counted as a searcher on its behalf
 *   BENCHED  a pool thread asleep because there are more workers than wanted, or because a guest works in its place
 *   AWAY     the thread works for another runtime meanwhile; somebody else may work in its place
 * Only the thread itself leaves RUNNING and CALLED. Whoever takes a worker out of IDLE, PARKED or DEAF does so by
 * compare and exchange and then corrects the counts; BENCHED is left under the lock of the seats. */
enum worker_state {
    WORKER_VACANT,
    WORKER_RUNNING,
    WORKER_IDLE,
    WORKER_PARKED,
    WORKER_DEAF,
    WORKER_CALLED,
    WORKER_BENCHED,
    WORKER_AWAY
};

enum worker_counter {
    COUNT_SPAWNED,
    COUNT_EXECUTED,
    COUNT_STOLEN_FORKS,
    COUNT_STEALS_EMPTY,
    COUNT_STEALS_LOST,
    COUNT_INJECTED,
    COUNT_DOORBELLS,
    COUNT_FORCED,
    COUNT_INLINE_RUNS,
    COUNT_GROWTHS,
    COUNT_PARKS,
    COUNT_WAKES,
    COUNT_BLOCKS,
    COUNT_BLOCKS_BARE,
    COUNT_STEALS, /* one for each distance */
    COUNTERS = COUNT_STEALS + ROVE_DISTANCES
};

/* What a worker is in the middle of: a task, a loop or another scope, on its stack. Those below it are suspended. */
struct rovei_frame {
    rove_scope *scope;                 /* what cancels it */
    const void *group;                 /* of a group's task: the group; else NULL */
    struct rovei_isolation *isolation; /* what it is part of in isolation, or NULL */
    uintptr_t what;                    /* the function of a task, to name it by; or 0 */
    struct rovei_frame *below;
};

/* What a worker is in the middle of, if that wants to know when it waits: lent_out(lender, true) is called before a
 * wait, the outermost blocking region or a stay in another runtime begins inside of it, and (lender, false) after that
 * has ended, both on the worker's thread. Not in a child of fork: there nobody is left to be told. */
struct rovei_lender {
    void (*lent_out)(struct rovei_lender *lender, bool begins);
};

/* Bits of the state of a scope: why it is canceled, a rove_status; whether it has a deadline; whether work runs in it;
 * and whether it is counted among those that work in it has to look at. */
#define SCOPE_CAUSE INT32_C(0xff)
#define SCOPE_IS_TIMED INT32_C(0x100)
#define SCOPE_IS_BEGUN INT32_C(0x200)
#define SCOPE_IS_COUNTED INT32_C(0x400)

/* How many scopes that have begun are canceled or have a deadline. While there is none, nobody has to look at any. */
extern _Atomic(int32_t) rovei_scopes_to_heed;

/* What decided how a pool thread was bound: when any of this changes, it is bound anew. */
struct rovei_binding {
    const struct rovei_plan *plan;
    bool is_crowded; /* workers share processors */
    bool is_spare;   /* there are more threads than workers, because some are blocked, and this is one of those */
    bool is_bound;   /* the outcome: to its own processor, until it is bound anew, whatever has changed since */
};

struct rovei_worker {
    struct rovei_deque forks; /* first: rovei_self points here */
    struct rovei_deque spawns;
    struct rovei_slab slab;
    struct rovei_injector inbox; /* tasks that are best run here; others may take them */

    /* Written by the owner only. */
    struct rove_runtime *runtime;
    int index;                          /* among all slots: pool slots first, then guest slots */
    int seat;                           /* the place in the plan */
    int depth;                          /* how many waits lie on top of each other on this stack */
    uint32_t ticks;                     /* tasks run; every so often the injector comes first */
    struct rovei_binding binding;       /* of a pool thread */
    int thread_id;                      /* of a pool thread, in the operating system */
    struct rovei_overrun overrun;       /* of a pool thread, if overruns are named */
    int blocks;                         /* blocking regions that the thread is in */
    uintptr_t attempts;                 /* for tokens that are unique */
    struct rovei_stack stack;           /* of the thread that is in the slot */
    uintptr_t stack_begin;              /* where on it the thread became this worker */
    struct rovei_worker *outer;         /* the worker of another runtime that this thread also is, or NULL */
    struct rovei_worker *innermost;     /* the last of these, while this one works again; else NULL */
    struct rovei_worker *last_victim;   /* the last that gave work, or NULL */
    int node;                           /* the memory node of the seat */
    int *victims;                       /* all seats, near to far, beginning with its own */
    unsigned char *distances;           /* how far each seat is */
    void *user_state;                   /* what the start hook returned */
    struct rovei_frame *running;        /* the innermost on this stack, or NULL */
    struct rovei_lender *lender;        /* is told of waits, or NULL: also while it is lent out */
    struct rovei_lender *blocked;       /* the one that the outermost blocking region has begun in */
    _Atomic(uint64_t) counts[COUNTERS]; /* read by others at any time */
    char owner_pad[ROVEI_LINE];

    _Atomic(uint32_t) state;   /* enum worker_state */
    _Atomic(bool) is_isolated; /* the wait in which it is DEAF is an isolated one */
    pthread_t thread;          /* of a pool slot */
    /* What it is to run for broadcasts; changed under the lock of the seats. */
    _Atomic(struct rovei_broadcast_part *) broadcasts;
    char state_pad[ROVEI_LINE];
};

/* One writer, so no read-modify-write; relaxed, because a counter orders nothing. */
static inline void worker_count_many(struct rovei_worker *worker, unsigned counter, uint64_t events)
{
    uint64_t count = atomic_load_explicit(&worker->counts[counter], memory_order_relaxed);
    atomic_store_explicit(&worker->counts[counter], count + events, memory_order_relaxed);
}

static inline void worker_count(struct rovei_worker *worker, enum worker_counter counter)
{
    worker_count_many(worker, counter, 1);
}

/* Whether the worker keeps tasks for itself though nothing of its is public. Any thread; see deque_hides_tasks. */
static inline bool worker_hides_tasks(struct rovei_worker *worker)
{
    return deque_hides_tasks(&worker->forks) || deque_hides_tasks(&worker->spawns);
}

static inline bool worker_has_public(struct rovei_worker *worker)
{
    return !injector_is_empty(&worker->inbox) || deque_has_public(&worker->forks) || deque_has_public(&worker->spawns);
}

/* Whether it has something to run for broadcasts. Any thread. Seq_cst for the last look of a worker that is about to
 * sleep, and has said so before; see [part] in broadcast.c. */
static inline bool worker_has_broadcasts(struct rovei_worker *worker)
{
    return atomic_load_explicit(&worker->broadcasts, memory_order_seq_cst) != NULL;
}

/* `frame`, on the caller's stack, is what the worker is in the middle of from now on, until it is popped. Owner
 * only. */
static inline void worker_push_frame(struct rovei_worker *worker, struct rovei_frame *frame)
{
    frame->below = worker->running;
    worker->running = frame;
}

/* What the worker works in isolation for, or NULL. */
static inline struct rovei_isolation *worker_isolation(const struct rovei_worker *worker)
{
    return worker->running ? worker->running->isolation : NULL;
}

static inline void worker_pop_frame(struct rovei_worker *worker, const struct rovei_frame *frame)
{
    worker->running = frame->below;
}

/* Makes a deque of its own, on which nothing stays, that of the calling thread, which is no worker. */
void rovei_outside_reset(void);

/* The worker that the calling thread is, or NULL. */
static inline struct rovei_worker *worker_self(void)
{
    return rovei_self->first ? (struct rovei_worker *)rovei_self : NULL;
}

/* Makes the calling thread `worker`; NULL: no worker. Returns what it was before. */
struct rovei_worker *rovei_worker_become(struct rovei_worker *worker);

/* Allocates a worker and touches its memory; the caller enters it into the runtime. NULL if there is no memory. */
struct rovei_worker *rovei_worker_create(struct rove_runtime *runtime, int index, int seat);

/* Requires: its deques are empty and no thread is in it. NULL is legal. */
void rovei_worker_destroy(struct rovei_worker *worker);

/* Binds a pool thread anew if the reasons for how it is bound have changed. Owner only. */
void rovei_worker_follow_plan(struct rovei_worker *worker);

/* Lets the calling thread, if it is bound as a pool thread, run on all processors of its runtime, so that it sees those
 * and not its own alone. Returns whether it was; rovei_worker_bind undoes it. */
bool rovei_worker_unbind(void);
void rovei_worker_bind(void);

/* Something begins that the worker's lender is to know of. Returns it, or NULL if there is none; meanwhile there is
 * none, so that what runs on top has lenders of its own. When it has ended, `lender`, which may be NULL, is back. Owner
 * only. */
struct rovei_lender *rovei_worker_lend(struct rovei_worker *worker);
void rovei_worker_take_back(struct rovei_worker *worker, struct rovei_lender *lender);

/* Makes everything public that lies in the worker's deques. Owner only. */
void rovei_worker_publish(struct rovei_worker *worker);

/* The slow side of worker_spawn, when the task has been pushed. */
__attribute__((cold)) bool rovei_spawn_slow(struct rovei_worker *worker);

/* Puts a task that nobody joins into the worker's deque. False if there was no memory to queue it: then it is the
 * caller's again. Wakes a worker if need be. Owner only. */
static inline bool worker_spawn(struct rovei_worker *worker, rove_task *task)
{
    rove_slot *bottom = ROVEI_LOAD(worker->spawns.bottom, RELAXED); /* own variable */
    return !rovei_deque_push(&worker->spawns, bottom, task) || rovei_spawn_slow(worker);
}

/* Starts the pool threads of the first `seats` seats that have none yet, and waits until each has made its worker and
 * fallen asleep, BENCHED. Returns ROVE_OK; ROVE_NO_THREADS if some were refused, with the reason in `*error`, an errno
 * value; ROVE_NO_MEMORY; ROVE_CLOSED if threads are missing and the runtime has finished. Those that could be started
 * stay. They begin with the mask of the runtime, also if a bound worker starts them. Requires: the lock of the
 * seats. */
rove_status rovei_workers_start(struct rove_runtime *runtime, int seats, int *error);

#endif
