/*
 * micro/fork_join with Rove.
 */
#include "runtimes/rove.h"
#include "micro/fork_join/fork_join.h"
#include "support/compiler.h"

struct counted {
    rove_task task;
    int64_t runs;
};

PERF_REAL_CALL static void counted_task(rove_task *task)
{
    ((struct counted *)task)->runs++;
}

static void fork_join(void *arg)
{
    (void)arg;
    struct counted counted = {.runs = 0};
    for (int64_t i = 0; i < fork_join_pairs; i++) {
        rove_fork(&counted.task, counted_task);
        rove_join(&counted.task, counted_task);
    }
    fork_join_answer = counted.runs;
}

void fork_join_rove(void)
{
    perf_rove_run(fork_join);
}
