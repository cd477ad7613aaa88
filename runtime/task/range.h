/*
 * What loops and reductions share: when to cut what is left of a range, and how much of it to do at a time.
 */
#ifndef ROVEI_TASK_RANGE_H
#define ROVEI_TASK_RANGE_H

#include "runtime/platform/clock.h"
#include "runtime/task/cancel.h"

#include <rove/task.h>

/* A loop, sort or the like as a whole, on the stack of the call: what its parts share. */
struct rovei_loop {
    rove_scope scope;
    struct rovei_frame frame; /* of the worker that began it */
};

/* A range that is being worked through in chunks. */
struct rovei_range {
    int64_t begin; /* of what is left */
    int64_t end;
    int64_t chunk; /* how many indices come next */
    int64_t spent; /* nanoseconds spent on this loop so far, here and before */
    int64_t since; /* when the current chunk began */
};

/* A chunk is to take at least so long, in nanoseconds, so that asking whether somebody is hungry costs little. */
enum { RANGE_CHUNK_NS = 2000 };

/* A loop that has not run so long, in nanoseconds, is not worth waking anybody for. */
enum { RANGE_WORTH_NS = 1000 };

static inline void range_start(struct rovei_range *range, int64_t begin, int64_t end)
{
    range->begin = begin;
    range->end = end;
    range->chunk = 1;
    range->spent = 0;
    range->since = rovei_clock_now();
}

/* Half of what is left, if it is worth cutting and a thief has asked this worker for work; 0 if not. */
static inline int64_t range_to_give(const struct rovei_range *range)
{
    int64_t left = range->end - range->begin;
    if (left < 2 || range->spent < RANGE_WORTH_NS || ROVEI_LOAD(rovei_self->limit, RELAXED) != INT64_MIN)
        return 0;
    return left / 2;
}

/* Cuts `count` indices from the end off. */
static inline struct rovei_range range_cut(struct rovei_range *range, int64_t count)
{
    struct rovei_range right = *range;
    range->end -= count;
    right.begin = range->end;
    return right;
}

/* The end of the next chunk, which the caller does now. */
static inline int64_t range_next(const struct rovei_range *range)
{
    return range->end - range->begin > range->chunk ? range->begin + range->chunk : range->end;
}

/* The chunk that ends at `done` is done. */
static inline void range_advance(struct rovei_range *range, int64_t done)
{
    range->begin = done;
    int64_t now = rovei_clock_now();
    int64_t took = now - range->since;
    range->since = now;
    range->spent += took;
    if (took < RANGE_CHUNK_NS && range->chunk <= INT64_MAX / 2)
        range->chunk *= 2;
    else if (took > 4 * RANGE_CHUNK_NS && range->chunk > 1)
        range->chunk /= 2;
}

/* Begins the loop, on the worker that works on it first. */
static inline void loop_begin(struct rovei_loop *loop)
{
    struct rovei_worker *worker = worker_self();
    loop->scope = (rove_scope){.parent = scope_current(worker)};
    loop->frame = (struct rovei_frame){.scope = &loop->scope};
    worker_push_frame(worker, &loop->frame);
}

/* Ends it, on the same worker, when all parts have ended. The error goes to the scope around, where it can be read. */
static inline void loop_end(struct rovei_loop *loop)
{
    struct rovei_worker *worker = worker_self();
    worker_pop_frame(worker, &loop->frame);
    if (ROVEI_UNLIKELY(loop->scope.error) && loop->scope.parent != &worker->runtime->scope)
        rovei_scope_keep_error(loop->scope.parent, loop->scope.error);
}

/* A part of the loop that was forked begins, maybe on another worker: it belongs to the loop's scope there too. `frame`
 * is on the caller's stack. Returns the worker, for loop_leave. */
static inline struct rovei_worker *loop_enter(struct rovei_loop *loop, struct rovei_frame *frame)
{
    struct rovei_worker *worker = worker_self();
    *frame = (struct rovei_frame){.scope = &loop->scope};
    worker_push_frame(worker, frame);
    return worker;
}

static inline void loop_leave(struct rovei_worker *worker, const struct rovei_frame *frame)
{
    worker_pop_frame(worker, frame);
}

/* ROVE_OK if the loop is to go on; else why not. To be asked between chunks: a load for each scope up to the root. */
static inline rove_status loop_status(struct rovei_loop *loop)
{
    return ROVEI_UNLIKELY(scope_is_over(&loop->scope)) ? rove_scope_status(&loop->scope) : ROVE_OK;
}

/* Whether begin..end can be counted; an empty range can. */
static inline bool range_is_countable(int64_t begin, int64_t end)
{
    int64_t length;
    return end <= begin || !__builtin_sub_overflow(end, begin, &length);
}

#endif
