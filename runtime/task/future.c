/*
 * Futures, on groups: a future is a group of one task, and is held, as if by another task, until that one is spawned.
 *
 * Edges
 *   [value]   followers (acq_rel exchange) by whoever ends the future -> rove_future_then, is_done (acquire): the value
 *   [follow]  followers (release, compare and exchange) by rove_future_then -> the exchange: the follower
 */
#include <rove/future.h>

#include "runtime/task/cancel.h"
#include "runtime/task/count.h"

/* What `followers` holds when the value has come. No future lies there. */
#define FUTURE_ENDED ((uintptr_t)1)

static int future_run(void *arg);

/* The value, or the lack of one, is known. Returns those that follow, linked by `next`, each with what it needs to go
 * on: the future may be gone before their turn comes. */
static rove_future *future_close(rove_future *future, rove_status outcome, int error)
{
    if (error)
        rovei_scope_keep_error(&future->group.scope, error);
    future->outcome = outcome;
    rovei_scope_discount(&future->group.scope); /* nothing runs in it any more, and maybe nobody waits for it */
    uintptr_t followers =
        __atomic_exchange_n(&future->followers, FUTURE_ENDED, __ATOMIC_ACQ_REL); /* [value] [follow] */
    for (rove_future *next = (rove_future *)followers; next; next = next->next) {
        next->outcome = outcome;
        next->before = future->value;
        if (error)
            rovei_scope_keep_error(&next->group.scope, error);
    }
    return (rove_future *)followers;
}

/* Calls the function of a future. rove_fail in it counts as an error that is returned. */
static rove_status future_call(rove_future *future)
{
    int error = future->fn(future->arg, future->before, &future->value);
    if (error)
        rovei_scope_keep_error(&future->group.scope, error);
    bool has_failed = error || rove_scope_status(&future->group.scope) == ROVE_FAILED;
    return has_failed ? ROVE_FAILED : ROVE_OK;
}

/* Runs a future here, for want of memory for a task. */
static rove_status future_call_here(rove_future *future)
{
    struct rovei_worker *worker = worker_self();
    if (scope_is_over(&future->group.scope))
        return rove_scope_status(&future->group.scope);
    if (!worker)
        return future_call(future);
    struct rovei_frame frame = {.scope = &future->group.scope, .group = &future->group};
    worker_push_frame(worker, &frame);
    rove_status outcome = future_call(future);
    worker_pop_frame(worker, &frame);
    return outcome;
}

/* A future that is held gets its turn. Returns those that follow it, if it has ended by that. The last access to it. */
static rove_future *future_go_on(rove_future *future)
{
    rove_future *followers = NULL;
    rove_status outcome = future->outcome;
    if (outcome == ROVE_OK) {
        rove_status spawned = rove_group_spawn(&future->group, future_run, future);
        outcome = spawned == ROVE_NO_MEMORY ? future_call_here(future) : ROVE_CANCELED;
        if (spawned != ROVE_OK)
            followers = future_close(future, outcome, rove_future_error(future));
    } else {
        followers = future_close(future, outcome, rove_future_error(future));
    }
    rovei_group_let_go(&future->group);
    return followers;
}

/* Has all go on that follow, one after the other: a chain may be long. */
static void future_go_on_all(rove_future *list)
{
    while (list) {
        rove_future *rest = list->next;
        list = future_go_on(list);
        rove_future **end = &list;
        while (*end)
            end = &(*end)->next;
        *end = rest;
    }
}

static void future_discard(void *arg)
{
    rove_future *future = arg;
    future_go_on_all(future_close(future, rove_scope_status(&future->group.scope), 0));
}

static int future_run(void *arg)
{
    rove_future *future = arg;
    rove_status outcome = future_call(future);
    future_go_on_all(future_close(future, outcome, rove_future_error(future)));
    return 0;
}

