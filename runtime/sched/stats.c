#include <rove/stats.h>

#include "runtime/sched/runtime.h"

#include <string.h>

/* Relaxed: each counter is exact, and they are those of slightly different moments. */
static uint64_t stats_read(const struct rovei_worker *worker, int counter)
{
    return atomic_load_explicit(&worker->counts[counter], memory_order_relaxed);
}

static void stats_add(const struct rovei_worker *worker, rove_stats *stats)
{
    stats->spawned += stats_read(worker, COUNT_SPAWNED) + stats_read(worker, COUNT_INJECTED);
    stats->executed += stats_read(worker, COUNT_EXECUTED);
    stats->stolen_forks += stats_read(worker, COUNT_STOLEN_FORKS);
    stats->steals_empty += stats_read(worker, COUNT_STEALS_EMPTY);
    stats->steals_lost += stats_read(worker, COUNT_STEALS_LOST);
    for (int i = 0; i < ROVE_DISTANCES; i++) {
        stats->steals_by_distance[i] += stats_read(worker, COUNT_STEALS + i);
        stats->steals += stats_read(worker, COUNT_STEALS + i);
    }
    stats->injected += stats_read(worker, COUNT_INJECTED);
    stats->doorbells += stats_read(worker, COUNT_DOORBELLS);
    stats->forced += stats_read(worker, COUNT_FORCED);
    stats->inline_runs += stats_read(worker, COUNT_INLINE_RUNS);
    stats->growths += stats_read(worker, COUNT_GROWTHS);
    stats->parks += stats_read(worker, COUNT_PARKS);
    stats->wakes += stats_read(worker, COUNT_WAKES);
    stats->blocks += stats_read(worker, COUNT_BLOCKS);
    stats->blocks_bare += stats_read(worker, COUNT_BLOCKS_BARE);
}

rove_status rove_runtime_stats(const rove_runtime *runtime, rove_stats *stats)
{
    if (!runtime || !stats)
        return ROVE_INVALID;
    if (!runtime_is_here(runtime))
        return ROVE_FORKED;
    memset(stats, 0, sizeof *stats);
    struct rove_runtime *scanned = (struct rove_runtime *)runtime; /* the slots are only read */
    for (int i = 0; i < runtime_slots(scanned); i++) {
        const struct rovei_worker *worker = runtime_slot(scanned, i);
        if (worker)
            stats_add(worker, stats);
    }
    stats->pins_refused = atomic_load_explicit(&runtime->pins_refused, memory_order_relaxed);
    for (int reason = 0; reason < ROVE_SCALE_REASONS; reason++)
        stats->scalings[reason] = atomic_load_explicit(&runtime->scaler.counts[reason], memory_order_relaxed);
    stats->threads_refused = atomic_load_explicit(&runtime->threads_refused, memory_order_relaxed);
    return ROVE_OK;
}

rove_status rove_worker_stats(const rove_runtime *runtime, int worker, rove_stats *stats)
{
    if (!runtime || !stats)
        return ROVE_INVALID;
    if (!runtime_is_here(runtime))
        return ROVE_FORKED;
    if (worker < 0 || worker >= 2 * runtime->limit)
        return ROVE_INVALID;
    memset(stats, 0, sizeof *stats);
    struct rove_runtime *scanned = (struct rove_runtime *)runtime; /* the slots are only read */
    const struct rovei_worker *found =
        worker < runtime->limit ? runtime_pool(scanned, worker) : runtime_guest(scanned, worker - runtime->limit);
    if (!found)
        return ROVE_INVALID;
    stats_add(found, stats);
    return ROVE_OK;
}
