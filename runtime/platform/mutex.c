#include "runtime/platform/mutex.h"

/* Whoever has slept does not know whether others still do, and so leaves the word contended. */
void rovei_mutex_wait(struct rovei_mutex *mutex)
{
    while (atomic_exchange_explicit(&mutex->word, MUTEX_CONTENDED, memory_order_acquire) != MUTEX_FREE) /* [lock] */
        rovei_futex_wait(&mutex->word, MUTEX_CONTENDED);
}

/* Relaxed: mutex_try_lock asks again. */
void rovei_mutex_wait_soon(struct rovei_mutex *mutex)
{
    enum { TRIES = 64 };
    for (int i = 0; i < TRIES; i++) {
        cpu_relax();
        if (atomic_load_explicit(&mutex->word, memory_order_relaxed) == MUTEX_FREE && mutex_try_lock(mutex))
            return;
    }
    rovei_mutex_wait(mutex);
}
