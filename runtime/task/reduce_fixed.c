/*
 * Reductions over a fixed tree. Its shape comes from the indices; only whether a branch is offered to others comes from
 * timing. A node over n blocks has the largest power of two below n on its left, so every left branch is complete, and
 * the tree can be begun at its lower left end: the first block is done, then the second, then as many again, until it
 * is known that the reduction is worth anybody's while. What is left is done from the root, and every branch that takes
 * microseconds is forked.
 *
 * Invariant: a value that a node is given holds the identity; the node leaves the value of its blocks there.
 */
#include "runtime/task/reduce.h"

#include <rove/runtime.h>
#include <stdalign.h>
#include <string.h>

/* A reduction as a whole. */
struct fixed_tree {
    struct rovei_loop loop;
    const rove_reduction *reduction;
    int64_t begin; /* of the indices */
    int64_t end;
    int64_t grain;
    int64_t blocks;
    int64_t done; /* how many blocks from the first on were done beforehand: a power of two, or all */
};

/* How many blocks at a time one worker does without offering any. */
struct fixed_pace {
    int64_t blocks;
};

/* A node, and the value that it goes to. */
struct fixed_node {
    rove_task task; /* first */
    struct fixed_tree *tree;
    int64_t first; /* of its blocks */
    int64_t last;  /* one past the last of them */
    void *value;
    const struct rovei_worker *owner; /* who forked it, */
    struct fixed_pace *pace;          /* and that one's pace: nobody else may touch it */
    int64_t start;                    /* the pace of anybody else, to begin with */
    rove_status status;               /* why a part was not done */
};

static void fixed_run_node(struct fixed_node *node, struct fixed_pace *pace);

/* The first block of the right branch. */
static int64_t fixed_middle(const struct fixed_node *node)
{
    uint64_t count = (uint64_t)(node->last - node->first);
    return node->first + (int64_t)(UINT64_C(1) << (63 - __builtin_clzll(count - 1)));
}

static void fixed_leaf(struct fixed_node *node)
{
    const struct fixed_tree *tree = node->tree;
    node->status = loop_status(&node->tree->loop);
    if (node->status)
        return;
    int64_t begin = tree->begin + node->first * tree->grain;
    int64_t end = node->last == tree->blocks ? tree->end : begin + tree->grain;
    tree->reduction->body(begin, end, node->value, tree->reduction->arg);
}

static void fixed_task(rove_task *task)
{
    struct fixed_node *node = (struct fixed_node *)task;
    struct fixed_pace pace = {node->start};
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(&node->tree->loop, &frame);
    fixed_run_node(node, worker == node->owner ? node->pace : &pace);
    loop_leave(worker, &frame);
}

/* Does both branches of `node`, the right one with a value of its own, and combines them. Without a pace nothing is
 * offered to others. */
static void fixed_branch_with(struct fixed_node *node, struct fixed_pace *pace, void *value)
{
    const rove_reduction *reduction = node->tree->reduction;
    int64_t middle = fixed_middle(node);
    struct fixed_node left = {.tree = node->tree, .first = node->first, .last = middle, .value = node->value};
    struct fixed_node right = {.tree = node->tree, .first = middle, .last = node->last, .value = value};
    memcpy(value, reduction->identity, reduction->size);
    rove_status joined = ROVE_OK;
    if (pace) {
        right.owner = worker_self();
        right.pace = pace;
        right.start = pace->blocks;
        rove_fork(&right.task, fixed_task);
        fixed_run_node(&left, pace);
        joined = rove_join(&right.task, fixed_task);
    } else {
        fixed_run_node(&left, NULL);
        fixed_run_node(&right, NULL);
    }
    node->status = left.status ? left.status : joined ? joined : right.status;
    if (joined != ROVE_FORKED && right.status != ROVE_FORKED && left.status != ROVE_FORKED)
        reduction->combine(node->value, value, reduction->arg); /* also what is incomplete: it may own memory */
}

static __attribute__((noinline)) void fixed_branch_tiny(struct fixed_node *node, struct fixed_pace *pace)
{
    alignas(REDUCE_ALIGNMENT) char value[REDUCE_ALIGNMENT];
    fixed_branch_with(node, pace, value);
}

