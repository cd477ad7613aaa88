/*
 * Futures, on groups: a future is a group of one task, and is held, as if by another task, until that one is spawned.
 *
 * Those that follow a future are in a list of links, which are futures or, with a mark in the pointer, something else
 * (future.h), which also knows its neighbour to the left, so that it can be taken out. The first link stands in
 * `followers` of the future, together with a lock of the list. The end of the future takes all of them.
 *
 * Edges
 *   [value]   followers (acq_rel, compare and exchange) by whoever ends the future -> who follows, is_done (acquire):
 *             the value
 *   [follow]  followers (release) by who follows, or follows no more -> the end (acq_rel): the links
 *   [lock]    followers with the lock (acquire, compare and exchange), and without it (release): the list
 */
#include "runtime/task/future.h"

#include "runtime/platform/cpu.h"
#include "runtime/task/cancel.h"
#include "runtime/task/count.h"
#include "runtime/task/group.h"

/* What `followers` holds when the value has come. No future lies there. */
#define FUTURE_ENDED ((uintptr_t)1)

/* A bit of `followers`: somebody changes the list. */
#define FUTURE_LOCKED ((uintptr_t)4)

/* A bit of a pointer to a link: it is a follower and no future. */
#define FUTURE_FOLLOWER ((uintptr_t)2)

_Static_assert(_Alignof(rove_future) >= 8 && _Alignof(struct future_follower) >= 8, "pointers have bits to spare");

static int future_run(void *arg);

/* The follower that a link is, or NULL for a future. */
static struct future_follower *link_follower(rove_future *link)
{
    uintptr_t word = (uintptr_t)link;
    return word & FUTURE_FOLLOWER ? (struct future_follower *)(word - FUTURE_FOLLOWER) : NULL;
}

static rove_future **link_next(rove_future *link)
{
    struct future_follower *follower = link_follower(link);
    return follower ? &follower->next : &link->next;
}

/* Gives a link what it needs to go on: the future that it follows may be gone before its turn comes. */
static void link_tell(rove_future *link, rove_status outcome, void *value, int error)
{
    struct future_follower *follower = link_follower(link);
    if (follower) {
        follower->outcome = outcome;
        follower->value = value;
        follower->error = error;
        return;
    }
    link->outcome = outcome;
    link->before = value;
    if (error)
        rovei_scope_keep_error(&link->group.scope, error);
}

/* Whether it is a parent process's, where whoever holds its lock, and whoever would end it, is. Requires: it has not
 * ended; the runtime may be gone afterwards. */
static bool future_is_foreign(const rove_future *future)
{
    const struct rove_runtime *runtime = group_runtime(&future->group);
    return runtime && !runtime_is_here(runtime);
}

bool rovei_future_is_left(const rove_future *future)
{
    return !rove_future_is_done(future) && future_is_foreign(future);
}

