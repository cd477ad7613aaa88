#include "runtime/pool/keeper.h"

#include "runtime/platform/clock.h"
#include "runtime/platform/futex.h"
#include "runtime/platform/memory.h"
#include "runtime/platform/thread.h"
#include "runtime/pool/delays.h"
#include "runtime/pool/watchdog.h"

#include <stdio.h>

/* The thread also runs the program's on_stuck and log. */
enum { KEEPER_STACK = 256 * 1024 };

/* How many jobs it lets go at a time, so that the lock is not held for long. */
enum { KEEPER_TAKE = 32 };

struct pool_keeper {
    struct rove_pool *pool;
    pthread_t thread;
    struct pool_delays delays; /* under the pool's lock, like the next one */
    bool is_hurried;           /* nothing waits for its time any more */
    struct pool_watchdog watchdog;
    _Atomic(bool) is_ending;
    _Atomic uint32_t bell;
};

static struct pool_keeper *keeper_of(struct rove_pool *pool)
{
    return __atomic_load_n(&pool->keeper, __ATOMIC_ACQUIRE); /* [keeper] */
}

static void keeper_ring(struct pool_keeper *keeper)
{
    atomic_fetch_add_explicit(&keeper->bell, 1, memory_order_seq_cst); /* [ring] */
    rovei_futex_wake(&keeper->bell, 1);
}

/* Lets up to KEEPER_TAKE jobs go that are due; returns how many, and stores in `*next` when the next one is. Requires:
 * the lock. */
static size_t keeper_let_go_some(struct pool_keeper *keeper, int64_t *next)
{
    size_t count = 0;
    int64_t now = keeper->is_hurried ? ROVE_NEVER : rovei_clock_now();
    struct pool_cell *first;
    while ((first = keeper->delays.first) != NULL && first->due <= now && count < KEEPER_TAKE) {
        rovei_delays_remove(&keeper->delays, first);
        rovei_pool_unhold_locked(keeper->pool, first, ROVE_OK, 0);
        count++;
    }
    *next = first ? first->due : ROVE_NEVER;
    return count;
}

/* Lets all go that are due. Returns when the next one is. Whoever takes the lock notices a stop. */
static int64_t keeper_let_go(struct pool_keeper *keeper)
{
    int64_t next;
    size_t count;
    do {
        pool_lock(keeper->pool);
        count = keeper_let_go_some(keeper, &next);
        pool_unlock(keeper->pool);
    } while (count == KEEPER_TAKE);
    return next;
}

static void *keeper_main(void *arg)
{
    struct pool_keeper *keeper = arg;
    char name[THREAD_NAME_SIZE];
    snprintf(name, sizeof name, "rove-%.8s-k", keeper->pool->name);
    rovei_thread_name(name);
    for (;;) {
        uint32_t bell = atomic_load_explicit(&keeper->bell, memory_order_seq_cst); /* [ring] */
        if (atomic_load_explicit(&keeper->is_ending, memory_order_relaxed))        /* the bell orders it */
            return NULL;
        int64_t next = keeper_let_go(keeper);
        int64_t look = rovei_watchdog_look(&keeper->watchdog);
        next = look < next ? look : next;
        if (next == ROVE_NEVER)
            rovei_futex_wait(&keeper->bell, bell);
        else
            rovei_futex_wait_until(&keeper->bell, bell, next);
    }
}

static void keeper_free(struct pool_keeper *keeper)
{
    const rove_allocator *allocator = keeper->pool->allocator;
    rovei_watchdog_fini(&keeper->watchdog);
    rovei_memory_release(allocator, keeper, sizeof *keeper);
}

/* The thread takes over the mask of the one that starts it, which a worker's own is not to be. */
static bool keeper_start(struct pool_keeper *keeper)
{
    bool was_bound = rovei_worker_unbind();
    int error = rovei_thread_start(&keeper->thread, KEEPER_STACK, keeper_main, keeper);
    if (was_bound)
        rovei_worker_bind();
    return error == 0;
}

/* Requires: the lock, for which the new thread waits if it is fast. */
static rove_status keeper_create(struct rove_pool *pool)
{
    struct pool_keeper *keeper = rovei_memory_allocate(pool->allocator, sizeof *keeper);
    if (!keeper)
        return ROVE_NO_MEMORY;
    keeper->pool = pool;
    rove_status status = rovei_watchdog_init(&keeper->watchdog, pool);
    if (!status && !keeper_start(keeper))
        status = ROVE_NO_THREADS;
    if (status)
        keeper_free(keeper);
    else
        __atomic_store_n(&pool->keeper, keeper, __ATOMIC_RELEASE); /* [keeper] */
    return status;
}

rove_status rovei_keeper_need(struct rove_pool *pool)
{
    if (keeper_of(pool))
        return ROVE_OK;
    pool_lock(pool);
    rove_status status = pool->keeper ? ROVE_OK : keeper_create(pool);
    pool_unlock(pool);
    return status;
}

void rovei_keeper_stop(struct rove_pool *pool)
{
    struct pool_keeper *keeper = keeper_of(pool);
    if (!keeper)
        return;
    atomic_store_explicit(&keeper->is_ending, true, memory_order_relaxed); /* the bell orders it */
    keeper_ring(keeper);
    pthread_join(keeper->thread, NULL);
    __atomic_store_n(&pool->keeper, NULL, __ATOMIC_RELAXED); /* nobody else uses the pool any more */
    keeper_free(keeper);
}

/* Relaxed loads of the pool's pointer to it: it is written under the lock. */
void rovei_keeper_delay(struct rove_pool *pool, struct pool_cell *cell)
{
    struct pool_keeper *keeper = __atomic_load_n(&pool->keeper, __ATOMIC_RELAXED);
    rovei_delays_add(&keeper->delays, cell);
    if (keeper->delays.first == cell || keeper->is_hurried)
        keeper_ring(keeper);
}

void rovei_keeper_hurry(struct rove_pool *pool)
{
    struct pool_keeper *keeper = __atomic_load_n(&pool->keeper, __ATOMIC_RELAXED);
    if (!keeper)
        return;
    keeper->is_hurried = true;
    keeper_ring(keeper);
}

void rovei_keeper_hurry_one(struct rove_pool *pool, struct pool_cell *cell)
{
    struct pool_keeper *keeper = __atomic_load_n(&pool->keeper, __ATOMIC_RELAXED);
    if (!keeper || !delays_has(&keeper->delays, cell))
        return;
    rovei_delays_remove(&keeper->delays, cell);
    cell->due = 0;
    rovei_keeper_delay(pool, cell);
}

void rovei_keeper_ring(struct rove_pool *pool)
{
    struct pool_keeper *keeper = keeper_of(pool);
    if (keeper)
        keeper_ring(keeper);
}

void rovei_keeper_watch(struct rove_pool *pool, struct pool_worker *worker)
{
    struct pool_keeper *keeper = keeper_of(pool);
    if (rovei_watchdog_notice(&keeper->watchdog, worker))
        keeper_ring(keeper);
}
