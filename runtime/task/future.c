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

static void future_end(rove_future *future, rove_status outcome, int error);

static void future_discard(void *arg)
{
    rove_future *future = arg;
    future_end(future, rove_scope_status(&future->group.scope), 0);
}

/* Spawns the task of a future that is held. Without memory it runs here; in a runtime that is closed it is canceled. */
static void future_spawn(rove_future *future)
{
    rove_status status = rove_group_spawn(&future->group, future_run, future);
    if (status == ROVE_NO_MEMORY)
        future_run(future);
    else if (status)
        future_end(future, ROVE_CANCELED, 0);
    rovei_group_let_go(&future->group);
}

/* A future that is held follows one that has ended. */
static void future_follow(rove_future *next, const rove_future *future)
{
    if (future->outcome == ROVE_OK) {
        next->before = future->value;
        future_spawn(next);
        return;
    }
    future_end(next, future->outcome, rove_future_error(future));
    rovei_group_let_go(&next->group);
}

/* The value, or the lack of one, is known. The future stays, because somebody still counts as its task. */
static void future_end(rove_future *future, rove_status outcome, int error)
{
    if (error)
        rovei_scope_keep_error(&future->group.scope, error);
    future->outcome = outcome;
    uintptr_t followers =
        __atomic_exchange_n(&future->followers, FUTURE_ENDED, __ATOMIC_ACQ_REL); /* [value] [follow] */
    rove_future *next = (rove_future *)followers;
    while (next) {
        rove_future *after = next->next; /* read first: a future that has ended may be gone */
        future_follow(next, future);
        next = after;
    }
}

static int future_run(void *arg)
{
    rove_future *future = arg;
    int error = future->fn(future->arg, future->before, &future->value);
    future_end(future, error ? ROVE_FAILED : ROVE_OK, error);
    return 0;
}

/* Prepares a future and holds it. */
static rove_status future_hold(rove_future *future, rove_future_fn *fn, void *arg)
{
    if (!future)
        return ROVE_INVALID;
    future->fn = fn;
    future->arg = arg;
    future->group.on_discard = future_discard;
    return rovei_group_hold(&future->group);
}

rove_status rove_future_start(rove_future *future, rove_future_fn *fn, void *arg)
{
    if (!fn)
        return ROVE_INVALID;
    rove_status status = future_hold(future, fn, arg);
    if (status)
        return status;
    __atomic_store_n(&future->has_outcome, 1, __ATOMIC_RELAXED); /* nobody may set it */
    status = rove_group_spawn(&future->group, future_run, future);
    rovei_group_let_go(&future->group);
    return status;
}

rove_status rove_future_then(rove_future *future, rove_future *next, rove_future_fn *fn, void *arg)
{
    if (!fn || !future || !future->group.on_discard)
        return ROVE_INVALID;
    rove_status status = future_hold(next, fn, arg);
    if (status)
        return status;
    __atomic_store_n(&next->has_outcome, 1, __ATOMIC_RELAXED);                   /* nobody may set it */
    uintptr_t followers = __atomic_load_n(&future->followers, __ATOMIC_ACQUIRE); /* [value] */
    do {
        if (followers == FUTURE_ENDED) {
            future_follow(next, future);
            return ROVE_OK;
        }
        next->next = (rove_future *)followers;
    } while (!__atomic_compare_exchange_n(&future->followers, &followers, (uintptr_t)next, true, __ATOMIC_RELEASE,
                                          __ATOMIC_ACQUIRE)); /* [follow] */
    return ROVE_OK;
}

rove_status rove_future_promise(rove_future *future)
{
    return future_hold(future, NULL, NULL);
}

static rove_status future_settle(rove_future *future, rove_status outcome, void *value, int error)
{
    if (!future || !future->group.on_discard || __atomic_exchange_n(&future->has_outcome, 1, __ATOMIC_RELAXED))
        return ROVE_INVALID;
    future->value = value;
    future_end(future, outcome, error);
    rovei_group_let_go(&future->group);
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
