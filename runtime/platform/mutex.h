/*
 * A lock for what is rare or short: the list in the injector, the number of workers. Holders wait for nothing
 * but the start of a thread of ours, and run no code of the user's but the allocator, which must not call Rove.
 */
#ifndef ROVEI_PLATFORM_MUTEX_H
#define ROVEI_PLATFORM_MUTEX_H

#include <pthread.h>
#include <stdbool.h>

struct rovei_mutex {
    pthread_mutex_t handle;
};

static inline void mutex_init(struct rovei_mutex *mutex)
{
    pthread_mutex_init(&mutex->handle, NULL);
}

static inline void mutex_fini(struct rovei_mutex *mutex)
{
    pthread_mutex_destroy(&mutex->handle);
}

static inline void mutex_lock(struct rovei_mutex *mutex)
{
    pthread_mutex_lock(&mutex->handle);
}

static inline bool mutex_try_lock(struct rovei_mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->handle) == 0;
}

static inline void mutex_unlock(struct rovei_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->handle);
}

#endif
