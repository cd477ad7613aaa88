#include "runtime/pool/worker.h"

#include "runtime/platform/memory.h"
#include "runtime/pool/pool.h"

/* How often a reader tries to see what a worker is at: jobs that are shorter than a look are not worth more. */
enum { LOOKS = 16 };

static struct pool_worker *worker_make(struct rove_pool *pool, int index)
{
    struct pool_worker *worker = rovei_memory_allocate(pool->allocator, sizeof *worker);
    if (!worker)
        return pool->shared_worker;
    worker->index = index;
    atomic_store_explicit(&pool->workers[index], worker, memory_order_seq_cst); /* [record] [off] */
    return worker;
}

struct pool_worker *rovei_pool_worker(struct rove_pool *pool)
{
    const struct rovei_worker *self = pool_worker_self(pool);
    if (!self)
        return pool->shared_worker;
    /* Relaxed: it is the caller's own. Whoever was in the slot before has left it, which orders what they did. */
    struct pool_worker *worker = atomic_load_explicit(&pool->workers[self->index], memory_order_relaxed);
    return worker ? worker : worker_make(pool, self->index);
}

void rovei_pool_worker_start(const struct rove_pool *pool, struct pool_worker *worker)
{
    if (worker->has_state || (worker->is_shared && !pool->config.is_serial))
        return;
    worker->has_state = true; /* first: worker_start may run a job of the pool, which must not call it again */
    worker->state = pool->config.worker_start(pool->config.arg);
}

const struct pool_worker *rovei_pool_worker_at(const struct rove_pool *pool, int index)
{
    if (index < 0)
        return pool->shared_worker;
    return atomic_load_explicit(&pool->workers[index], memory_order_acquire); /* [record] */
}

void rovei_pool_worker_name(struct pool_worker *worker, const char *name)
{
    int length = 0;
    for (; length < POOL_AT_SIZE - 1 && name[length]; length++)
        atomic_store_explicit(&worker->text[length], name[length], memory_order_release); /* [at] */
    atomic_store_explicit(&worker->text[length], '\0', memory_order_release);             /* [at] */
}

/* One try, see [at]. */
static bool worker_look(const struct pool_worker *worker, struct pool_at *at)
{
    uint32_t changes = atomic_load_explicit(&worker->changes, memory_order_acquire); /* [at] */
    at->name = atomic_load_explicit(&worker->name, memory_order_acquire);            /* [at] */
    at->id = atomic_load_explicit(&worker->id, memory_order_acquire);                /* [at] */
    for (int i = 0; i < POOL_AT_SIZE; i++)
        at->text[i] = atomic_load_explicit(&worker->text[i], memory_order_acquire); /* [at] */
    at->started = atomic_load_explicit(&worker->started, memory_order_acquire);     /* [at] */
    return changes % 2 == 0 && atomic_load_explicit(&worker->changes, memory_order_relaxed) == changes;
}

bool rovei_pool_worker_look(const struct pool_worker *worker, struct pool_at *at)
{
    for (int i = 0; i < LOOKS; i++) {
        if (!worker_look(worker, at))
            continue;
        if (!at->name)
            at->text[0] = '\0';
        return at->started != 0;
    }
    return false;
}

static void worker_stop(const struct rove_pool *pool, struct pool_worker *worker)
{
    if (worker && worker->has_state && pool->config.worker_stop)
        pool->config.worker_stop(worker->state, pool->config.arg);
}

void rovei_pool_workers_stop(const struct rove_pool *pool)
{
    for (int i = 0; i < rove_worker_limit(pool->runtime); i++)
        worker_stop(pool, atomic_load_explicit(&pool->workers[i], memory_order_acquire)); /* [record] */
    worker_stop(pool, pool->shared_worker);
}

void rovei_pool_workers_fini(struct rove_pool *pool)
{
    size_t limit = (size_t)rove_worker_limit(pool->runtime);
    for (size_t i = 0; pool->workers && i < limit; i++) {
        struct pool_worker *worker = atomic_load_explicit(&pool->workers[i], memory_order_relaxed); /* nobody else's */
        rovei_memory_release(pool->allocator, worker, sizeof *worker);
    }
    rovei_memory_release(pool->allocator, pool->workers, limit * sizeof *pool->workers);
    rovei_memory_release(pool->allocator, pool->shared_worker, sizeof *pool->shared_worker);
}
