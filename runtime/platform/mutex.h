/*
 * A lock for what is rare or short: the list in the injector, the queue of a pool, the number of workers. Holders wait
 * for nothing but the start of a thread of ours, and run no code of the user's but the allocator, which must not call
 * Rove.
 *
 * A futex word and not the C library's mutex, because a job of a pool takes a lock twice: inline, without the questions
 * of what kind of mutex it is, a pair of lock and unlock costs a third of the instructions.
 *
 * Edges
 *   [lock]  word (release) by whoever unlocks -> word (acquire) by the next who locks: all that was done under the lock
 *
 * Algorithm: Drepper 2011, "Futexes Are Tricky", the second mutex.
 */
#ifndef ROVEI_PLATFORM_MUTEX_H
#define ROVEI_PLATFORM_MUTEX_H

#include "runtime/platform/cpu.h"
#include "runtime/platform/futex.h"

#include <stdatomic.h>
#include <stdbool.h>

/* What the word says. With MUTEX_CONTENDED somebody may sleep on it. */
enum { MUTEX_FREE, MUTEX_HELD, MUTEX_CONTENDED };

/* All zero is a free lock. */
struct rovei_mutex {
    _Atomic uint32_t word;
};

/* The slow sides: sleeping; and trying for a microsecond or two before that. */
void rovei_mutex_wait(struct rovei_mutex *mutex);
void rovei_mutex_wait_soon(struct rovei_mutex *mutex);

static inline void mutex_init(struct rovei_mutex *mutex)
{
    atomic_init(&mutex->word, MUTEX_FREE);
}

/* Requires: nobody holds it. There is nothing to free; the model tests look at what is required. */
static inline void mutex_fini(struct rovei_mutex *mutex)
{
    (void)mutex;
}

static inline bool mutex_try_lock(struct rovei_mutex *mutex)
{
    uint32_t word = MUTEX_FREE;
    return atomic_compare_exchange_strong_explicit(&mutex->word, &word, MUTEX_HELD, memory_order_acquire, /* [lock] */
                                                   memory_order_relaxed);
}

static inline void mutex_lock(struct rovei_mutex *mutex)
{
    if (!mutex_try_lock(mutex))
        rovei_mutex_wait(mutex);
}

/* Takes a lock that is only held for a few instructions: whoever finds it taken tries for a while, because to sleep and
 * be woken costs both sides more than that. */
static inline void mutex_lock_soon(struct rovei_mutex *mutex)
{
    if (!mutex_try_lock(mutex))
        rovei_mutex_wait_soon(mutex);
}

/* The word is only named after it is released: the lock may be gone then. */
static inline void mutex_unlock(struct rovei_mutex *mutex)
{
    if (atomic_exchange_explicit(&mutex->word, MUTEX_FREE, memory_order_release) == MUTEX_CONTENDED) /* [lock] */
        rovei_futex_wake(&mutex->word, 1);
}

#endif
