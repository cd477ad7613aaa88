/*
 * The deque: Chase-Lev, published lazily. The owner pushes and takes at the bottom, thieves steal at the top, and the
 * newest part is private: the owner works on it without a fence and publishes it when somebody is hungry, or a thief
 * publishes it for him when he is busy. The picture and the owner's fast path are in <rove/deque.h>; the argument why
 * it is right is in README.md beside this file. This header is what the model tests compile.
 *
 * Invariants
 *   I1  A task at an index in [top, split) belongs to whoever moves `top` past it; one in [split, bottom) to the owner.
 *   I2  Only the owner moves `bottom`, the ring and `limit` (thieves only arm `limit`); `top` only grows.
 *   I3  Whoever lowers `split` looks at `top` afterwards; whoever moves `top` has looked at `split` after `top`. So of
 *       a thief and an owner that meet, at least one sees the other, and only the slot at `top` can be disputed.
 *   I4  Between a token and the end of its attempt nothing is public: top >= the split that the token replaced.
 *
 * Edges: writer (order) -> reader (order): what it buys
 *   [publish]  split (seq_cst) -> steal: split (seq_cst): the thief sees the slot, the task and what it works on; and
 *              the owner, who then looks for sleepers, is seen by a worker that is about to sleep, or sees it
 *   [keep]     split (seq_cst), then top (seq_cst) -> steal: top (seq_cst), then split (seq_cst): I3
 *   [take-top] top (seq_cst compare and exchange) on both sides: the last public task goes to one of them
 *   [token]    split (acq_rel) -> owner: split (acquire): an owner that sees the token sees that top had reached split
 *   [force]    bottom (release, in push and take) -> force: bottom (acquire): the forcing thief sees the slots below it
 *   [answer]   split (acq_rel): an owner that removes a token has either done so before the thief published, and the
 *              thief's exchange fails, or sees what it published
 *   [reuse]    top (seq_cst, steal) -> owner: top (acquire): the thief has read the slot before the owner writes again
 *   [ring]     ring (release) -> steal: ring (acquire): a thief sees the slots that growth copied
 *   [barrier]  heavy barrier of the forcing thief -> light barriers in push and take: either the owner sees the token,
 *              or the thief sees the bottom that the owner stored before it looked
 *
 * Algorithm: Chase and Lev 2005, in the C11 form of Le, Pop, Cohen and Zappa Nardelli 2013; the split after van Dijk
 * and van de Pol 2014.
 */
#ifndef ROVEI_QUEUE_DEQUE_H
#define ROVEI_QUEUE_DEQUE_H

#include <rove/deque.h>
#include <stddef.h>

/* What thieves read through. A ring is never written again once a larger one has taken its place, and lives as long as
 * the deque, because a thief may hold it for as long as it likes; all rings together are less than twice the last. */
struct rovei_ring {
    struct rovei_ring *older;
    ROVEI_ATOMIC_POINTER(struct rove_task) * slots;
    int64_t mask;
};

enum steal_result {
    STEAL_OK,
    STEAL_EMPTY, /* nothing was public */
    STEAL_LOST   /* somebody else was quicker: worth another try */
};

/* A value of `limit` above none: somebody is hungry, ring. */
#define DEQUE_HUNGRY INT64_MIN

/* Values of `split` from here on are tokens. Indices stay below: at a billion tasks a second for 146 years. */
#define DEQUE_TOKENS (INT64_C(1) << 62)

/* Prepares an empty deque whose first task gets the index `first`. */
static inline void deque_init(struct rovei_deque *deque, struct rovei_ring *ring, int64_t first)
{
    ROVEI_INIT(deque->bottom, first);
    deque->slots = ring->slots;
    deque->mask = ring->mask;
    deque->ring_limit = first + ring->mask;
    ROVEI_INIT(deque->split, first);
    ROVEI_INIT(deque->limit, first + ring->mask);
    ROVEI_INIT(deque->ring, ring);
    ROVEI_INIT(deque->top, first);
}

/*
 * Makes everything in the deque public. Owner only.
 *
 * `limit` is reset first: a thief that rings in between has not seen what is published and is heard at the next push.
 * A token may be overwritten: the attempt that it belongs to then fails, and all that it could publish is public.
 */
static inline void deque_publish(struct rovei_deque *deque)
{
    ROVEI_STORE(deque->limit, deque->ring_limit, RELAXED); /* ordered before the next store by its release */
    ROVEI_STORE(deque->split, ROVEI_LOAD(deque->bottom, RELAXED), SEQ_CST); /* [publish] */
}