/* Locks the list and returns the first link; FUTURE_ENDED if there is no list any more, and nothing is locked then. */
static uintptr_t future_lock(rove_future *future)
{
    for (;;) {
        uintptr_t first = __atomic_load_n(&future->followers, __ATOMIC_ACQUIRE); /* [value] */
        if (first == FUTURE_ENDED)
            return first;
        if (!(first & FUTURE_LOCKED) &&
            __atomic_compare_exchange_n(&future->followers, &first, first | FUTURE_LOCKED, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) /* [lock] */
            return first;
        rovei_cpu_yield();
    }
}

static void future_unlock(rove_future *future, rove_future *first)
{
    __atomic_store_n(&future->followers, (uintptr_t)first, __ATOMIC_RELEASE); /* [lock] [follow] */
}

/* Takes the list for good. */
static rove_future *future_take_links(rove_future *future)
{
    for (;;) {
        uintptr_t first = __atomic_load_n(&future->followers, __ATOMIC_RELAXED); /* the exchange orders it */
        if (!(first & FUTURE_LOCKED) &&
            __atomic_compare_exchange_n(&future->followers, &first, FUTURE_ENDED, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) /* [value] [follow] */
            return (rove_future *)first;
        if (first & FUTURE_LOCKED && future_is_foreign(future)) { /* by a thread that this child of fork has not */
            __atomic_store_n(&future->followers, FUTURE_ENDED, __ATOMIC_RELEASE);
            return NULL;
        }
        rovei_cpu_yield();
    }
}

/* The value, or the lack of one, is known. Returns the links that follow, which have been told. */
static rove_future *future_close(rove_future *future, rove_status outcome, int error)
{
    if (error)
        rovei_scope_keep_error(&future->group.scope, error);
    future->outcome = outcome;
    rovei_scope_discount(&future->group.scope); /* nothing runs in it any more, and maybe nobody waits for it */
    rove_future *first = future_take_links(future);
    for (rove_future *link = first; link; link = *link_next(link))
        link_tell(link, outcome, future->value, error);
    return first;
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

static rove_future *link_go_on(rove_future *link)
{
    struct future_follower *follower = link_follower(link);
    if (!follower)
        return future_go_on(link);
    follower->fn(follower, follower->outcome, follower->outcome ? NULL : follower->value, follower->error);
    return NULL;
}

/* Has all go on that follow, one after the other: a chain may be long. */
static void link_go_on_all(rove_future *list)
{
    while (list) {
        rove_future *rest = *link_next(list);
        list = link_go_on(list);
        rove_future **end = &list;
        while (*end)
            end = link_next(*end);
        *end = rest;
    }
}

/* Says to a link who is to the left of it; a future does not need to know. */
static void link_set_previous(rove_future *link, rove_future *previous)
{
    struct future_follower *follower = link ? link_follower(link) : NULL;
    if (follower)
        follower->previous = previous;
}

/* Has a link follow, or go on at once if the future has ended. */
static void future_add(rove_future *future, rove_future *link)
{
    uintptr_t word = future_lock(future);
    if (word == FUTURE_ENDED) {
        *link_next(link) = NULL;
        link_tell(link, future->outcome, future->value, rove_future_error(future));
        link_go_on_all(link);
        return;
    }
    rove_future *first = (rove_future *)word;
    *link_next(link) = first;
    link_set_previous(link, NULL);
    link_set_previous(first, link);
    future_unlock(future, link);
}

static void future_discard(void *arg)
{
    rove_future *future = arg;
    link_go_on_all(future_close(future, rove_scope_status(&future->group.scope), 0));
}

static int future_run(void *arg)
{
    rove_future *future = arg;
    rove_status outcome = future_call(future);
    link_go_on_all(future_close(future, outcome, rove_future_error(future)));
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
    if (!fn || !future_is_made(future))
        return ROVE_INVALID;
    if (rovei_future_is_left(future))
        return ROVE_FORKED;
    rove_status status = future_make(next, fn, arg, false);
    if (!status)
        future_add(future, next);
    return status;
}

static rove_future *follower_link(struct future_follower *follower)
{
    return (rove_future *)((uintptr_t)follower | FUTURE_FOLLOWER);
}

void rovei_future_follow(rove_future *future, struct future_follower *follower)
{
    future_add(future, follower_link(follower));
}

bool rovei_future_unfollow(rove_future *future, struct future_follower *follower)
{
    uintptr_t word = future_lock(future);
    if (word == FUTURE_ENDED)
        return false;
    rove_future *first = (rove_future *)word;
    link_set_previous(follower->next, follower->previous);
    if (first == follower_link(follower))
        first = follower->next;
    else
        *link_next(follower->previous) = follower->next;
    future_unlock(future, first);
    return true;
}

rove_status rove_future_promise(rove_future *future)
{
    return future_make(future, NULL, NULL, true);
}

/* A promise that has its outcome, as far as others can tell. */
rove_status rovei_future_make(rove_future *future, rove_runtime *runtime)
{
    rove_runtime *own = future->group.runtime;
    future->group.runtime = own ? own : runtime;
    rove_status status = future_make(future, NULL, own, false);
    if (status)
        future->group.runtime = own;
    return status;
}

void rovei_future_unmake(rove_future *future)
{
    future_unmake(future, future->arg);
}

void rovei_future_end(rove_future *future, rove_status outcome, void *value, int error)
{
    future->value = value;
    rove_future *followers = future_close(future, outcome, error);
    rovei_group_let_go(&future->group);
    link_go_on_all(followers);
}

static rove_status future_settle(rove_future *future, rove_status outcome, void *value, int error)
{
    if (!future_is_made(future) || __atomic_exchange_n(&future->has_outcome, 1, __ATOMIC_RELAXED))
        return ROVE_INVALID;
    rovei_future_end(future, outcome, value, error);
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
    if (!future_is_made(future))
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
