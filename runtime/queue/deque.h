/*
 * The deque: Chase-Lev, published lazily. The owner pushes and takes at the bottom, thieves steal at the top, and the
 * newest part is private: the owner works on it without a fence and publishes it when somebody is hungry, or a thief
 * publishes it for him when he is busy. The picture and the owner's fast path are in <rove/deque.h>; the argument why
 * it is right is in README.md beside this file. This header is what the model tests compile.
 *
 * The owner's ends are addresses of slots. `top` is an index that only grows, so that an exchange on it cannot succeed
 * by mistake; `origin` says where an index lies. When everything has been taken the owner counts one index on and lets
 * it lie where he goes on, so that the array is used from its beginning again.
 *
 * Invariants
 *   I1  Between two operations of the owner, and while no token stands: a task at an index below `split` belongs to
 *       whoever moves `top` past it; one in [split, bottom) to the owner.
 *   I2  Only the owner moves `bottom`, `end`, `origin` and `limit` (thieves only arm `limit`); `top` only grows.
 *   I3  An owner that lowers `split` while there may be tasks looks at `top` afterwards; a thief that moves `top` has
 *       looked at `split` after `top`. So of the two at least one sees the other, and only the slot at `top` can be
 *       disputed.
 *   I4  An index has one place as long as it can be taken: `origin` changes after `top` has been moved past every index
 *       that had a place by the old one.
 *
 * Edges: writer (order) -> reader (order): what it buys
 *   [publish]  split (seq_cst) -> steal: split (seq_cst): the thief sees the slot, the task and what it works on; and
 *              the owner, who then looks for sleepers, is seen by a worker that is about to sleep, or sees it
 *   [keep]     split (seq_cst), then top (seq_cst) -> steal: top (seq_cst), then split (seq_cst): I3
 *   [take-top] top (seq_cst compare and exchange) on both sides: the last public task goes to one of them
 *   [reuse]    top (seq_cst, steal) -> pop that finds nothing: top (acquire): the thief has read its slot before the
 *              owner writes there again. Elsewhere [take-top] or [keep] gives the same
 *   [force]    bottom (release, in push and take) -> force: bottom (acquire): the forcing thief sees the slots below it
 *   [forced]   split (seq_cst compare and exchange, all three in force) -> steal, has_public: split (seq_cst): after a
 *              seq_cst store by the owner nobody reads these any more, as C11 would allow if they were weaker
 *   [answer]   split (compare and exchange) on both sides: of an owner that answers a token and the thief that wants to
 *              publish, one succeeds
 *   [count]    top (release, or the exchange that won) -> steal: top (seq_cst): who reads an index that the owner has
 *              counted on to also sees that nothing is public
 *   [origin]   origin (release) -> steal: origin (acquire): who reads where indices lie now, and still has an older
 *              index, sees at the second look that it is gone
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

enum steal_result {
    STEAL_OK,
    STEAL_EMPTY, /* nothing was public */
    STEAL_LOST   /* somebody else was quicker: worth another try */
};

/* The value of `limit` below every address: somebody is hungry, ring. */
#define DEQUE_HUNGRY ((uintptr_t)0)

/* Values of `split` from here on are tokens. No slot lies there. */
#define DEQUE_TOKENS ((uintptr_t)1 << 62)

/* Prepares an empty deque in the slots from `first` to `end`, all of which may be written. The first task gets the
 * index `index`. */
static inline void deque_init(struct rovei_deque *deque, rove_slot *first, rove_slot *end, int64_t index)
{
    ROVEI_INIT(deque->bottom, first);
    deque->first = first;
    deque->reserved_size = (size_t)(end + 1 - first) * sizeof *first;
    deque->is_final = false;
    ROVEI_INIT(deque->split, (uintptr_t)first);
    ROVEI_INIT(deque->limit, (uintptr_t)end);
    ROVEI_INIT(deque->origin, (uintptr_t)first - (uintptr_t)index * sizeof *first);
    ROVEI_INIT(deque->end, (uintptr_t)end);
    ROVEI_INIT(deque->top, index);
}