/* The owner meets a token: answers the request itself, or learns what the thief has published. True if the task at
 * `slot`, below which `bottom` already lies, is the owner's. */
static inline bool deque_answer(struct rovei_deque *deque, int64_t token, int64_t slot)
{
    if (ROVEI_CAS(deque->split, token, slot, ACQ_REL)) /* [answer] [token] */
        /* Relaxed: by I4 the thief has seen top >= split, and by [token] so do we. */
        return ROVEI_LOAD(deque->top, RELAXED) <= slot;
    return slot >= ROVEI_LOAD(deque->split, ACQUIRE);
}

/* The dispute for the last public task, which is the one at `slot`. */
static inline bool deque_take_last(struct rovei_deque *deque, int64_t slot)
{
    int64_t expected = slot;
    bool won = ROVEI_CAS(deque->top, expected, slot + 1, SEQ_CST); /* [take-top] */
    ROVEI_STORE(deque->bottom, slot + 1, RELEASE);
    ROVEI_STORE(deque->split, slot + 1, RELEASE);
    return won;
}

/*
 * What rovei_deque_take leaves open: decides whether the newest task, at `slot`, is still here. True: it is the owner's
 * again. False: it was stolen, and so was everything older; the deque is empty. Owner only, after rovei_deque_take has
 * returned false.
 *
 * Half of what is public becomes private again, so that the ordered pair of accesses is paid once per halving.
 */
static inline bool deque_take_slow(struct rovei_deque *deque, int64_t slot)
{
    for (;;) {
        int64_t split = ROVEI_LOAD(deque->split, ACQUIRE); /* [token] */
        if (split >= DEQUE_TOKENS && deque_answer(deque, split, slot))
            return true;
        int64_t top = ROVEI_LOAD(deque->top, RELAXED); /* a guess, which the next lines verify */
        int64_t keep = top < slot ? top + (slot - top + 1) / 2 : slot;
        ROVEI_STORE(deque->split, keep, SEQ_CST); /* [keep] */
        top = ROVEI_LOAD(deque->top, SEQ_CST);    /* [keep] */
        if (top < keep)
            return true;
        if (top == slot)
            return deque_take_last(deque, slot);
        if (top > slot)
            break;
        /* Only the slot at `top` is still disputed. A store would not do: since nothing has been public for a moment, a
         * thief may have forced, and what it published must not be made private unseen. */
        if (ROVEI_CAS(deque->split, keep, top + 1, RELEASE))
            return true;
    }
    int64_t top = ROVEI_LOAD(deque->top, RELAXED); /* nothing is public, so it stands still */
    ROVEI_STORE(deque->bottom, top, RELEASE);
    ROVEI_STORE(deque->split, top, RELEASE);
    return false;
}

/* Puts `bottom` back to where it was, or to the top if all below has been stolen since. Owner only, after a join has
 * lowered `bottom` for a task that was not queued. */
static inline void deque_restore(struct rovei_deque *deque, int64_t bottom)
{
    int64_t top = ROVEI_LOAD(deque->top, RELAXED); /* where it is above `bottom`, the owner has set split to it */
    ROVEI_STORE(deque->bottom, top > bottom ? top : bottom, RELEASE);
}

/* Takes the newest task, or NULL if there is none. For deques whose tasks are not joined one by one. Owner only. */
static inline struct rove_task *deque_pop(struct rovei_deque *deque)
{
    int64_t slot = ROVEI_LOAD(deque->bottom, RELAXED) - 1;
    /* Relaxed: `top` only grows, so a deque that looks empty to its owner is empty. */
    if (slot < ROVEI_LOAD(deque->split, RELAXED) && slot < ROVEI_LOAD(deque->top, RELAXED))
        return NULL;
    if (!rovei_deque_take(deque, slot) && !deque_take_slow(deque, slot))
        return NULL;
    return ROVEI_LOAD(deque->slots[slot & deque->mask], RELAXED); /* own variable */
}

/*
 * Steals the oldest public task. Any thread.
 *
 * The slot is read before `top` is moved: afterwards the owner may use it again. The ring is read after `split`, so it
 * is at least the ring that the task at `top` was published in.
 */
static inline enum steal_result deque_steal(struct rovei_deque *deque, struct rove_task **task)
{
    int64_t top = ROVEI_LOAD(deque->top, SEQ_CST);     /* [keep] */
    int64_t split = ROVEI_LOAD(deque->split, SEQ_CST); /* [keep] [publish] */
    if (split >= DEQUE_TOKENS || top >= split)
        return STEAL_EMPTY;
    struct rovei_ring *ring = ROVEI_LOAD(deque->ring, ACQUIRE); /* [ring] */
    struct rove_task *found = ROVEI_LOAD(ring->slots[top & ring->mask], RELAXED);
    if (!ROVEI_CAS(deque->top, top, top + 1, SEQ_CST)) /* [take-top] */
        return STEAL_LOST;
    *task = found;
    return STEAL_OK;
}

