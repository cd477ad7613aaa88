/*
 * Futures from inside: for what is no task, but follows a future, or makes one.
 */
#ifndef ROVEI_TASK_FUTURE_H
#define ROVEI_TASK_FUTURE_H

#include <rove/future.h>

/* What follows a future without being one. It allocates nothing, and is the caller's until it is called. */
struct future_follower {
    /* Called once when the future has ended, however that came: with its outcome, its value if that is ROVE_OK, and
     * its error. On the thread that ended it, or in rovei_future_follow; without locks. The follower may be freed in
     * it, and so may the future; other followers wait meanwhile, so it should be short. */
    void (*fn)(struct future_follower *follower, rove_status outcome, void *value, int error);

    /* Internal. */
    rove_future *next; /* among those that follow the same future */
    rove_future *previous;
    rove_status outcome;
    void *value;
    int error;
};

/* Whether the future is made, so that it will end. False for NULL. */
static inline bool future_is_made(const rove_future *future)
{
    return future && future->group.on_discard;
}

/* Whether the future was left behind by a fork: it will not end in this process, and its list may be locked for ever.
 * Requires: it is made. Any thread. */
bool rovei_future_is_left(const rove_future *future);

/* Has `follower->fn` called when `future` has ended; now, if it has. Requires: the future is made. Any thread. */
void rovei_future_follow(rove_future *future, struct future_follower *follower);

/* Has the follower follow no more: true, and it will not be called; false if the future has ended: it was called or
 * will be. Requires: it was added to that future, which still exists. Any thread. */
bool rovei_future_unfollow(rove_future *future, struct future_follower *follower);

/* Makes a future that only rovei_future_end can end. It belongs to `runtime` unless it says to which. Returns as
 * rove_future_promise. Requires: it is not made. Any thread. */
rove_status rovei_future_make(rove_future *future, rove_runtime *runtime);

/* Takes that back, before anybody else knows of it: it is as before, and can be made. */
void rovei_future_unmake(rove_future *future);

/* Ends it; waiters and followers go on. The last access to it. Any thread. */
void rovei_future_end(rove_future *future, rove_status outcome, void *value, int error);

#endif