/* Where the task with index `index` lies if index 0 lies at `origin`. */
static inline uintptr_t deque_place(uintptr_t origin, int64_t index)
{
    return origin + (uintptr_t)index * sizeof(rove_slot);
}

/* Up to where the tasks below `bottom` can be public: not beyond `end`, because a push there is taken back if there is
 * no more memory. */
static inline uintptr_t deque_public_end(struct rovei_deque *deque, rove_slot *bottom)
{
    uintptr_t end = ROVEI_LOAD(deque->end, RELAXED); /* an old value errs to the safe side */
    return (uintptr_t)bottom < end ? (uintptr_t)bottom : end;
}

/*
 * Makes everything in the deque public. Owner only.
 *
 * `limit` is reset first: a thief that rings in between has not seen what is published and is heard at the next push.
 * A token may be overwritten: the attempt that it belongs to then fails, and all that it could publish is public.
 */
static inline void deque_publish(struct rovei_deque *deque)
{
    uintptr_t end = deque_public_end(deque, ROVEI_LOAD(deque->bottom, RELAXED)); /* own variable */
    ROVEI_STORE(deque->limit, ROVEI_LOAD(deque->end, RELAXED), RELAXED);         /* ordered by the next store */
    ROVEI_STORE(deque->split, end, SEQ_CST);                                     /* [publish] */
}

/* All tasks are gone: the owner goes on at `slot`. No earlier token stands after this, and no publication that is under way
 * makes anything public that is not there: its thief finds the token gone, or sees this bottom. */
static inline void deque_empty(struct rovei_deque *deque, rove_slot *slot)
{
    ROVEI_STORE(deque->bottom, slot, RELEASE); /* [force] */
    ROVEI_STORE(deque->split, (uintptr_t)slot, RELEASE);
}

/* Lets the task with index `index`, which `top` has come to, lie at `slot`. Nobody has had that index before. */
static inline void deque_restart(struct rovei_deque *deque, rove_slot *slot, int64_t index)
{
    ROVEI_STORE(deque->origin, (uintptr_t)slot - (uintptr_t)index * sizeof *slot, RELEASE); /* [origin] */
}

/* Goes on at `slot` when all tasks are gone and `top` is at `index`, which had a place already: counts one on, so that
 * no thief that has read that index can take what will lie at `slot`. */
static inline void deque_count_on(struct rovei_deque *deque, rove_slot *slot, int64_t index)
{
    deque_empty(deque, slot);
    ROVEI_STORE(deque->top, index + 1, RELEASE); /* [count] a store will do, because nothing is public */
    deque_restart(deque, slot, index + 1);
}

/* The dispute for the last public task, which has the index `index` and lies at `slot`. */
static inline bool deque_take_last(struct rovei_deque *deque, rove_slot *slot, int64_t index)
{
    int64_t expected = index;
    bool won = ROVEI_CAS(deque->top, expected, index + 1, SEQ_CST); /* [take-top] [count] */
    deque_empty(deque, slot);
    deque_restart(deque, slot, index + 1);
    return won;
}

/* Where the private part is to begin if the task at `slot` is wanted: half of what is public is taken back, so that the
 * ordered pair of accesses is paid once per halving. `top` is a guess. */
static inline uintptr_t deque_half(uintptr_t top, uintptr_t slot)
{
    return top < slot ? top + ((slot - top) / sizeof(rove_slot) + 1) / 2 * sizeof(rove_slot) : slot;
}

/*
 * What rovei_deque_take leaves open: decides whether the newest task, at `slot`, is still here. True: it is the owner's
 * again. False: it was stolen, and so was everything older; the deque is empty. In any case `slot` is the bottom.
 * Owner only, after rovei_deque_take has returned false.
 *
 * A token is answered, unless `slot` is the end: everything below `slot` becomes public, which is what the thief wants.
 */