/* Makes a future, and holds it. */
static rove_status future_make(rove_future *future, rove_future_fn *fn, void *arg, bool is_promise)
{
    if (!future)
        return ROVE_INVALID;
    rove_status status = rovei_group_hold(&future->group);
    if (status)
        return status;
    future->fn = fn;
    future->arg = arg;
    future->group.on_discard = future_discard;
    __atomic_store_n(&future->has_outcome, !is_promise, __ATOMIC_RELAXED); /* whether nobody may set it */
    return ROVE_OK;
}

/* Takes back that a future was made and is held. */
static void future_unmake(rove_future *future, rove_runtime *runtime)
{
    future->group.on_discard = NULL;
    future->has_outcome = 0;
    rovei_group_let_go(&future->group);
    rove_group_wait(&future->group); /* returns at once, and the group can be used again */
    future->group.runtime = runtime;
}

rove_status rove_future_start(rove_future *future, rove_future_fn *fn, void *arg)
{
    rove_runtime *runtime = future ? future->group.runtime : NULL;
    rove_status status = fn ? future_make(future, fn, arg, false) : ROVE_INVALID;
    if (status)
        return status;
    status = rove_group_spawn(&future->group, future_run, future);
    if (status)
        future_unmake(future, runtime);
    else
        rovei_group_let_go(&future->group);
    return status;
}

rove_status rove_future_then(rove_future *future, rove_future *next, rove_future_fn *fn, void *arg)
{
    if (!fn || !future || !future->group.on_discard)
        return ROVE_INVALID;
    rove_status status = future_make(next, fn, arg, false);
    if (status)
        return status;
    uintptr_t followers = __atomic_load_n(&future->followers, __ATOMIC_ACQUIRE); /* [value] */
    do {
        if (followers == FUTURE_ENDED) {
            next->next = NULL;
            next->outcome = future->outcome;
            next->before = future->value;
            if (rove_future_error(future))
                rovei_scope_keep_error(&next->group.scope, rove_future_error(future));
            future_go_on_all(next);
            return ROVE_OK;
        }
        next->next = (rove_future *)followers;
    } while (!__atomic_compare_exchange_n(&future->followers, &followers, (uintptr_t)next, true, __ATOMIC_RELEASE,
                                          __ATOMIC_ACQUIRE)); /* [follow] */
    return ROVE_OK;
}

rove_status rove_future_promise(rove_future *future)
{
    return future_make(future, NULL, NULL, true);
}

static rove_status future_settle(rove_future *future, rove_status outcome, void *value, int error)
{
    if (!future || !future->group.on_discard || __atomic_exchange_n(&future->has_outcome, 1, __ATOMIC_RELAXED))
        return ROVE_INVALID;
    future->value = value;
    rove_future *followers = future_close(future, outcome, error);
    rovei_group_let_go(&future->group);
    future_go_on_all(followers);
    return ROVE_OK;
}

rove_status rove_future_set(rove_future *future, void *value)
{
    return future_settle(future, ROVE_OK, value, 0);
}

rove_status rove_future_fail(rove_future *future, int error)
{
    return error == 0 ? ROVE_INVALID : future_settle(future, ROVE_FAILED, NULL, error);
}

rove_status rove_future_wait(rove_future *future, void **value)
{
    return rove_future_wait_until(future, INT64_MAX, value);
}

rove_status rove_future_wait_until(rove_future *future, int64_t until, void **value)
{
    if (!future || !future->group.on_discard)
        return ROVE_INVALID;
    rove_status status =
        until == INT64_MAX ? rove_group_wait(&future->group) : rove_group_wait_until(&future->group, until);
    if (status == ROVE_PENDING || status == ROVE_BUSY || status == ROVE_INVALID || status == ROVE_FORKED)
        return status;
    if (value && future->outcome == ROVE_OK)
        *value = future->value;
    return future->outcome;
}

bool rove_future_is_done(const rove_future *future)
{
    return future && __atomic_load_n(&future->followers, __ATOMIC_ACQUIRE) == FUTURE_ENDED; /* [value] */
}

int rove_future_error(const rove_future *future)
{
    return future ? rove_group_error(&future->group) : 0;
}
