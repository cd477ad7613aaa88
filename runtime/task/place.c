/*
 * Memory on nodes, and loops that run where it is: one task a node, in the injector of that node, which its workers ask
 * first.
 */
#include <rove/numa.h>

#include "runtime/platform/place.h"
#include "runtime/sched/runtime.h"
#include "runtime/task/cancel.h"
#include "runtime/task/count.h"
#include "runtime/task/range.h"

#include <stdlib.h>
#include <string.h>

int rove_node_count(const rove_runtime *runtime)
{
    return runtime ? runtime->injector_count : 0;
}

int rove_worker_node(void)
{
    const struct rovei_worker *worker = worker_self();
    return worker ? worker->node : -1;
}

/* The operating system's number of a node of the plan. */
static int place_node(const struct rove_runtime *runtime, int node)
{
    const struct rovei_plan *plan = &runtime->plan;
    for (int seat = 0; seat < plan->count; seat++)
        if (plan->seats[seat].at[LEVEL_NODE] == node)
            return plan->seats[seat].node_os;
    return 0;
}

static void place_blocks(const struct rove_runtime *runtime, char *memory, size_t size)
{
    size_t page = rovei_page_size();
    size_t pages = size / page;
    size_t nodes = (size_t)runtime->injector_count;
    for (size_t node = 0; node < nodes; node++) {
        size_t begin = pages * node / nodes * page;
        size_t end = pages * (node + 1) / nodes * page;
        int number = place_node(runtime, (int)node);
        if (end > begin)
            rovei_pages_place(memory + begin, end - begin, &number, 1);
    }
}

static void place_interleave(const struct rove_runtime *runtime, void *memory, size_t size)
{
    int nodes[ROVE_WORKERS_MAX];
    for (int node = 0; node < runtime->injector_count; node++)
        nodes[node] = place_node(runtime, node);
    rovei_pages_place(memory, size, nodes, runtime->injector_count);
}

static size_t place_round(size_t size)
{
    size_t page = rovei_page_size();
    return size > SIZE_MAX - page ? 0 : (size + page - 1) / page * page;
}

void *rove_numa_alloc(rove_runtime *runtime, size_t size, rove_memory memory, int node)
{
    struct rovei_worker *self = worker_self();
    if (!runtime && self)
        runtime = self->runtime;
    size_t rounded = place_round(size);
    if (rovei_runtime_resolve(&runtime) || rounded == 0 || (int)memory < ROVE_MEMORY_FIRST_TOUCH ||
        (int)memory > ROVE_MEMORY_BLOCKED ||
        (memory == ROVE_MEMORY_BOUND && (node < 0 || node >= runtime->injector_count)))
        return NULL;
    void *pages = rovei_pages_map(rounded);
    if (!pages || !runtime->plan.is_real)
        return pages;
    int number = memory == ROVE_MEMORY_BOUND ? place_node(runtime, node) : 0;
    if (memory == ROVE_MEMORY_BOUND)
        rovei_pages_place(pages, rounded, &number, 1);
    else if (memory == ROVE_MEMORY_INTERLEAVED)
        place_interleave(runtime, pages, rounded);
    else if (memory == ROVE_MEMORY_BLOCKED)
        place_blocks(runtime, pages, rounded);
    return pages;
}

void rove_numa_free(void *memory, size_t size)
{
    if (memory)
        rovei_pages_unmap(memory, place_round(size));
}

/* A loop or reduction over all nodes, and its part on one. */
struct place_part {
    int64_t begin;
    int64_t end;
    rove_range_fn *body;
    void *arg;
    const rove_reduction *reduction; /* NULL for a loop */
    void *value;
    rove_group *group; /* of all parts */
    rove_status status;
};

static int place_run_part(void *arg)
{
    struct place_part *part = arg;
    part->status = part->reduction ? rove_reduce(part->begin, part->end, part->reduction, part->value)
                                   : rove_for(part->begin, part->end, part->body, part->arg);
    if (part->status == ROVE_FAILED && part->group)
        rovei_scope_end(&part->group->scope, ROVE_FAILED); /* the others need not begin */
    return 0;
}

