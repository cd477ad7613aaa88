/*
 * Calls with a cap on how many run at once. There are as many lanes as calls may run; a lane makes one call after the
 * other, whichever comes next. A lane that nobody stole begins when another has ended, and finds what is left.
 */
#include "runtime/platform/mutex.h"
#include "runtime/task/range.h"

#include <rove/parallel.h>
#include <rove/runtime.h>
#include <stdatomic.h>

struct map {
    struct rovei_loop *loop;
    size_t count;
    rove_map_fn *fn;
    void *arg;
    const rove_mapping *mapping;
    _Atomic(size_t) next; /* the index of the next call */
    struct rovei_mutex failing;
    size_t failures; /* under the lock, as what follows */
    size_t first;    /* the smallest index that failed */
    int error;
};

/* Some neighbouring lanes; more than one is cut in halves. */
struct map_part {
    rove_task task; /* first */
    struct map *map;
    size_t lanes;
    rove_status status; /* in a child of fork: some lanes were left behind */
};

static void map_fail(struct map *map, size_t index, int error)
{
    mutex_lock(&map->failing);
    if (map->failures++ == 0 || index < map->first) {
        map->first = index;
        map->error = error;
    }
    mutex_unlock(&map->failing);
    if (map->mapping->policy == ROVE_FAIL_FAST)
        rovei_scope_end(&map->loop->scope, ROVE_FAILED);
}

/* The counter is relaxed: it only hands out numbers. An index that was taken is called, so that those not called are
 * the ones from `next` on. */
static void map_lane(struct map *map)
{
    while (atomic_load_explicit(&map->next, memory_order_relaxed) < map->count && !loop_status(map->loop)) {
        size_t index = atomic_fetch_add_explicit(&map->next, 1, memory_order_relaxed);
        if (index >= map->count)
            return;
        int result = map->fn(index, map->arg);
        if (map->mapping->results)
            map->mapping->results[index] = result;
        if (result != 0)
            map_fail(map, index, result);
    }
}

static void map_task(rove_task *task);

static rove_status map_lanes(struct map *map, size_t lanes)
{
    if (lanes == 1) {
        map_lane(map);
        return ROVE_OK;
    }
    struct map_part right = {.map = map, .lanes = lanes / 2};
    rove_fork(&right.task, map_task);
    rove_status left = map_lanes(map, lanes - lanes / 2);
    rove_status joined = rove_join(&right.task, map_task);
    return left ? left : joined ? joined : right.status;
}

static void map_task(rove_task *task)
{
    struct map_part *part = (struct map_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(part->map->loop, &frame);
    part->status = map_lanes(part->map, part->lanes);
    loop_leave(worker, &frame);
}

/* More lanes than workers there can ever be would find nothing to do. */
static size_t map_lanes_wanted(const struct map *map)
{
    size_t lanes = 2 * (size_t)worker_self()->runtime->limit;
    if (map->mapping->limit > 0 && map->mapping->limit < lanes)
        lanes = map->mapping->limit;
    return lanes < map->count ? lanes : map->count;
}

static rove_status map_status(struct map *map, rove_status lanes)
{
    if (map->failures > 0)
        return ROVE_FAILED;
    if (lanes || atomic_load_explicit(&map->next, memory_order_relaxed) >= map->count)
        return lanes;
    return loop_status(map->loop);
}

static void map_run(void *arg)
{
    struct map_part *whole = arg;
    struct map *map = whole->map;
    struct rovei_loop loop;
    map->loop = &loop;
    loop_begin(&loop);
    whole->status = map_status(map, map_lanes(map, map_lanes_wanted(map)));
    if (map->failures > 0)
        rovei_scope_keep_error(&loop.scope, map->error);
    else
        map->error = rove_scope_error(&loop.scope); /* somebody called rove_fail */
    whole->status = loop_end(&loop, whole->status);
}

rove_status rove_map(size_t count, rove_map_fn *fn, void *arg, rove_mapping *mapping)
{
    rove_mapping plain = {0};
    if (!mapping)
        mapping = &plain;
    if (!fn || count > PTRDIFF_MAX || (mapping->policy != ROVE_COLLECT_ALL && mapping->policy != ROVE_FAIL_FAST))
        return ROVE_INVALID;
    mapping->error = 0;
    mapping->failures = 0;
    if (count == 0)
        return ROVE_OK;
    struct map map = {.count = count, .fn = fn, .arg = arg, .mapping = mapping};
    struct map_part whole = {.map = &map};
    mutex_init(&map.failing);
    rove_status status = rove_run(NULL, map_run, &whole);
    mutex_fini(&map.failing);
    mapping->error = map.error;
    mapping->failures = map.failures;
    return status ? status : whole.status;
}
