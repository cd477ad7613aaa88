/*
 * Edges
 *   [ended]  state (acq_rel) by each follower -> the last one: how the other futures have ended
 *   [made]   state (acq_rel) by the submission, when all futures are followed, or by a cancellation, whichever comes
 *            first -> the other (acq_rel): it sees to the cancellation
 */
#include "runtime/pool/after.h"

#include "runtime/platform/memory.h"
#include "runtime/task/future.h"

/* Bits of `state`. */
enum {
    AFTER_FOLLOWS = 1,  /* the submission has gone through all futures */
    AFTER_CANCELED = 2, /* they are not waited for any more */
    AFTER_ONE = 4       /* one that has not ended; the submission counts as one */
};

struct after_one {
    struct future_follower follower; /* first */
    struct pool_after *all;
    rove_future *future;
    rove_status outcome;
    int error;
};

/* What waits for the futures of one job: `follower` of its cell. */
struct pool_after {
    struct rove_pool *pool;
    struct pool_cell *cell;
    size_t count;
    _Atomic(size_t) state;
    struct after_one each[];
};

static size_t after_size(size_t count)
{
    return sizeof(struct pool_after) + count * sizeof(struct after_one);
}

rove_status rovei_after_check(rove_future *const *after, size_t count)
{
    if (count > 0 && !after)
        return ROVE_INVALID;
    for (size_t i = 0; i < count; i++)
        if (!future_is_made(after[i]))
            return ROVE_INVALID;
    for (size_t i = 0; i < count; i++)
        if (rovei_future_is_left(after[i]))
            return ROVE_FORKED;
    return ROVE_OK;
}

rove_status rovei_after_prepare(struct rove_pool *pool, struct pool_cell *cell, size_t count)
{
    struct pool_after *all = NULL;
    if (count <= (PTRDIFF_MAX - sizeof *all) / sizeof all->each[0])
        all = rovei_memory_allocate(pool->allocator, after_size(count));
    if (!all)
        return ROVE_NO_MEMORY;
    all->cell = cell;
    all->count = count;
    atomic_store_explicit(&all->state, (count + 1) * AFTER_ONE, memory_order_relaxed); /* nobody knows it */
    cell->follower = all;
    return ROVE_OK;
}

/* So many have ended. Returns whether all have. */
static bool after_count_ended(struct pool_after *all, size_t ended)
{
    size_t before = atomic_fetch_sub_explicit(&all->state, ended * AFTER_ONE, memory_order_acq_rel); /* [ended] */
    return before / AFTER_ONE == ended;
}

/* All have ended. The cell, and this with it, belongs to others afterwards. */
static void after_go_on(struct pool_after *all)
{
    rove_status doom = ROVE_OK;
    int error = 0;
    for (size_t i = 0; i < all->count && doom == ROVE_OK; i++) {
        doom = all->each[i].outcome;
        error = all->each[i].error;
    }
    rovei_pool_unhold(all->pool, all->cell, doom, doom ? error : 0);
}

static void after_end_one(struct future_follower *follower, rove_status outcome, void *value, int error)
{
    (void)value;
    struct after_one *one = (struct after_one *)follower;
    one->outcome = outcome;
    one->error = error;
    if (after_count_ended(one->all, 1))
        after_go_on(one->all);
}

/* Waits no more for those futures that have not ended. Returns for how many. */
static size_t after_unfollow(struct pool_after *all)
{
    size_t unfollowed = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct after_one *one = &all->each[i];
        if (rovei_future_unfollow(one->future, &one->follower)) {
            one->outcome = ROVE_CANCELED;
            unfollowed++;
        }
    }
    return unfollowed;
}

void rovei_after_follow(struct rove_pool *pool, struct pool_cell *cell, rove_future *const *after, size_t count)
{
    struct pool_after *all = cell->follower;
    all->pool = pool;
    for (size_t i = 0; i < count; i++) {
        struct after_one *one = &all->each[i];
        one->all = all;
        one->future = after[i];
        one->follower.fn = after_end_one;
        rovei_future_follow(after[i], &one->follower);
    }
    size_t before = atomic_fetch_or_explicit(&all->state, AFTER_FOLLOWS, memory_order_acq_rel); /* [made] */
    size_t ended = 1 + (before & AFTER_CANCELED ? after_unfollow(all) : 0);
    if (after_count_ended(all, ended))
        after_go_on(all);
}

/* As long as the cell is held, which only changes under the lock, `follower` is there. */
bool rovei_after_cancel(struct pool_cell *cell)
{
    struct pool_after *all = cell->follower;
    size_t before = atomic_fetch_or_explicit(&all->state, AFTER_CANCELED, memory_order_acq_rel); /* [made] */
    if (!(before & AFTER_FOLLOWS) || before & AFTER_CANCELED || before / AFTER_ONE == 0)
        return false;
    size_t unfollowed = after_unfollow(all);
    return unfollowed > 0 && after_count_ended(all, unfollowed);
}

void rovei_after_free(struct rove_pool *pool, struct pool_cell *cell)
{
    struct pool_after *all = cell->follower;
    if (!all)
        return;
    cell->follower = NULL;
    rovei_memory_release(pool->allocator, all, after_size(all->count));
}
