/*
 * skynet with Rove in the plain form: fork nine children, call the tenth, join in reverse.
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
static int64_t skynet_parts(int64_t first, int64_t leaves);

static inline int64_t skynet(int64_t first, int64_t leaves)
{
    return leaves == 1 ? first : skynet_parts(first, leaves);
}

/* Without the attribute clang makes it part of skynet, because nothing else calls it, and then a leaf, too, saves and
 * restores the registers that only this function needs. */
__attribute__((noinline)) static int64_t skynet_parts(int64_t first, int64_t leaves)
{
    enum { FORKS = SKYNET_WAYS - 1 };
    struct skynet children[FORKS];
    int64_t part = leaves / SKYNET_WAYS;
    for (int i = 0; i < FORKS; i++) {
        children[i].first = first + i * part;
        children[i].leaves = part;
        rove_fork(&children[i].task, skynet_task);
    }
    int64_t sum = skynet(first + FORKS * part, part);
    for (int i = FORKS; i-- > 0;) {
        rove_join(&children[i].task, skynet_task);
        sum += children[i].sum;
    }
    return sum;
}

static void skynet_task(rove_task *task)
{
    struct skynet *self = (struct skynet *)task;
    self->sum = skynet(self->first, self->leaves);
}

static void skynet_root(void *arg)
{
    (void)arg;
    skynet_answer = skynet(0, skynet_leaves);
}

void skynet_rove_plain(void)
{
    perf_rove_run(skynet_root);
}