/* Whether a thief would find something. Any thread. */
static inline bool deque_has_public(struct rovei_deque *deque)
{
    int64_t top = ROVEI_LOAD(deque->top, SEQ_CST);
    int64_t split = ROVEI_LOAD(deque->split, SEQ_CST);
    return split < DEQUE_TOKENS && top < split;
}

/* Whether the owner seems to keep tasks for itself and nothing is public: a case for deque_force. Any thread; it reads
 * the owner's line, so it is for thieves that have nothing better to do. */
static inline bool deque_hides_tasks(struct rovei_deque *deque)
{
    int64_t split = ROVEI_LOAD(deque->split, ACQUIRE);
    return split < DEQUE_TOKENS && ROVEI_LOAD(deque->bottom, ACQUIRE) > split;
}

/* Rings the doorbell: the owner's next push publishes. Any thread. Relaxed: see rovei_deque_push. */
static inline void deque_ring_doorbell(struct rovei_deque *deque)
{
    if (ROVEI_LOAD(deque->limit, RELAXED) != DEQUE_HUNGRY)
        ROVEI_STORE(deque->limit, DEQUE_HUNGRY, RELAXED);
}

/*
 * Publishes for an owner that is busy. Any thread. `token` is at least DEQUE_TOKENS and unique to this attempt;
 * `barrier` passes the process-wide barrier and returns false if it could not. Returns true if something has become
 * public.
 */
static inline bool deque_force(struct rovei_deque *deque, int64_t token, bool (*barrier)(void))
{
    int64_t split = ROVEI_LOAD(deque->split, ACQUIRE);
    if (split >= DEQUE_TOKENS || ROVEI_LOAD(deque->top, ACQUIRE) < split)
        return false;
    int64_t expected = split;
    if (!ROVEI_CAS(deque->split, expected, token, ACQ_REL)) /* [token] */
        return false;
    expected = token;
    if (!barrier()) { /* [barrier] */
        /* The owner may be between its store and its load. What was private stays so. */
        ROVEI_CAS(deque->split, expected, split, RELEASE);
        return false;
    }
    int64_t bottom = ROVEI_LOAD(deque->bottom, ACQUIRE); /* [force] */
    int64_t public_end = bottom > split ? bottom : split;
    return ROVEI_CAS(deque->split, expected, public_end, ACQ_REL) && bottom > split; /* [answer] [publish] */
}

/* Sets `limit` to what it is when nobody is hungry, unless somebody is. */
static inline void deque_reset_limit(struct rovei_deque *deque)
{
    int64_t limit = ROVEI_LOAD(deque->limit, RELAXED);
    if (limit != DEQUE_HUNGRY) /* by exchange, or a doorbell that is rung in between is lost */
        ROVEI_CAS(deque->limit, limit, deque->ring_limit, RELAXED);
}

/* Whether the push that has just been made used up the last free slot but one that it may. Owner only. Looks at `top`,
 * since thieves may have made room; acquire, because a slot that a thief has read is then written again. */
static inline bool deque_is_full(struct rovei_deque *deque)
{
    int64_t top = ROVEI_LOAD(deque->top, ACQUIRE); /* [reuse] only grows: an old value errs to the safe side */
    deque->ring_limit = top + deque->mask;
    deque_reset_limit(deque);
    return ROVEI_LOAD(deque->bottom, RELAXED) > deque->ring_limit;
}

/* Moves the deque into `larger`, which has at least twice as many slots and becomes the deque's. Owner only. */
static inline void deque_grow(struct rovei_deque *deque, struct rovei_ring *larger)
{
    int64_t bottom = ROVEI_LOAD(deque->bottom, RELAXED);
    int64_t top = ROVEI_LOAD(deque->top, ACQUIRE); /* [reuse] */
    for (int64_t i = top; i < bottom; i++)
        ROVEI_STORE(larger->slots[i & larger->mask], ROVEI_LOAD(deque->slots[i & deque->mask], RELAXED), RELAXED);
    larger->older = ROVEI_LOAD(deque->ring, RELAXED);
    deque->slots = larger->slots;
    deque->mask = larger->mask;
    deque->ring_limit = top + larger->mask;
    ROVEI_STORE(deque->ring, larger, RELEASE); /* [ring] */
    deque_reset_limit(deque);
}

#endif
