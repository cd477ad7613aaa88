/*
 * Calls of on_progress: one at a time, in the order of what they tell, not too often, and a last one when all jobs have
 * ended. Nobody waits for a call: who comes while one is made leaves it to that one's caller to make another, if it
 * must be.
 *
 * Edges
 *   [tell]  state (acq_rel) by whoever has called on_progress -> the next one: what that has written
 *   [last]  state (acq_rel) by whoever wants a last call, after the last jobs were counted -> who makes it (acq_rel)
 */
#ifndef ROVEI_POOL_PROGRESS_H
#define ROVEI_POOL_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rove_pool;

/*   IDLE    nobody is in on_progress
 *   TELLS   somebody is
 *   WANTED  the same, and it has to be called once more */
enum pool_progress_state { PROGRESS_IDLE, PROGRESS_TELLS, PROGRESS_WANTED };

/* All zero is valid. */
struct pool_progress {
    _Atomic(int64_t) next;   /* ticks; it is not worth looking at the clock before. Relaxed: a hint */
    int64_t due;             /* when the next call may be made, by rove_clock. Of whoever is in on_progress */
    _Atomic(uint32_t) state; /* enum pool_progress_state */
};

/*
 * Calls on_progress of the configuration, if it is time or `is_last` says that no job is left. A worker whose job has
 * ended calls it after it has counted that and before it is no longer `left` in the pool; so that nobody tells any more
 * when none is left, and the last one tells after that. Without the lock. Cheap when it is not time.
 */
void rovei_pool_tell_progress(struct rove_pool *pool, bool is_last);

#endif
