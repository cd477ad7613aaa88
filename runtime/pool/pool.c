/*
 * Creating a pool, and freeing it.
 */
#include "runtime/pool/pool.h"

#include "runtime/platform/clock.h"
#include "runtime/platform/memory.h"
#include "runtime/pool/keeper.h"
#include "runtime/task/cancel.h"

#include <stdio.h>
#include <string.h>

void rove_pool_config_default(rove_pool_config *config)
{
    *config = (rove_pool_config){.size = sizeof *config,
                                 .name = "pool",
                                 .capacity = 1024,
                                 .levels = 1,
                                 .aging = 64,
                                 .results_capacity = 1024,
                                 .progress_interval = 100 * ROVE_MILLISECOND};
}

/* What makes no sense in the configuration, or NULL. */
static const char *config_fault(const rove_pool_config *config)
{
    if (config->size != sizeof *config)
        return "size: the configuration was not filled in by rove_pool_config_default";
    if (config->width < 0 || config->width > ROVE_WORKERS_MAX)
        return "width: below 0 or above ROVE_WORKERS_MAX";
    if (config->levels < 1 || config->levels > ROVE_LEVELS_MAX)
        return "levels: below 1 or above ROVE_LEVELS_MAX";
    if (config->aging < 1 || config->aging < config->levels - 1)
        return "aging: below 1, or so low that not every level could have its turn";
    if ((unsigned)config->placement > ROVE_PLACE_KEYED)
        return "placement: no such placement";
    if (config->lanes < 0 || config->lanes > ROVE_LANES_MAX)
        return "lanes: below 0 or above ROVE_LANES_MAX";
    if (config->stuck_after < 0)
        return "stuck_after: is negative";
    if (config->progress_interval < 0)
        return "progress_interval: is negative";
    if (!config->has_results)
        return NULL;
    if ((unsigned)config->overflow > ROVE_OVERFLOW_CALLER_RUNS)
        return "overflow: no such policy";
    if (config->overflow == ROVE_OVERFLOW_CALLER_RUNS && !config->on_result)
        return "on_result: is null, and the overflow policy wants it";
    if (config->results_capacity == 0 && config->overflow < ROVE_OVERFLOW_GROW)
        return "results_capacity: is 0, and nothing could ever be read";
    return NULL;
}

static const char *config_name(const rove_pool_config *config)
{
    return config->name ? config->name : "pool";
}

static int config_lanes(const rove_pool_config *config, const struct rove_runtime *runtime)
{
    if (config->placement == ROVE_PLACE_SHARED)
        return 1;
    int lanes = config->lanes ? config->lanes : rove_worker_count(runtime);
    return lanes < 1 ? 1 : lanes < ROVE_LANES_MAX ? lanes : ROVE_LANES_MAX;
}

/* Frees a pool that nobody uses, whatever of it there is. */
static void pool_free(struct rove_pool *pool)
{
    const rove_allocator *allocator = pool->allocator;
    rovei_pool_workers_fini(pool);
    while (pool->drivers) {
        struct pool_driver *driver = pool->drivers;
        pool->drivers = driver->next;
        rovei_memory_release(allocator, driver, sizeof *driver);
    }
    for (int lane = 0; pool->lanes && lane < pool->lane_count; lane++)
        for (int level = 0; level < ROVE_LEVELS_MAX; level++)
            rovei_level_fini(&pool->lanes[lane].levels[level], allocator);
    rovei_memory_release(allocator, pool->lanes, (size_t)pool->lane_count * sizeof *pool->lanes);
    rovei_cells_fini(&pool->cells, allocator);
    rovei_stream_fini(&pool->stream);
    mutex_fini(&pool->lock);
    rovei_memory_release(allocator, pool, sizeof *pool);
}

void rovei_pool_retain(struct rove_pool *pool)
{
    atomic_fetch_add_explicit(&pool->references, 1, memory_order_relaxed); /* by one who has a reference */
}

void rovei_pool_release(struct rove_pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->references, 1, memory_order_acq_rel) == 1) /* [gone] */
        pool_free(pool);
}

