/*
 * The end of a runtime: nothing new comes in, what is queued runs, the threads end.
 */
#ifndef ROVEI_SCHED_STOP_H
#define ROVEI_SCHED_STOP_H

struct rove_runtime;

/* A pool thread of the runtime is about to say that it sleeps. */
void rovei_stop_settle(struct rove_runtime *runtime);

/* If the runtime is stopping, all of its pool threads sleep, and nothing is left to do: lets them end. Called by each
 * thread that has gone to sleep, so the last one sees it. */
void rovei_stop_if_quiet(struct rove_runtime *runtime);

#endif
