/*
 * The injector: the queue through which work comes in from threads that are no workers. Many producers, many consumers,
 * without a bound, first in first out. It allocates nothing: a task brings its own link.
 *
 * A list under a lock. The lock is held for a few instructions, consumers only try it, and what it gives is what a
 * sleeper needs: an answer to "is there anything?" that is exact. A queue without a lock that looks empty while a
 * consumer is in the middle of a pop strands work; and from outside, one exchange on a shared line costs what the lock
 * costs.
 *
 * Edges
 *   [feed]  length (seq_cst) -> injector_is_empty (seq_cst): a producer that then finds nobody asleep has been heard by
 *           the next worker that is about to sleep
 */
#ifndef ROVEI_QUEUE_INJECTOR_H
#define ROVEI_QUEUE_INJECTOR_H

#include "runtime/platform/mutex.h"

#include <rove/task.h>
#include <stddef.h>

/* The head of a task that can be injected. */
struct rovei_injected {
    rove_task task;
    struct rovei_injected *next;
};

struct rovei_injector {
    struct rovei_mutex lock;
    struct rovei_injected *oldest;
    struct rovei_injected *newest;
    rovei_atomic_i64 length; /* written under the lock */
    char pad[ROVEI_LINE];
};

static inline void injector_init(struct rovei_injector *injector)
{
    mutex_init(&injector->lock);
    injector->oldest = NULL;
    injector->newest = NULL;
    ROVEI_INIT(injector->length, 0);
}

static inline void injector_fini(struct rovei_injector *injector)
{
    mutex_fini(&injector->lock);
}

/* Appends the `count` tasks from `first` to `last`, which are linked by `next`. Requires: the lock. */
static inline void injector_append(struct rovei_injector *injector, struct rovei_injected *first,
                                   struct rovei_injected *last, int64_t count)
{
    last->next = NULL;
    if (injector->newest)
        injector->newest->next = first;
    else
        injector->oldest = first;
    injector->newest = last;
    ROVEI_STORE(injector->length, ROVEI_LOAD(injector->length, RELAXED) + count, SEQ_CST); /* [feed] */
}

/* The same for any thread. Blocks for the moment that another thread holds the lock. */
static inline void injector_push(struct rovei_injector *injector, struct rovei_injected *first,
                                 struct rovei_injected *last, int64_t count)
{
    mutex_lock_soon(&injector->lock);
    injector_append(injector, first, last, count);
    mutex_unlock(&injector->lock);
}

/* Whether nothing that was pushed before is still there. Any thread. */
static inline bool injector_is_empty(struct rovei_injector *injector)
{
    return ROVEI_LOAD(injector->length, SEQ_CST) == 0; /* [feed] */
}

/* How many tasks are in it. Any thread. */
static inline int64_t injector_length(struct rovei_injector *injector)
{
    return ROVEI_LOAD(injector->length, RELAXED); /* a hint */
}

/* Takes the oldest task off, or NULL. Requires: the lock. */
static inline struct rovei_injected *injector_detach(struct rovei_injector *injector)
{
    struct rovei_injected *first = injector->oldest;
    if (!first)
        return NULL;
    injector->oldest = first->next;
    if (!injector->oldest)
        injector->newest = NULL;
    first->next = NULL;
    ROVEI_STORE(injector->length, ROVEI_LOAD(injector->length, RELAXED) - 1, SEQ_CST);
    return first;
}

/* Takes up to `most` of the oldest tasks, linked by `next` in the order in which they came, and stores in `*count` how
 * many. NULL if there are none or the lock was not free: injector_is_empty tells which. Any thread. */
static inline struct rovei_injected *injector_take(struct rovei_injector *injector, int64_t most, int64_t *count)
{
    *count = 0;
    if (injector_is_empty(injector) || !mutex_try_lock(&injector->lock))
        return NULL;
    struct rovei_injected *first = injector->oldest;
    struct rovei_injected *last = first;
    int64_t taken = first ? 1 : 0;
    while (taken > 0 && taken < most && last->next) {
        last = last->next;
        taken++;
    }
    if (taken > 0) {
        injector->oldest = last->next;
        if (!injector->oldest)
            injector->newest = NULL;
        last->next = NULL;
        ROVEI_STORE(injector->length, ROVEI_LOAD(injector->length, RELAXED) - taken, SEQ_CST);
    }
    mutex_unlock(&injector->lock);
    *count = taken;
    return first;
}

#endif
