/*
 * Waiting in a pool: for room, for results, for the end. A waiter lies on the stack of its thread and in one list; the
 * list's lock guards both. Whoever makes true what it waits for takes it off the list and signals it; it then looks
 * again itself, because another thread may have been faster.
 *
 * A worker of the pool's runtime works while it waits, and so does a thread without which nobody would. Any other
 * thread sleeps on one of a few words of the pool, its bell, so that a signal handler, which may not take a lock to
 * look for waiters, can ring all of them.
 *
 * Edges
 *   [signal]  word (seq_cst) -> the waiter: what was made true; seq_cst because the signaller then looks whether the
 *             worker sleeps, see sched/wait.h
 *   [guest]   word (seq_cst, compare and exchange) by a waiter that begins to work -> the signaller, which either wakes
 *             the worker that it finds there, or has made the exchange fail
 *   [bell]    bell (seq_cst), after word or the pool's `stop` -> a sleeper that has read the bell before it looked at
 *             those
 */
#ifndef ROVEI_POOL_WAITER_H
#define ROVEI_POOL_WAITER_H

#include <rove/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rove_pool;
struct rove_batch;

enum { POOL_BELLS = 16 };

/* What `word` holds, if it is not the address of a worker. */
enum { WAITER_SLEEPS = 0, WAITER_SIGNALLED = 1 };

/* All zero but for `batch` before it is entered for the first time. */
struct pool_waiter {
    struct pool_waiter *next;
    struct pool_waiter *previous;
    const struct rove_batch *batch; /* what is waited for belongs to it; or NULL */
    int bell;
    bool is_listed;          /* under the lock */
    _Atomic(uintptr_t) word; /* the worker that waits and is to be woken, or one of the above */
};

struct pool_waiters {
    struct pool_waiter *first;
    struct pool_waiter *last;
};

/* Under the lock: enters a waiter at the end, and takes one off that was not signalled. */
void rovei_waiter_enter(struct rove_pool *pool, struct pool_waiters *waiters, struct pool_waiter *waiter);
void rovei_waiter_leave(struct pool_waiters *waiters, struct pool_waiter *waiter);

/* Under the lock: takes `waiter` off and signals it; for a thread that sleeps, returns the bit of the bell that is to
 * be rung when the lock is released. */
uint32_t rovei_waiter_signal(struct pool_waiters *waiters, struct pool_waiter *waiter);

/* The same for up to `most` waiters, the first ones; and for those that belong to `batch`. */
uint32_t rovei_waiters_signal(struct pool_waiters *waiters, size_t most);
uint32_t rovei_waiters_signal_batch(struct pool_waiters *waiters, const struct rove_batch *batch);

/* Wakes who sleeps on the bells whose bits are set; if these are all, workers that wait too, because a stop was
 * requested. Any thread, also a signal handler. */
void rovei_bells_ring(struct rove_pool *pool, uint32_t bells);

/* Whether a stop was requested that nobody has noticed: whoever takes the lock does. Any thread. */
bool rovei_stop_is_unnoticed(const struct rove_pool *pool);

/* Waits, without the lock, until the waiter is signalled, the time `until` is over (ROVE_NEVER: never), or a stop was
 * requested that nobody has noticed. Then the caller takes the lock, takes the waiter off if it is still listed, and
 * looks. Returns ROVE_OK; ROVE_TIMED_OUT; ROVE_FORKED, when the lock is nobody's to take any more. */
rove_status rovei_waiter_wait(struct rove_pool *pool, struct pool_waiter *waiter, int64_t until);

#endif
