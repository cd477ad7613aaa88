/*
 * Spawning into an isolated group: its tasks lie in a queue of their own, from which an isolated wait takes them; and
 * for each a ticket goes where other tasks go, which lets any worker run one of them.
 */
#ifndef ROVEI_TASK_ISOLATED_H
#define ROVEI_TASK_ISOLATED_H

#include "runtime/task/group.h"

/* Queues one task, on a worker. Requires: the group has been entered. Returns ROVE_OK or ROVE_NO_MEMORY. */
rove_status rovei_isolated_spawn(struct rovei_worker *worker, rove_group *group, rove_group_fn *fn, void *arg);

/* The same on a thread that is no worker. Returns also ROVE_CLOSED. */
rove_status rovei_isolated_submit(struct rove_runtime *runtime, rove_group *group, rove_group_fn *fn, void *arg);

#endif