static __attribute__((noinline)) void fixed_branch_small(struct fixed_node *node, struct fixed_pace *pace)
{
    alignas(REDUCE_ALIGNMENT) char value[REDUCE_INLINE];
    fixed_branch_with(node, pace, value);
}

/* Without memory the right branch cannot be done: its place in the tree is not to be had otherwise. */
static void fixed_branch_large(struct fixed_node *node, struct fixed_pace *pace)
{
    void *value = reduce_allocate(node->tree->reduction->size);
    if (!value) {
        node->status = ROVE_NO_MEMORY;
        return;
    }
    fixed_branch_with(node, pace, value);
    free(value);
}

static void fixed_branch(struct fixed_node *node, struct fixed_pace *pace)
{
    size_t size = node->tree->reduction->size;
    if (size <= REDUCE_ALIGNMENT)
        fixed_branch_tiny(node, pace);
    else if (size <= REDUCE_INLINE)
        fixed_branch_small(node, pace);
    else
        fixed_branch_large(node, pace);
}

/* Does a node alone, and sees how long that takes. The last node of a tree may be much smaller than the pace allows:
 * that it was quick means nothing. */
static void fixed_run_timed(struct fixed_node *node, struct fixed_pace *pace)
{
    int64_t since = ticks_now();
    fixed_run_node(node, NULL);
    int64_t took = ticks_now() - since;
    int64_t fitting = range_resize(node->last - node->first, took > 0 ? took : 0);
    if (took >= ticks_of(RANGE_CHUNK_NS) || fitting > pace->blocks)
        pace->blocks = fitting;
}

static void fixed_run_node(struct fixed_node *node, struct fixed_pace *pace)
{
    int64_t count = node->last - node->first;
    if (node->first == 0 && node->last <= node->tree->done)
        return;
    bool is_whole = node->first >= node->tree->done;
    if (pace && is_whole && count <= pace->blocks)
        fixed_run_timed(node, pace);
    else if (count == 1)
        fixed_leaf(node);
    else
        fixed_branch(node, pace);
}

/* Does the lower left end of the tree, twice as much each time, until that has taken long enough to be worth sharing.
 * The left branch of each of these nodes is what has been done before. */
static rove_status fixed_begin(struct fixed_tree *tree, void *value)
{
    struct fixed_node first = {.tree = tree, .last = 1, .value = value};
    int64_t since = ticks_now();
    fixed_leaf(&first);
    tree->done = 1;
    while (!first.status && tree->done < tree->blocks && ticks_now() - since < ticks_of(RANGE_WORTH_NS)) {
        struct fixed_node next = {.tree = tree, .value = value};
        next.last = tree->blocks - tree->done > tree->done ? 2 * tree->done : tree->blocks;
        fixed_branch(&next, NULL);
        first.status = next.status;
        tree->done = next.last;
    }
    return first.status;
}

/* A reduction on its way to a worker. */
struct fixed_call {
    struct fixed_tree tree;
    void *value;
    rove_status status;
};

static void fixed_run(void *arg)
{
    struct fixed_call *call = arg;
    struct fixed_tree *tree = &call->tree;
    loop_begin(&tree->loop);
    call->status = fixed_begin(tree, call->value);
    if (!call->status && tree->done < tree->blocks) {
        struct fixed_pace pace = {tree->done};
        struct fixed_node root = {.tree = tree, .last = tree->blocks, .value = call->value};
        fixed_run_node(&root, &pace);
        call->status = root.status;
    }
    call->status = loop_end(&tree->loop, call->status);
}

rove_status rove_reduce_fixed(int64_t begin, int64_t end, int64_t grain, const rove_reduction *reduction, void *result)
{
    if (!reduce_is_valid(begin, end, reduction, result) || grain < 1)
        return ROVE_INVALID;
    memcpy(result, reduction->identity, reduction->size);
    if (end <= begin)
        return ROVE_OK;
    struct fixed_call call = {.tree = {.reduction = reduction,
                                       .begin = begin,
                                       .end = end,
                                       .grain = grain,
                                       .blocks = (end - begin - 1) / grain + 1},
                              .value = result};
    rove_status status = rove_run(NULL, fixed_run, &call);
    return status ? status : call.status;
}