static void place_cut(struct place_part *parts, int nodes, const struct place_part *whole, char *values)
{
    uint64_t length = (uint64_t)whole->end - (uint64_t)whole->begin;
    uint64_t share = length / (uint64_t)nodes;
    uint64_t rest = length % (uint64_t)nodes;
    uint64_t at = (uint64_t)whole->begin;
    for (int node = 0; node < nodes; node++) {
        parts[node] = *whole;
        parts[node].begin = (int64_t)at;
        at += share + ((uint64_t)node < rest);
        parts[node].end = (int64_t)at;
        if (whole->reduction && node > 0) {
            parts[node].value = values + (size_t)node * whole->reduction->size;
            memcpy(parts[node].value, whole->reduction->identity, whole->reduction->size); /* should it be discarded */
        }
    }
}

/* The values of the parts are combined in their order, also those of parts that were cut short: what they own is taken
 * over by the first. */
static void place_combine(struct place_part *whole, const struct place_part *parts, int nodes)
{
    for (int node = 0; node < nodes; node++) {
        if (!whole->status || parts[node].status == ROVE_FAILED)
            whole->status = parts[node].status ? parts[node].status : whole->status;
        if (node > 0 && whole->reduction && parts[node].status != ROVE_FORKED)
            whole->reduction->combine(whole->value, parts[node].value, whole->reduction->arg);
    }
}

static void place_spread(struct place_part *whole, struct place_part *parts, int nodes)
{
    struct rovei_worker *worker = worker_self();
    struct rove_runtime *runtime = worker->runtime;
    rove_group group = {0};
    for (int node = 0; node < nodes; node++) {
        parts[node].group = &group;
        if (rovei_group_spawn_into(&group, &runtime->injectors[node], place_run_part, &parts[node]))
            place_run_part(&parts[node]); /* without memory for a task */
        else
            rovei_wake_on(runtime, node, worker);
    }
    rove_status status = rove_group_wait(&group);
    whole->status = status;
    if (rove_group_error(&group) && worker->running)
        rovei_scope_keep_error(scope_current(worker), rove_group_error(&group));
    place_combine(whole, parts, nodes);
}

static void place_run(void *arg)
{
    struct place_part *whole = arg;
    int nodes = worker_self()->runtime->injector_count;
    size_t size = whole->reduction ? whole->reduction->size : 0;
    struct place_part *parts = nodes > 1 ? calloc((size_t)nodes, sizeof *parts) : NULL;
    size_t values_size = size <= SIZE_MAX / 2 / (size_t)nodes ? size * (size_t)nodes : 0;
    char *values = parts && values_size ? aligned_alloc(64, (values_size + 63) / 64 * 64) : NULL;
    if (!parts || (size && !values)) {
        place_run_part(whole);
    } else {
        place_cut(parts, nodes, whole, values);
        place_spread(whole, parts, nodes);
    }
    free(parts);
    free(values);
}

rove_status rove_for_placed(int64_t begin, int64_t end, rove_range_fn *body, void *arg)
{
    if (!body || !range_is_countable(begin, end))
        return ROVE_INVALID;
    if (end <= begin)
        return ROVE_OK;
    struct place_part whole = {.begin = begin, .end = end, .body = body, .arg = arg};
    rove_status status = rove_run(NULL, place_run, &whole);
    return status ? status : whole.status;
}

rove_status rove_reduce_placed(int64_t begin, int64_t end, const rove_reduction *reduction, void *result)
{
    if (!range_is_countable(begin, end))
        return ROVE_INVALID;
    rove_status status = rove_reduce(0, 0, reduction, result); /* looks at the arguments, and stores the identity */
    if (status || end <= begin)
        return status;
    struct place_part whole = {.begin = begin, .end = end, .reduction = reduction, .value = result};
    status = rove_run(NULL, place_run, &whole);
    return status ? status : whole.status;
}