static __attribute__((noinline, unused)) bool deque_take_slow(struct rovei_deque *deque, rove_slot *slot)
{
    uintptr_t mine = (uintptr_t)slot;
    uintptr_t origin = ROVEI_LOAD(deque->origin, RELAXED); /* own variable */
    if (mine >= ROVEI_LOAD(deque->end, RELAXED))           /* own variable */
        return true;                                       /* what was pushed there was not queued */
    for (;;) {
        uintptr_t split = ROVEI_LOAD(deque->split, RELAXED);                    /* verified by the exchange */
        uintptr_t guess = deque_place(origin, ROVEI_LOAD(deque->top, RELAXED)); /* verified below */
        uintptr_t keep = split < DEQUE_TOKENS ? deque_half(guess, mine) : mine;
        if (!ROVEI_CAS(deque->split, split, keep, SEQ_CST)) /* [keep] [answer] */
            continue;
        int64_t index = ROVEI_LOAD(deque->top, SEQ_CST); /* [keep] */
        uintptr_t top = deque_place(origin, index);
        if (top < keep)
            return true;
        if (top == mine)
            return deque_take_last(deque, slot, index);
        if (top > mine) {
            deque_count_on(deque, slot, index);
            return false;
        }
        /* Only the slot at `top` is still disputed. A store would not do: since nothing has been public for a moment, a
         * thief may have forced, and what it published must not be made private unseen. If the exchange fails, all
         * begins again, even if `split` is not above `slot` then: a thief whose barrier failed puts back too little. */
        if (ROVEI_CAS(deque->split, keep, top + sizeof *slot, RELEASE))
            return true;
    }
}

/* deque_pop where no task seems to be private. */
static __attribute__((noinline, unused)) struct rove_task *deque_pop_public(struct rovei_deque *deque)
{
    rove_slot *bottom = ROVEI_LOAD(deque->bottom, RELAXED); /* own variable */
    int64_t index = ROVEI_LOAD(deque->top, ACQUIRE); /* [reuse] only grows: what looks empty to its owner is empty */
    if (deque_place(ROVEI_LOAD(deque->origin, RELAXED), index) >= (uintptr_t)bottom) {
        if (bottom != deque->first)
            deque_count_on(deque, deque->first, index);
        return NULL;
    }
    if (!rovei_deque_take(deque, bottom - 1) && !deque_take_slow(deque, bottom - 1))
        return NULL;
    return ROVEI_LOAD(bottom[-1].task, RELAXED); /* own variable */
}

/* Takes the newest task, or NULL if there is none. For deques whose tasks are not joined one by one. Owner only. */
static inline struct rove_task *deque_pop(struct rovei_deque *deque)
{
    rove_slot *bottom = ROVEI_LOAD(deque->bottom, RELAXED);                     /* own variable */
    if (ROVEI_UNLIKELY((uintptr_t)bottom <= ROVEI_LOAD(deque->split, RELAXED))) /* rovei_deque_take looks again */
        return deque_pop_public(deque);
    if (!rovei_deque_take(deque, bottom - 1) && !deque_take_slow(deque, bottom - 1))
        return NULL;
    return ROVEI_LOAD(bottom[-1].task, RELAXED); /* own variable */
}

/*
 * Steals the oldest public task. Any thread.
 *
 * The slot is read before `top` is moved: afterwards the owner may use it again. `origin` may be newer than the index,
 * and then says nothing about it; the second look at `top` shows that.
 */
static inline enum steal_result deque_steal(struct rovei_deque *deque, struct rove_task **task)
{
    int64_t top = ROVEI_LOAD(deque->top, SEQ_CST);         /* [keep] [count] */
    uintptr_t split = ROVEI_LOAD(deque->split, SEQ_CST);   /* [keep] [publish] */
    uintptr_t origin = ROVEI_LOAD(deque->origin, ACQUIRE); /* [origin] */
    uintptr_t place = deque_place(origin, top);
    if (split >= DEQUE_TOKENS || place >= split)
        return STEAL_EMPTY;
    if (ROVEI_LOAD(deque->top, RELAXED) != top) /* ordered by [origin] where it matters */
        return STEAL_LOST;
    struct rove_task *found = ROVEI_LOAD(((rove_slot *)place)->task, RELAXED);
    if (!ROVEI_CAS(deque->top, top, top + 1, SEQ_CST)) /* [take-top] */
        return STEAL_LOST;
    *task = found;
    return STEAL_OK;
}

