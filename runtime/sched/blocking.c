/*
 * Blocking regions: a worker that is about to block lends its place to a spare thread. It is away, as if it worked for
 * another runtime: the count of workers falls by one, and a pool thread is taken from the bench in its place, or
 * started. When it comes back, that makes one too many, and a thread that has nothing to do goes to the bench.
 */
#include "runtime/sched/guest.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/scale.h"

void rove_blocking_begin(void)
{
    struct rovei_worker *worker = worker_self();
    if (!worker || !runtime_is_here(worker->runtime))
        return;
    if (worker->blocks > 0) {
        worker->blocks++;
        rovei_worker_go_away(worker); /* it is; what it has spawned since is for its fellows */
        return;
    }
    worker->blocked = rovei_worker_lend(worker); /* what then runs on top has blocking regions of its own */
    worker->blocks = 1;
    worker_count(worker, COUNT_BLOCKS);
    mutex_lock(&worker->runtime->seats);
    bool has_spare = rovei_find_spare(worker->runtime);
    mutex_unlock(&worker->runtime->seats);
    if (!has_spare)
        worker_count(worker, COUNT_BLOCKS_BARE);
    rovei_worker_go_away(worker);
}

void rove_blocking_end(void)
{
    struct rovei_worker *worker = worker_self();
    if (!worker || !runtime_is_here(worker->runtime) || worker->blocks == 0 || --worker->blocks > 0)
        return;
    rovei_worker_come_back(worker);
    rovei_worker_take_back(worker, worker->blocked);
}
