/*
 * The lock, for the model tests: stands in front of runtime/platform/mutex.h. Relacy finds deadlocks, unlocking by a
 * stranger, and locks that are left behind. A try may fail for no reason.
 */
#ifndef ROVEI_PLATFORM_MUTEX_H
#define ROVEI_PLATFORM_MUTEX_H

#include <relacy/relacy.hpp>

struct rovei_mutex {
    rl::generic_mutex<rovei_mutex> handle;
};

static inline void mutex_init(struct rovei_mutex *mutex)
{
    mutex->handle.init(false, false, false, true, $);
}

static inline void mutex_fini(struct rovei_mutex *mutex)
{
    mutex->handle.deinit($);
}

static inline void mutex_lock(struct rovei_mutex *mutex)
{
    mutex->handle.lock_exclusive($);
}

static inline void mutex_lock_soon(struct rovei_mutex *mutex)
{
    mutex_lock(mutex);
}

static inline bool mutex_try_lock(struct rovei_mutex *mutex)
{
    return mutex->handle.try_lock_exclusive($);
}

static inline void mutex_unlock(struct rovei_mutex *mutex)
{
    mutex->handle.unlock_exclusive($);
}

#endif
