/*
 * Placement: which lane a job goes to.
 */
#include "runtime/pool/pool.h"

/* Mixes all bits of a key into the upper ones (the multiplier is 2^64 divided by the golden ratio). */
static uint64_t place_mix(uint64_t key)
{
    return (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

/* A number below `count` that depends on the upper half of `bits`. */
static int place_scale(uint64_t bits, int count)
{
    return (int)((bits >> 32) * (uint64_t)count >> 32);
}

static int place_least(const struct rove_pool *pool, bool is_active)
{
    int least = 0;
    uint64_t least_jobs = UINT64_MAX;
    for (int i = 0; i < pool->lane_count; i++) {
        const struct pool_lane *lane = &pool->lanes[i];
        uint64_t jobs = is_active ? lane->total - lane->ended : lane->total;
        if (jobs < least_jobs) {
            least_jobs = jobs;
            least = i;
        }
    }
    return least;
}

int rovei_pool_place(struct rove_pool *pool, uint64_t key)
{
    switch (pool->config.placement) {
    case ROVE_PLACE_ROUND_ROBIN:
        pool->lane_next = (pool->lane_next + 1) % pool->lane_count;
        return pool->lane_next;
    case ROVE_PLACE_LEAST_ACTIVE:
        return place_least(pool, true);
    case ROVE_PLACE_LEAST_TOTAL:
        return place_least(pool, false);
    case ROVE_PLACE_RANDOM:
        return place_scale(place_mix(++pool->random), pool->lane_count);
    case ROVE_PLACE_KEYED:
        return place_scale(place_mix(key), pool->lane_count);
    default: /* one lane */
        return 0;
    }
}
