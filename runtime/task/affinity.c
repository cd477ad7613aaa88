/*
 * A loop that is run again goes block by block to the workers that had it before. Each block is a task in the inbox of
 * its worker; a worker that has nothing looks into the inboxes of others, as it looks into their deques.
 *
 * Algorithm: Acar, Blelloch and Blumofe 2000 (mailboxes for locality-guided work stealing).
 */
#include <rove/numa.h>

#include "runtime/sched/runtime.h"
#include "runtime/task/cancel.h"
#include "runtime/task/count.h"
#include "runtime/task/range.h"

#include <string.h>

/* How many blocks a worker has, so that one that falls behind can be helped. */
enum { AFFINITY_SHARES = 8 };

struct affine_loop {
    rove_affinity *affinity;
    rove_range_fn *body;
    void *arg;
    rove_group *group; /* of all blocks */
    rove_status status;
};

/* A block as a task. */
struct affine_block {
    struct affine_loop *loop;
    int number;
    rove_status status;
};

static int64_t affine_at(const rove_affinity *affinity, int block)
{
    uint64_t length = (uint64_t)affinity->end - (uint64_t)affinity->begin;
    uint64_t share = length / (uint64_t)affinity->blocks;
    uint64_t rest = length % (uint64_t)affinity->blocks;
    uint64_t before = (uint64_t)block < rest ? (uint64_t)block : rest;
    return (int64_t)((uint64_t)affinity->begin + share * (uint64_t)block + before);
}

static int affine_run_block(void *arg)
{
    struct affine_block *block = arg;
    struct affine_loop *loop = block->loop;
    rove_affinity *affinity = loop->affinity;
    affinity->workers[block->number] = (uint16_t)(worker_self()->index + 1);
    block->status =
        rove_for(affine_at(affinity, block->number), affine_at(affinity, block->number + 1), loop->body, loop->arg);
    if (block->status == ROVE_FAILED)
        rovei_scope_end(&loop->group->scope, ROVE_FAILED); /* the others need not begin */
    return 0;
}

/* The worker that had the block, or the one that is to have it if nobody did: neighbours get neighbouring blocks. */
static struct rovei_worker *affine_worker(struct rove_runtime *runtime, const rove_affinity *affinity, int block)
{
    int index = affinity->workers[block] - 1; /* of whichever runtime the loop ran in the last time */
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed); /* a hint */
    if (index < 0 || index >= 2 * runtime->limit)
        index = block * workers / affinity->blocks;
    struct rovei_worker *worker =
        index < runtime->limit ? runtime_pool(runtime, index) : runtime_guest(runtime, index - runtime->limit);
    return worker ? worker : worker_self();
}

static void affine_spawn(struct affine_loop *loop, struct affine_block *blocks)
{
    struct rovei_worker *self = worker_self();
    rove_group group = {0};
    loop->group = &group;
    for (int i = 0; i < loop->affinity->blocks; i++) {
        struct rovei_worker *worker = affine_worker(self->runtime, loop->affinity, i);
        blocks[i] = (struct affine_block){.loop = loop, .number = i};
        if (rovei_group_spawn_into(&group, &worker->inbox, affine_run_block, &blocks[i]))
            affine_run_block(&blocks[i]); /* without memory for a task */
        else if (worker == self)
            rovei_wake_one(self->runtime, self); /* it will be busy with the first of them */
        else
            rovei_wake_for(worker, self);
    }
    rove_status status = rove_group_wait(&group);
    loop->status = status;
    if (rove_group_error(&group) && self->running)
        rovei_scope_keep_error(scope_current(self), rove_group_error(&group));
    for (int i = 0; i < loop->affinity->blocks; i++)
        if (!loop->status || blocks[i].status == ROVE_FAILED)
            loop->status = blocks[i].status ? blocks[i].status : loop->status;
}

static void affine_run(void *arg)
{
    struct affine_loop *loop = arg;
    struct affine_block blocks[ROVE_AFFINITY_BLOCKS];
    affine_spawn(loop, blocks);
}

/* Another range, or another number of workers, is another loop. */
static void affine_prepare(rove_affinity *affinity, int64_t begin, int64_t end, int workers)
{
    int64_t length = end - begin;
    int64_t blocks = (int64_t)workers * AFFINITY_SHARES;
    if (blocks > ROVE_AFFINITY_BLOCKS)
        blocks = ROVE_AFFINITY_BLOCKS;
    if (blocks > length)
        blocks = length;
    if (affinity->begin == begin && affinity->end == end && affinity->blocks == (int)blocks)
        return;
    memset(affinity, 0, sizeof *affinity);
    affinity->begin = begin;
    affinity->end = end;
    affinity->blocks = (int)blocks;
}

rove_status rove_for_affine(int64_t begin, int64_t end, rove_range_fn *body, void *arg, rove_affinity *affinity)
{
    if (!body || !affinity || !range_is_countable(begin, end))
        return ROVE_INVALID;
    if (end <= begin)
        return ROVE_OK;
    struct rovei_worker *self = worker_self();
    rove_runtime *runtime = self ? self->runtime : NULL;
    rove_status status = rovei_runtime_resolve(&runtime);
    if (status)
        return status;
    affine_prepare(affinity, begin, end, rove_worker_count(runtime));
    struct affine_loop loop = {.affinity = affinity, .body = body, .arg = arg};
    status = rove_run(runtime, affine_run, &loop);
    return status ? status : loop.status;
}
