/*
 * The owner's fast path on its deque: push a task, take it back. Internal: programs call rove_fork and rove_join
 * (task.h). It stands in a public header so that the compiler can inline it; `struct rovei_deque` is therefore part of
 * the binary interface and frozen within a major version.
 *
 * A deque is an array of task pointers with three ends that only differ by what they guard:
 *
 *        top                 split                      bottom
 *         v                    v                          v
 *   [ oldest ... public ... ]      [ ... private ... newest ]
 *
 * Thieves take at `top` and only below `split`; the owner pushes and takes at `bottom` and pays no fence while it stays
 * at or above `split`. The array does not wrap and never moves, so the owner's ends are addresses, and a slot stays
 * what it is however much is stolen. The protocol, its edges and its proof are in runtime/queue/deque.h and
 * runtime/queue/README.md.
 *
 * Invariant: between two operations of the owner `bottom` is a slot that may be written, so that a push may store
 * before it looks.
 */
#ifndef ROVE_DEQUE_H
#define ROVE_DEQUE_H

#include <rove/atomic.h>
#include <stddef.h>

struct rove_task;

/* Two neighbouring 64-byte lines: processors fetch lines in pairs. */
enum { ROVEI_LINE = 128 };

/* A place in a deque. */
typedef struct rovei_slot {
    ROVEI_ATOMIC_POINTER(struct rove_task) task;
} rove_slot;

struct rovei_deque {
    /* The owner's line. Nobody else writes it; others read `bottom` only when they are about to sleep or to force. */
    ROVEI_ATOMIC_POINTER(rove_slot) bottom; /* the place of the next push */
    rove_slot *first;                       /* the place of the oldest task that there can be; never changes */
    size_t reserved_size;                   /* bytes of address space from `first` on */
    bool is_final;                          /* the array cannot grow any more */
    char owner_pad[ROVEI_LINE - 32];

    /* The shared line: read by the owner on every operation, written rarely. Addresses are kept as integers. */
    rovei_atomic_word split;  /* the first private slot, or a token, which is above every address */
    rovei_atomic_word limit;  /* a push there or above takes the slow path: `end`, or 0: somebody is hungry */
    rovei_atomic_word origin; /* where the task with index 0 would lie; changes only while the deque is empty */
    rovei_atomic_word end;    /* the last slot that may be written; what lies there is never public. It only grows */
    char shared_pad[ROVEI_LINE - 32];

    /* The thieves' line. */
    rovei_atomic_i64 top; /* the index of the oldest task; it only grows */
    char thief_pad[ROVEI_LINE - 8];
};

/* Writes `task` to `slot`, which the caller knows to be the bottom. It is not in the deque by that. Owner only. Relaxed
 * is enough because whoever reads a slot has first read a `split` above it with acquire. */
static inline void rovei_deque_write(rove_slot *slot, struct rove_task *task)
{
    ROVEI_STORE(slot->task, task, RELAXED);
}

/*
 * Pushes the task that is written at `slot`, the bottom. Returns true if the slow path must be taken now: there is no
 * room for another one, or somebody is hungry. Owner only.
 *
 * Edges: slot (relaxed) and bottom (release [push]) -> a thief that forces publication reads bottom (acquire [force]):
 * it sees the slot and the task. Relaxed is enough for `limit` because an armed doorbell that is heard one push late
 * costs parallelism and never a task; where it must not be late, the sleeper's heavy barrier pairs with the light one
 * here.
 */
static inline bool rovei_deque_raise(struct rovei_deque *deque, rove_slot *slot)
{
    ROVEI_STORE(deque->bottom, slot + 1, RELEASE); /* [push] */
    ROVEI_LIGHT_BARRIER();
    return ROVEI_UNLIKELY((uintptr_t)slot >= ROVEI_LOAD(deque->limit, RELAXED));
}

/* Writes `task` to `slot`, the bottom, and pushes it. Returns what rovei_deque_raise returns. Owner only. */
static inline bool rovei_deque_push(struct rovei_deque *deque, rove_slot *slot, struct rove_task *task)
{
    rovei_deque_write(slot, task);
    return rovei_deque_raise(deque, slot);
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
static inline bool rovei_deque_take(struct rovei_deque *deque, rove_slot *slot)
{
    ROVEI_STORE(deque->bottom, slot, RELEASE); /* [take] */
    ROVEI_LIGHT_BARRIER();
    return (uintptr_t)slot >= ROVEI_LOAD(deque->split, RELAXED);
}

#endif
