/*
 * skynet with Rove: before each child fork the children after it as one task, and if nobody has taken them by the time
 * that the child is done, go on with them. That is the loop of the serial program with a fork and a join in it.
 */
#include "runtimes/rove.h"
#include "skynet/skynet.h"

/* The children from number `child` on of a node whose first leaf is `first`. */
struct rest {
    rove_task task;
    int64_t first;
    int64_t part; /* leaves of a child */
    int child;
    int64_t sum;
};

static void rest_task(rove_task *task);
static int64_t sum_rest(rove_deque *deque, rove_slot *slot, int64_t first, int64_t part, int child);

static inline int64_t skynet(rove_deque *deque, rove_slot *slot, int64_t first, int64_t leaves)
{
    return leaves == 1 ? first : sum_rest(deque, slot, first, leaves / SKYNET_WAYS, 0);
}

/* The attribute keeps gcc from making it part of itself: that fills all registers and then saves them for each leaf. */
__attribute__((noinline)) static int64_t sum_rest(rove_deque *deque, rove_slot *slot, int64_t first, int64_t part,
                                                  int child)
{
    int64_t sum = 0;
    {
        struct rest rest;
        rest.first = first;
        rest.part = part;
        rove_prepare_at(deque, slot, &rest.task, rest_task);
        for (; child < SKYNET_WAYS - 1; child++) {
            rest.child = child + 1;
            rove_slot *next = rove_fork_prepared_at(deque, slot, &rest.task);
            sum += skynet(deque, next, first + child * part, part);
            if (rove_join_at(deque, slot, &rest.task) != ROVE_JOIN_RUNS)
                return sum + rest.sum;
        }
    }
    return sum + skynet(deque, slot, first + child * part, part);
}

static void rest_task(rove_task *task)
{
    struct rest *self = (struct rest *)task;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->sum = sum_rest(deque, slot, self->first, self->part, self->child);
}

static void skynet_root(void *arg)
{
    (void)arg;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    skynet_answer = skynet(deque, slot, 0, skynet_leaves);
}

void skynet_rove(void)
{
    perf_rove_run(skynet_root);
}
