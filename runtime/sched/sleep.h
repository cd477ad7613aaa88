/*
 * Sleeping and waking. The invariant, the two protocols and the argument are in sleep.md.
 */
#ifndef ROVEI_SCHED_SLEEP_H
#define ROVEI_SCHED_SLEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rove_runtime;
struct rovei_wait;
struct rovei_worker;

/* How many workers are PARKED, and how many look for work; in one word, so that a change of role is one step. */
struct rovei_idle {
    char pad_before[128];
    _Atomic(uint64_t) counts;
    char pad_after[120];
};

#define IDLE_SLEEPER UINT64_C(1)
#define IDLE_SEARCHER (UINT64_C(1) << 32)

static inline uint32_t idle_sleepers(uint64_t counts)
{
    return (uint32_t)counts;
}

/* May be below zero for a moment: a worker that is called may stop searching before its caller has counted it. So it is
 * compared with <= 0, never with == 0. */
static inline int32_t idle_searchers(uint64_t counts)
{
    return (int32_t)(counts >> 32);
}

/* Counts the worker as a searcher, unless half of the workers already are. */
bool rovei_search_start(struct rove_runtime *runtime);

/* The worker, which is counted as a searcher, stops looking, with or without a find. If it was the last and others
 * sleep, it wakes another to look on: so of a burst of work, each worker that is woken wakes the next. */
void rovei_search_stop(struct rovei_worker *worker);

/* Wakes a sleeper if there is one and nobody searches; to be called after work was made visible by a seq_cst access.
 * `near` may be NULL. Any thread. */
void rovei_wake_one(struct rove_runtime *runtime, const struct rovei_worker *near);

/* Like rovei_wake_one, for work that is best run by `worker`, or on the node `node`: if that sleeps it is woken,
 * whoever else searches. */
void rovei_wake_for(struct rovei_worker *worker, const struct rovei_worker *near);
void rovei_wake_on(struct rove_runtime *runtime, int node, const struct rovei_worker *near);

/* Wakes `worker`, if it is asleep, because what it waits for may have come. Any thread. */
void rovei_wake_worker(struct rovei_worker *worker);

/* Wakes a pool thread that sleeps between tasks or on the bench, because the runtime has come to its end. */
void rovei_wake_for_good(struct rovei_worker *worker);

/*
 * Sleeps until there may be work or `wait` may be over. With `is_hearing` the worker is a sleeper that new work wakes;
 * without, only rovei_wake_worker wakes it. `is_searcher`: it is counted as one. Returns whether it is one now.
 */
bool rovei_park(struct rovei_worker *worker, const struct rovei_wait *wait, bool is_hearing, bool is_searcher);

/* Sleeps as long as the state says so, whoever put it there, but not beyond the time `until` of rovei_clock_now (0: no
 * end), when the worker takes itself out of its sleep. Returns whether the worker is a searcher now. */
bool rovei_sleep(struct rovei_worker *worker, int64_t until);

/* Rings the doorbells of a worker that begins to work while others sleep and nobody searches. Owner only. */
void rovei_listen(struct rovei_worker *worker);

/* Wakes all workers that are DEAF because they are deep down, to do what they can. Any thread. */
void rovei_wake_deaf(struct rove_runtime *runtime);

/* For a worker that has stopped running (its state says so) and may leave public tasks: sees to it that somebody runs
 * them, a DEAF worker if there is no other. */
void rovei_leave_work(struct rove_runtime *runtime);

/* Turns a pool thread that is BENCHED, and stays asleep, into a sleeper that can be woken; wakes one if there is work.
 * Requires: the lock of the seats. */
void rovei_unbench(struct rovei_worker *worker);

/* Turns an IDLE pool thread into a BENCHED one. False if it is not IDLE, or is waking up for a broadcast: then it sees
 * by itself that it is one too many. Requires: the lock of the seats. */
bool rovei_bench_idle(struct rovei_worker *worker);

/* Whether any worker works, or looks for work. Any thread. */
bool rovei_is_anybody_awake(struct rove_runtime *runtime);

/* Wakes all that sleep and could be woken for work. Any thread. */
void rovei_wake_all(struct rove_runtime *runtime);

/* Whether any source has work that a thief could have: the one function that looks at all sources. Any thread. */
bool rovei_work_is_visible(struct rove_runtime *runtime);

#endif
