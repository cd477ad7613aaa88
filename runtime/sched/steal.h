/*
 * Finding work: the order in which a worker looks at its own deque, the injector and its victims.
 */
#ifndef ROVEI_SCHED_STEAL_H
#define ROVEI_SCHED_STEAL_H

#include "runtime/sched/worker.h"

/* A task to run, and how. */
struct rovei_job {
    rove_task *task;
    struct rovei_worker *joiner; /* whose join waits for it, for a forked task; NULL for a spawned one */
};

/* The newest of the worker's own spawned tasks, or the oldest of its inbox. */
bool rovei_find_own(struct rovei_worker *worker, struct rovei_job *job);

/* Tasks from outside: those of the own node first. */
bool rovei_find_injected(struct rovei_worker *worker, struct rovei_job *job);

/* A task of `victim`'s. Rings its doorbell if it has none to give. */
bool rovei_find_from(struct rovei_worker *worker, struct rovei_worker *victim, struct rovei_job *job);

/* A task of anybody's, near to far. */
bool rovei_find_stolen(struct rovei_worker *worker, struct rovei_job *job);

/* Publishes for busy owners that hide tasks; at most every so often. True if something became public. */
bool rovei_force_any(struct rovei_worker *worker, int64_t now);

/* The thief that runs the forked task `task`, or NULL if it is not known (yet) or done. */
struct rovei_worker *rovei_thief_of(struct rove_runtime *runtime, const rove_task *task);

/* Whether the forked task `task`, which was stolen, has run. */
bool rovei_stolen_is_done(const rove_task *task);

/* Runs a job to its end and announces it. The announcement is the last access to the task. */
void rovei_job_run(struct rovei_worker *worker, const struct rovei_job *job);

#endif
