/*
 * What loops and reductions share: when to cut what is left of a range, and how much of it to do at a time.
 */
#ifndef ROVEI_TASK_RANGE_H
#define ROVEI_TASK_RANGE_H

#include "runtime/platform/clock.h"
#include "runtime/platform/ticks.h"
#include "runtime/queue/deque.h"
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
    int64_t spent; /* ticks spent on this loop so far, here and before */
    int64_t since; /* when the current chunk began, in ticks; 0: the time has not been looked at yet */
};

/* A chunk is to take at least so long, in nanoseconds, so that asking whether somebody is hungry costs little. */
enum { RANGE_CHUNK_NS = 2000 };

/* A loop that has not run so long, in nanoseconds, is not worth waking anybody for. */
enum { RANGE_WORTH_NS = 1000 };

/* As long as nobody is hungry, so many indices come untimed before the first chunk: a look at the time costs as much as
 * several of them, and many a loop ends here. */
enum { RANGE_PRELUDE = 16 };

/* Begins the range of a loop, on the worker that works on it first. */
static inline void range_start(struct rovei_range *range, int64_t begin, int64_t end)
{
    *range = (struct rovei_range){.begin = begin, .end = end, .chunk = 1};
}

/* Begins a range that was cut from another, on the worker that has got it. */
static inline void range_resume(struct rovei_range *range)
{
    range->since = ticks_now();
}

/* Whether a thief has asked this worker for work. */
static inline bool range_is_wanted(void)
{
    return ROVEI_UNLIKELY(ROVEI_LOAD(rovei_self->limit, RELAXED) == DEQUE_HUNGRY);
}

/* Half of what is left, if it is worth cutting and a thief has asked this worker for work; 0 if not. */
static inline int64_t range_to_give(struct rovei_range *range)
{
    int64_t left = range->end - range->begin;
    if (!range_is_wanted() || left < 2)
        return 0;
    if (range->since == 0)
        range_resume(range);
    return range->spent < ticks_of(RANGE_WORTH_NS) ? 0 : left / 2;
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

/* How many indices come after a chunk that took so many ticks: more, fast while they cost next to nothing, or fewer, at
 * once as few as fit. */
static inline int64_t range_resize(int64_t chunk, int64_t took)
{
    int64_t wanted = ticks_of(RANGE_CHUNK_NS);
    if (took < wanted) {
        int factor = took < wanted / 8 ? 4 : 2;
        return chunk <= INT64_MAX / factor ? chunk * factor : INT64_MAX;
    }
    if (took <= 4 * wanted)
        return chunk;
    int64_t fitting = chunk / (took / wanted);
    return fitting > 1 ? fitting : 1;
}

/* The chunk that ends at `done` is done. */
static inline void range_advance(struct rovei_range *range, int64_t done)
{
    range->begin = done;
    if (done == range->end)
        return;
    int64_t now = ticks_now();
    if (range->since != 0) {
        int64_t took = now > range->since ? now - range->since : 0; /* the counters of two processors may disagree */
        range->spent += took;
        range->chunk = range_resize(range->chunk, took);
    }
    range->since = now;
}

/* Begins the loop, on the worker that works on it first. */
static inline void loop_begin(struct rovei_loop *loop)
{
    struct rovei_worker *worker = worker_self();
    loop->scope = (rove_scope){.parent = scope_current(worker), .state = SCOPE_IS_BEGUN};
    loop->frame = (struct rovei_frame){.scope = &loop->scope, .isolation = worker_isolation(worker)};
    worker_push_frame(worker, &loop->frame);
}

/* The slow side of loop_end, for a loop about which there is something to say. */
static __attribute__((noinline, unused)) rove_status loop_tell(struct rovei_loop *loop, rove_status status)
{
    rovei_scope_discount(&loop->scope);
    if (loop->scope.error && loop->scope.parent != &worker_self()->runtime->scope)
        rovei_scope_keep_error(loop->scope.parent, loop->scope.error);
    bool has_failed = (loop->scope.state & SCOPE_CAUSE) == ROVE_FAILED;
    return status == ROVE_OK && has_failed ? ROVE_FAILED : status;
}

/* Ends it, on the same worker, when all parts have ended. The error goes to the scope around, where it can be read.
 * Returns what the loop returns, where `status` says why something was left out: ROVE_FAILED also if rove_fail was
 * called too late for that. */
static inline rove_status loop_end(struct rovei_loop *loop, rove_status status)
{
    worker_pop_frame(worker_self(), &loop->frame);
    bool is_plain = __atomic_load_n(&loop->scope.state, __ATOMIC_RELAXED) == SCOPE_IS_BEGUN && !loop->scope.error;
    return ROVEI_LIKELY(is_plain) ? status : loop_tell(loop, status);
}

/* A part of the loop that was forked begins, maybe on another worker: it belongs to the loop's scope there too. `frame`
 * is on the caller's stack. Returns the worker, for loop_leave. */
static inline struct rovei_worker *loop_enter(struct rovei_loop *loop, struct rovei_frame *frame)
{
    struct rovei_worker *worker = worker_self();
    *frame = (struct rovei_frame){.scope = &loop->scope, .isolation = loop->frame.isolation};
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

/* The end of the prelude. */
static inline int64_t range_prelude_end(const struct rovei_range *range)
{
    return range->end - range->begin > RANGE_PRELUDE ? range->begin + RANGE_PRELUDE : range->end;
}

/* The end of the next piece of the prelude, of which `done` indices are done: one index, later a few. Nobody knows how
 * long they take, but whoever becomes hungry meanwhile waits no longer than a quarter of the time that has passed. */
static inline int64_t range_prelude_next(int64_t done, int64_t index, int64_t end)
{
    int64_t step = 1 + done / 4;
    return end - index > step ? index + step : end;
}

/* Whether the prelude goes on. */
static inline bool loop_is_undisturbed(struct rovei_loop *loop)
{
    return !range_is_wanted() && !ROVEI_UNLIKELY(scope_is_over(&loop->scope));
}

/* Whether begin..end can be counted; an empty range can. */
static inline bool range_is_countable(int64_t begin, int64_t end)
{
    int64_t length;
    return end <= begin || !__builtin_sub_overflow(end, begin, &length);
}

#endif
