/*
 * The owner's fast path on its deque: push a task, take it back. Internal: programs call rove_fork and rove_join
 * (task.h). It stands in a public header so that the compiler can inline it; `struct rovei_deque` is therefore part of
 * the binary interface and frozen within a major version.
 *
 * A deque is a ring of task pointers with three indices that only differ by what they guard:
 *
 *        top                 split                      bottom
 *         v                    v                          v
 *   [ oldest ... public ... ]      [ ... private ... newest ]
 *
 * Thieves take at `top` and only below `split`; the owner pushes and takes at `bottom` and pays no fence while it stays
 * at or above `split`. The protocol, its edges and its proof are in runtime/queue/deque.h and runtime/queue/README.md.
 *
 * Invariant: after every push at least one slot of the ring is free, so that a push may store before it looks.
 */
#ifndef ROVE_DEQUE_H
#define ROVE_DEQUE_H

#include <rove/atomic.h>

struct rove_task;
struct rovei_ring;

/* Two neighbouring 64-byte lines: processors fetch lines in pairs. */
enum { ROVEI_LINE = 128 };

struct rovei_deque {
    /* The owner's line. Nobody else writes it; others read `bottom` only when they are about to sleep or to force. */
    rovei_atomic_i64 bottom;                        /* index of the next push */
    ROVEI_ATOMIC_POINTER(struct rove_task) * slots; /* the ring's slots */
    int64_t mask;                                   /* number of slots less one */
    int64_t ring_limit;                             /* the value of `limit` when nobody is hungry */
    char owner_pad[ROVEI_LINE - 32];

    /* The shared line: read by the owner on every operation, written rarely. */
    rovei_atomic_i64 split; /* first private index, or a token, which is above every index */
    rovei_atomic_i64 limit; /* a push at or above it takes the slow path: ring full, or INT64_MIN: somebody is hungry */
    ROVEI_ATOMIC_POINTER(struct rovei_ring) ring; /* what thieves read through */
    char shared_pad[ROVEI_LINE - 24];

    /* The thieves' line. */
    rovei_atomic_i64 top; /* index of the oldest task; it only grows */
    char thief_pad[ROVEI_LINE - 8];
};

/*
 * Puts `task` at the bottom, which the caller knows is at `bottom`. Returns true if the slow path must be taken now:
 * the ring is full or somebody is hungry. Owner only.
 *
 * Edges: slot (relaxed) and bottom (release [push]) -> a thief that forces publication reads bottom (acquire [force]):
 * it sees the slot and the task. Relaxed is enough for the slot because whoever reads it has first read `split` or
 * `bottom` with acquire. Relaxed is enough for `limit` because an armed doorbell that is heard one push late costs
 * parallelism and never a task; where it must not be late, the sleeper's heavy barrier pairs with the light one here.
 */
static inline bool rovei_deque_push_at(struct rovei_deque *deque, int64_t bottom, struct rove_task *task)
{
    ROVEI_STORE(deque->slots[bottom & deque->mask], task, RELAXED);
    ROVEI_STORE(deque->bottom, bottom + 1, RELEASE); /* [push] */
    ROVEI_LIGHT_BARRIER();
    return ROVEI_UNLIKELY(bottom >= ROVEI_LOAD(deque->limit, RELAXED));
}

/* The same for a caller that does not know the bottom; `slot` receives it. */
static inline bool rovei_deque_push(struct rovei_deque *deque, struct rove_task *task, int64_t *slot)
{
    int64_t bottom = ROVEI_LOAD(deque->bottom, RELAXED); /* own variable */
    *slot = bottom;
    return rovei_deque_push_at(deque, bottom, task);
}

/*
 * Takes the newest task, which was pushed at `slot`, back. Returns true if it was private and is the owner's again
 * without further ado; false if the slow path has to find out. Owner only.
 *
 * Edges: bottom (release [take]) -> force; release rather than relaxed so that every store of `bottom` heads its own
 * release sequence, as C++20 wants it. The light barrier keeps the load of `split` behind the store of `bottom`; the
 * heavy side is the barrier of a forcing thief. Relaxed is enough for `split`: the owner wrote it, or a forcing thief
 * did, and then the value is only compared.
 */
static inline bool rovei_deque_take(struct rovei_deque *deque, int64_t slot)
{
    ROVEI_STORE(deque->bottom, slot, RELEASE); /* [take] */
    ROVEI_LIGHT_BARRIER();
    return slot >= ROVEI_LOAD(deque->split, RELAXED);
}

#endif