/* Whether a thief would find something. Any thread. It may say so where there is nothing. The other way round it errs
 * only while a token hides tasks. */
static inline bool deque_has_public(struct rovei_deque *deque)
{
    int64_t top = ROVEI_LOAD(deque->top, SEQ_CST);
    uintptr_t split = ROVEI_LOAD(deque->split, SEQ_CST);
    uintptr_t origin = ROVEI_LOAD(deque->origin, ACQUIRE); /* [origin] at least as new as split */
    return split < DEQUE_TOKENS && deque_place(origin, top) < split;
}

/* Whether the owner seems to keep tasks for itself: a case for deque_force if nothing is public. Any thread; it reads
 * the owner's line, so it is for thieves that have nothing better to do. */
static inline bool deque_hides_tasks(struct rovei_deque *deque)
{
    uintptr_t split = ROVEI_LOAD(deque->split, ACQUIRE);
    return split < DEQUE_TOKENS && deque_public_end(deque, ROVEI_LOAD(deque->bottom, ACQUIRE)) > split;
}

/* Rings the doorbell: the owner's next push publishes. Any thread. Relaxed: see rovei_deque_raise. */
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
static inline bool deque_force(struct rovei_deque *deque, uintptr_t token, bool (*barrier)(void))
{
    uintptr_t split = ROVEI_LOAD(deque->split, RELAXED); /* verified by the exchange */
    if (split >= DEQUE_TOKENS || deque_has_public(deque))
        return false;
    uintptr_t expected = split;
    if (!ROVEI_CAS(deque->split, expected, token, SEQ_CST)) /* [forced] */
        return false;
    expected = token;
    if (!barrier()) { /* [barrier] */
        /* The owner may be between its store and its load. What was private stays so. */
        ROVEI_CAS(deque->split, expected, split, SEQ_CST); /* [forced] */
        return false;
    }
    uintptr_t end = deque_public_end(deque, ROVEI_LOAD(deque->bottom, ACQUIRE)); /* [force] */
    if (end < split)
        end = split;
    return ROVEI_CAS(deque->split, expected, end, SEQ_CST) && end > split; /* [answer] [publish] [forced] */
}

/* Whether the push that has just been made used up the last slot. Owner only. */
static inline bool deque_is_full(struct rovei_deque *deque)
{
    return (uintptr_t)ROVEI_LOAD(deque->bottom, RELAXED) > ROVEI_LOAD(deque->end, RELAXED); /* own variables */
}

/* Undoes the push that has just been made, which has used up the last slot: it never became public. Owner only. */
static inline void deque_withdraw(struct rovei_deque *deque)
{
    ROVEI_STORE(deque->bottom, ROVEI_LOAD(deque->bottom, RELAXED) - 1, RELEASE); /* [take] */
}

/* Says that the slots up to `end` may be written now. Owner only. */
static inline void deque_extend(struct rovei_deque *deque, rove_slot *end)
{
    ROVEI_STORE(deque->end, (uintptr_t)end, RELAXED); /* who reads it also reads `bottom`, which says what is there */
    ROVEI_LIGHT_BARRIER(); /* as in a push: a sleeper that finds nothing because of the old end is heard below */
    uintptr_t limit = ROVEI_LOAD(deque->limit, RELAXED);
    if (limit != DEQUE_HUNGRY) /* by exchange, or a doorbell that is rung in between is lost */
        ROVEI_CAS(deque->limit, limit, (uintptr_t)end, RELAXED);
}

#endif
