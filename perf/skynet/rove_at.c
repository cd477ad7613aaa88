/*
 * skynet with Rove, in the form of fork and join that hands the place in the deque on as two arguments.
 */
#include "runtimes/rove.h"
#include "skynet/skynet.h"

struct skynet {
    rove_task task;
    int64_t first;
    int64_t leaves;
    int64_t sum;
};

static void skynet_task(rove_task *task);

static int64_t skynet(rove_deque *deque, int64_t slot, int64_t first, int64_t leaves)
{
    if (leaves == 1)
        return first;
    enum { FORKS = SKYNET_WAYS - 1 };
    struct skynet children[FORKS];
    int64_t part = leaves / SKYNET_WAYS;
    for (int i = 0; i < FORKS; i++) {
        children[i].first = first + i * part;
        children[i].leaves = part;
        slot = rove_fork_at(deque, slot, &children[i].task, skynet_task);
    }
    int64_t sum = skynet(deque, slot, first + FORKS * part, part);
    for (int i = FORKS; i-- > 0;) {
        if (rove_join_at(deque, &slot, &children[i].task) == ROVE_JOIN_RUNS)
            sum += skynet(deque, slot, first + i * part, part);
        else
            sum += children[i].sum;
    }
    return sum;
}

static void skynet_task(rove_task *task)
{
    struct skynet *self = (struct skynet *)task;
    int64_t slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->sum = skynet(deque, slot, self->first, self->leaves);
}

static void skynet_root(void *arg)
{
    (void)arg;
    int64_t slot;
    rove_deque *deque = rove_deque_here(&slot);
    skynet_answer = skynet(deque, slot, 0, skynet_leaves);
}

void skynet_rove_at(void)
{
    perf_rove_run(skynet_root);
}