/* The memory that a pool cannot do without. */
static bool pool_allocate(struct rove_pool *pool)
{
    size_t limit = (size_t)rove_worker_limit(pool->runtime);
    pool->lanes = rovei_memory_allocate(pool->allocator, (size_t)pool->lane_count * sizeof *pool->lanes);
    pool->workers = rovei_memory_allocate(pool->allocator, limit * sizeof *pool->workers);
    pool->shared_worker = rovei_memory_allocate(pool->allocator, sizeof *pool->shared_worker);
    if (pool->shared_worker) {
        pool->shared_worker->is_shared = true;
        pool->shared_worker->index = -1;
    }
    return pool->lanes && pool->workers && pool->shared_worker && rovei_pool_prepare_driver(pool);
}

/* From what the clock and the counter say since the runtime was created; again when that has become twice as long. */
void rovei_pool_measure_tick(struct rove_pool *pool)
{
    struct ticks_mark now = rovei_ticks_mark();
    int64_t ns = now.ns - pool->runtime->begin.ns;
    int64_t ticks = now.ticks - pool->runtime->begin.ticks;
    pool->next_measure = now.ticks + ticks;
    if (ns > 0 && ticks > 0)
        atomic_store_explicit(&pool->tick_ns, (double)ns / (double)ticks, memory_order_relaxed);
}

static struct rove_pool *pool_make(struct rove_runtime *runtime, const rove_pool_config *config)
{
    const rove_allocator *allocator = &runtime->settings.allocator;
    struct rove_pool *pool = rovei_memory_allocate(allocator, sizeof *pool);
    if (!pool)
        return NULL;
    pool->runtime = runtime;
    pool->allocator = allocator;
    pool->config = *config;
    snprintf(pool->name, sizeof pool->name, "%s", config_name(config));
    pool->config.name = pool->name;
    pool->lane_count = config_lanes(config, runtime);
    pool->references = 1;
    pool->mean_run = INT64_MAX / 4; /* nothing is known yet: one job at a time */
    pool->tick_ns = 1e6 / (double)ticks_of(1000000);
    rovei_pool_measure_tick(pool);
    mutex_init(&pool->lock);
    rovei_stream_init(&pool->stream);
    if (!pool_allocate(pool)) {
        pool_free(pool);
        return NULL;
    }
    rovei_scope_begin(&pool->scope, &runtime->scope);
    return pool;
}

static rove_status pool_create(struct rove_pool **created, const rove_pool_config *config, rove_report *report)
{
    const struct rovei_worker *self = worker_self();
    bool is_inside = self && runtime_is_here(self->runtime);
    struct rove_runtime *runtime = config->runtime || !is_inside ? config->runtime : self->runtime;
    rove_status status = rovei_runtime_resolve(&runtime);
    if (!status && runtime_is_closed(runtime))
        status = ROVE_CLOSED;
    struct rove_pool *pool = status ? NULL : pool_make(runtime, config);
    if (!status && !pool)
        status = ROVE_NO_MEMORY;
    if (!status && config->stuck_after > 0)
        status = rovei_keeper_need(pool);
    if (status && pool) {
        rove_pool_destroy(pool);
        pool = NULL;
    }
    if (status)
        snprintf(report->text, sizeof report->text, "pool \"%.31s\": %s", config_name(config),
                 rove_status_text(status));
    *created = pool;
    return status;
}

rove_status rove_pool_create(rove_pool **pool, const rove_pool_config *config, rove_report *report)
{
    rove_pool_config defaults;
    rove_report unread;
    if (!report)
        report = &unread;
    report->text[0] = 0;
    if (!pool) {
        snprintf(report->text, sizeof report->text, "there is no place for the pool: the pointer is null");
        return ROVE_INVALID;
    }
    *pool = NULL;
    rove_pool_config_default(&defaults);
    if (!config)
        config = &defaults;
    const char *fault = config_fault(config);
    if (fault) {
        snprintf(report->text, sizeof report->text, "the configuration of a pool makes no sense: %s", fault);
        return ROVE_INVALID;
    }
    return pool_create(pool, config, report);
}
