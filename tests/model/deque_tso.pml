/*
 * The deque on processors with store buffers, as x86-64 has them: an owner who forks and joins, or spawns and pops,
 * and thieves who steal, ring and force, and whose barriers may fail.
 *
 * What Relacy does not show and this does: nothing is left to chance (all interleavings, with thieves who try as often
 * as they like). And what the owner stores waits in a buffer until the processor gets round to it, while the owner
 * goes on and loads: so between the store of `bottom` and the load of `split` in a take there is what the processor
 * does there, and the barrier is no more than it is, namely that this buffer is empty at some moment between its call
 * and its return. In exchange, stores arrive and loads happen in the order of the program; for weaker memory there is
 * deque_test.cpp.
 *
 * Each access to what threads share is one step, and steps are named after the functions of runtime/queue/deque.h that
 * they shorten. A load looks into the own buffer first; an exchange, and a store with seq_cst, wait until it is empty.
 * The buffer is never full. Only the owner has one: what thieves store without an exchange are bells, and these may
 * ring at any moment here. An exchange that verifies what was loaded before looks itself instead. Freer than in the
 * code: thieves may force while something is public, and memory that was refused may be granted later, but for AGAIN,
 * which needs that a refusal is final.
 *
 *   safety    a task runs once; a join or a pop that says "stolen" is right about it and about all older tasks; nobody
 *             reads or writes a slot outside the array, or takes what was never written; what a task works on is in
 *             memory before a thief runs it; and nobody is stuck before all tasks have run, the deque is empty and no
 *             token stands
 *
 * Stories, and which mistakes (MUTANT) must be found in each; spin.sh reads this:
 *   story FORKS                property none            mutants 1 2 4 5 6 7 9 11 14 15 17 18
 *   story TAKES_BACK           property none            mutants 3
 *   story SPAWNS               property none            mutants 10 16
 *   story AGAIN                property none            mutants 20 21
 *   story TWO_THIEVES          property safety_nightly  mutants 13 19
 *   story MORE_FORKS           property safety_nightly  mutants 8
 *   story TAKES_BACK_FROM_TWO  property safety_nightly  mutants 12
 *
 *                        tasks  thieves  million states  seconds of search
 *   FORKS                  3       1          1.5            2
 *   TAKES_BACK             5       1          0.3            0.4
 *   SPAWNS                 3       1          0.9            1
 *   AGAIN                  3       1          1.9            4
 *   TWO_THIEVES            2       2          9             14
 *   MORE_FORKS             4       1         12             17
 *   TAKES_BACK_FROM_TWO    4       2         22             42
 *
 * Tasks are forked and joined in any order that is nested, so that slots come back, in an array that has one slot at
 * first or as many as are wanted; or they were forked and published before, and are joined (TAKES_BACK); or they are
 * spawned and popped in any order, in an array with room for two; or one of them is prepared and forked three times,
 * above another one, and once there is a third above it (AGAIN).
 *
 * The mistakes: 1 An owner who cannot make public again what he has taken back too much, because a token stands there,
 * is content when the thief gives up. 2 The disputed slot becomes private. 3 It is made public again by a store. 4 The
 * owner narrows by a store that waits. 5 So he answers a token. 6 No second look at `top`. 7 `top <= keep` for `top <
 * keep`. 8 `top` is not counted on. 9 It is counted on after `origin` is stored. 10 Nothing is emptied before that. 11
 * `split` stays when the last task is gone. 12 A thief looks at `top` once before it reads the slot. 13 It steals
 * below a token. 14 A fence, which empties the own buffer, in place of the barrier; or its failure is not heeded. 15
 * `bottom` is read before the barrier. 16 `end` does not limit what is public. 17 The end of the public part may sink.
 * 18 A thief publishes by a store. 19 Two attempts use the same token. 20 A prepared task is not written to its slot. 21
 * Memory that was refused is granted later.
 */
#ifndef MUTANT
#define MUTANT 0
#endif

#define FORKS 0
#define TAKES_BACK 1
#define SPAWNS 2
#define TWO_THIEVES 3
#define MORE_FORKS 4
#define TAKES_BACK_FROM_TWO 5
#define AGAIN 6
#ifndef STORY
#define STORY FORKS
#endif
#define WAS_PUBLISHED (STORY == TAKES_BACK || STORY == TAKES_BACK_FROM_TWO)

#if STORY == TWO_THIEVES
#define TASKS 2
#elif STORY == MORE_FORKS || STORY == TAKES_BACK_FROM_TWO
#define TASKS 4
#elif STORY == TAKES_BACK
#define TASKS 5
#else
#define TASKS 3
#endif
#if STORY == TWO_THIEVES || STORY == TAKES_BACK_FROM_TWO
#define THIEVES 2
#else
#define THIEVES 1
#endif

/* Addresses of slots. `origin` may lie before the first one; the array cannot grow beyond the last. */
#define FIRST 20
#if STORY == SPAWNS
#define LAST (FIRST + 2)
#elif TASKS < 4
#define LAST (FIRST + 3)
#else
#define LAST (FIRST + 7)
#endif

/* What else is in `limit` and `split`. */
#define HUNGRY 0
#define TOKENS 100

/* How often the task of AGAIN is forked, and how much the owner's buffer has room for. */
#define ROUNDS 3
#if STORY == AGAIN
#define WAITING (4 * (TASKS + ROUNDS) + 4)
#else
#define WAITING (4 * TASKS + 4)
#endif

/* Cells. Tasks are counted from 1; what was never written is 0. */
#define TOP 0
#define SPLIT 1
#define ORIGIN 2
#define BOTTOM 3
#define END 4
#define LIMIT 5
#define WORK(task) (5 + (task)) /* what the task works on: which fork of it this is */
#define SLOT(place) (6 + TASKS + (place) - FIRST)
#define CELLS (7 + TASKS + LAST - FIRST)

byte memory[CELLS];
chan waiting = [WAITING] of {byte, byte}; /* what the owner has stored and memory does not have yet */
#define DRAINED empty(waiting)

/* For the assertions. */
byte forks[TASKS + 1];
byte runs[TASKS + 1];
byte writable; /* the last slot that there is memory for */
byte ended;    /* threads */

hidden byte cell, value, count; /* of short use */

/* Part of a step. */
inline execute(task)
{
    assert(runs[task] < forks[task]);
    runs[task] = forks[task]
}

/* The owner. */

inline store(what, new)
{
    assert(nfull(waiting));
    waiting ! what, new
}

/* Part of a step. */
inline load(what, into)
{
    into = memory[what];
    count = len(waiting);
    do
    :: count > 0 ->
        waiting ? cell, value;
        waiting ! cell, value;
        if
        :: cell == what -> into = value
        :: else
        fi;
        count--
    :: else -> break
    od;
    value = 0
}

inline deque_empty(slot)
{
    store(BOTTOM, slot);
#if MUTANT != 11
    store(SPLIT, slot)
#endif
}

inline deque_restart(slot)
{
    origin = slot - index;
    store(ORIGIN, origin)
}

inline deque_count_on(slot)
{
#if MUTANT == 8
    deque_empty(slot);
    deque_restart(slot)
#elif MUTANT == 9
    index++;
    deque_empty(slot);
    deque_restart(slot);
    store(TOP, index)
#elif MUTANT == 10
    index++;
    store(TOP, index);
    deque_restart(slot);
    deque_empty(slot)
#else
    deque_empty(slot);
    index++;
    store(TOP, index);
    deque_restart(slot)
#endif
}

inline deque_take_last(slot)
{
    d_step {
        DRAINED -> is_mine = (memory[TOP] == index);
        index++;
        memory[TOP] = (is_mine -> index : memory[TOP])
    };
    is_stolen = !is_mine;
    deque_empty(slot);
    deque_restart(slot)
}

inline deque_publish(bottom)
{
    store(LIMIT, end);
    d_step { DRAINED -> memory[SPLIT] = (bottom < end -> bottom : end) }
}

#define HALF(top, slot) (top < slot -> top + (slot - (top) + 1) / 2 : slot)

inline narrow(slot)
{
    d_step {
        DRAINED -> keep = (memory[SPLIT] < TOKENS -> keep : slot);
        memory[SPLIT] = keep
    }
}

#if MUTANT == 7
#define IS_CLEAR (top <= keep)
#else
#define IS_CLEAR (top < keep)
#endif

/* Only the slot at `top` is disputed. */
inline widen()
{
    d_step {
        DRAINED ->
        if
#if MUTANT == 2
        :: true -> is_mine = true
#elif MUTANT == 3
        :: true -> memory[SPLIT] = top + 1; is_mine = true
#else
        :: memory[SPLIT] == keep -> memory[SPLIT] = top + 1; is_mine = true
#endif
#if MUTANT == 1
        :: else -> is_done = true
#else
        :: else
#endif
        fi
    }
}

/* The exchange of `split` verifies what was loaded of it before; here it looks itself. */
inline deque_take_slow(slot)
{
    is_mine = (slot >= end);
    do
    :: is_mine || is_stolen -> break
#if MUTANT == 1
    :: is_done && !is_mine && !is_stolen && memory[SPLIT] <= slot -> is_done = false; is_mine = true
#endif
    :: else ->
        d_step { load(TOP, index); keep = HALF(origin + index, slot) };
#if MUTANT == 4
        store(SPLIT, keep);
#elif MUTANT == 5
        d_step { load(SPLIT, top); is_done = (top >= TOKENS); top = 0 };
        if
        :: is_done -> is_done = false; keep = slot; store(SPLIT, keep)
        :: else -> narrow(slot)
        fi;
#else
        narrow(slot);
#endif
#if MUTANT == 6
        top = origin + index;
#else
        d_step { load(TOP, index); top = origin + index };
#endif
        if
        :: IS_CLEAR -> is_mine = true
        :: !IS_CLEAR && top == slot -> deque_take_last(slot)
        :: !IS_CLEAR && top > slot -> deque_count_on(slot); is_stolen = true
        :: !IS_CLEAR && top < slot -> widen()
        fi;
        atomic { top = 0; index = 0; keep = 0 }
    od;
    assert(is_mine != is_stolen)
}

inline deque_take(slot)
{
    store(BOTTOM, slot);
    d_step { load(SPLIT, top); is_mine = (slot >= top); top = 0 };
    if
    :: is_mine
    :: else -> deque_take_slow(slot)
    fi
}

inline deque_extend()
{
    atomic { end = 2 * end - FIRST + 1; writable = end };
    store(END, end);
    if
    :: d_step { DRAINED && memory[LIMIT] != HUNGRY -> memory[LIMIT] = end }
    :: memory[LIMIT] == HUNGRY /* no store of `limit` waits: who publishes drains at once */
    fi
}

/* After a take: the task is the owner's, or has run. */
inline taken(task)
{
    d_step {
        if
        :: is_mine -> execute(task)
        :: else
        fi;
        assert(runs[task] == forks[task]);
        is_mine = false;
        is_stolen = false
    }
}

/* A refusal is final where a slot may be forked at again that lies at the end. */
#if STORY == AGAIN && MUTANT != 21
#define IS_FINAL is_final
#define REFUSE is_final = true
#else
#define IS_FINAL false
#define REFUSE skip
#endif

/* rovei_fork_slow. Memory may be refused, and then the push is undone. */
inline attend(slot)
{
    if
    :: slot >= end && end < LAST && !IS_FINAL -> deque_extend()
    :: slot >= end ->
        is_queued = false;
        REFUSE;
        store(BOTTOM, slot) /* deque_withdraw */
    :: slot < end
    fi;
    d_step { load(LIMIT, top); is_done = (top == HUNGRY); top = 0 };
    if
    :: is_done -> is_done = false; deque_publish(slot + is_queued)
    :: else
    fi
}

inline deque_write(task, slot)
{
    assert(slot <= writable);
    store(SLOT(slot), task)
}

inline deque_raise(task, slot)
{
    is_queued = true;
    forks[task]++;
    store(WORK(task), forks[task]);
    store(BOTTOM, slot + 1);
    d_step { load(LIMIT, top); is_done = (slot >= top); top = 0 };
    if
    :: is_done -> is_done = false; attend(slot)
    :: else
    fi
}

inline deque_push(task, slot)
{
    deque_write(task, slot);
    deque_raise(task, slot)
}

#if STORY == AGAIN

/* Forks a task, and above it another one again and again that is written to its slot only when it must be: before the
 * first fork, and when it was stolen. Once there is a third one above that. */
proctype owner()
{
    byte end, origin = FIRST, keep, index, top;
    bool is_mine, is_stolen, is_done, is_queued, is_final, has_forked;
    byte slot, next;

    end = memory[END];
    deque_push(1, FIRST);
    slot = FIRST + is_queued;
#if MUTANT != 20
    deque_write(2, slot);
#endif
    do
    :: forks[2] < ROUNDS ->
        deque_raise(2, slot);
        next = slot + is_queued;
        if
        :: !has_forked ->
            has_forked = true;
            deque_push(3, next);
            deque_take(next);
            taken(3)
        :: has_forked || forks[2] < ROUNDS
        fi;
        next = 0;
        deque_take(slot);
        if
        :: is_stolen -> taken(2); deque_write(2, slot)
        :: else -> taken(2)
        fi
    :: else -> break
    od;
    deque_take(FIRST);
    taken(1);
    ended++
}

#elif STORY != SPAWNS

/* All older tasks are stolen, too, or were never queued. */
inline join(task, slot)
{
    deque_take(slot);
    d_step {
        if
        :: is_mine -> execute(task)
        :: else ->
            assert(runs[task] == forks[task]);
            count = depth;
            do
            :: count > 0 -> count--; assert(slots[count] == slots[count + 1] || runs[open[count]] == 1)
            :: else -> break
            od;
            count = 0
        fi;
        is_mine = false;
        is_stolen = false
    }
}

/* Forks and joins in any order that is nested. */
proctype owner()
{
    byte end, origin = FIRST, keep, index, top;
    bool is_mine, is_stolen, is_done, is_queued;
    byte forked, depth, open[TASKS], slots[TASKS + 1];

    end = memory[END];
    slots[0] = FIRST;
#if WAS_PUBLISHED
    d_step {
        do
        :: depth < TASKS -> open[depth] = depth + 1; depth++; slots[depth] = FIRST + depth
        :: else -> break
        od;
        forked = TASKS
    };
#endif
    do
    :: forked < TASKS ->
        forked++;
        deque_push(forked, slots[depth]);
        d_step {
            open[depth] = forked;
            depth++;
            slots[depth] = slots[depth - 1] + is_queued;
            is_queued = false
        }
    :: depth > 0 ->
        atomic { slots[depth] = 0; depth-- };
        join(open[depth], slots[depth]);
        open[depth] = 0
    :: forked == TASKS && depth == 0 -> break
    od;
    ended++
}

#else

inline deque_pop()
{
    d_step { load(TOP, index); is_done = (origin + index >= bottom) };
    if
    :: is_done ->
        is_done = false;
        if
        :: bottom != FIRST -> bottom = FIRST; deque_count_on(FIRST)
        :: else
        fi;
        index = 0
    :: else ->
        atomic { bottom--; index = 0 };
        deque_take(bottom)
    fi
}

/* Spawns and takes back in any order. */
proctype owner()
{
    byte end, origin = FIRST, keep, index, top, bottom = FIRST;
    bool is_mine, is_stolen, is_done, is_queued, is_over;
    byte spawned;

    end = memory[END];
    do
    :: spawned < TASKS ->
        spawned++;
        deque_push(spawned, bottom);
        d_step {
            if
            :: is_queued -> bottom++
            :: else -> execute(spawned)
            fi;
            is_queued = false
        }
    :: !is_over ->
        deque_pop();
        d_step {
            if
            :: is_mine -> load(SLOT(bottom), top); execute(top); top = 0
            :: else ->
                count = 1;
                do
                :: count <= spawned -> assert(runs[count] == 1); count++
                :: else -> break
                od;
                count = 0
            fi;
            is_over = (!is_mine && spawned == TASKS && bottom == FIRST);
            is_mine = false;
            is_stolen = false
        }
    :: is_over -> break
    od;
    ended++
}

#endif

/* Thieves. */

inline deque_steal()
{
    top = memory[TOP];
    split = memory[SPLIT];
    place = memory[ORIGIN] + top;
    if
#if MUTANT == 13
    :: place < split ->
#else
    :: split < TOKENS && place < split ->
#endif
        split = 0;
        if
#if MUTANT == 12
        :: true ->
#else
        :: memory[TOP] == top ->
#endif
            assert(place >= FIRST && place <= writable);
            task = memory[SLOT(place)];
            d_step {
                if
                :: memory[TOP] == top ->
                    memory[TOP] = top + 1;
                    assert(task != 0 && memory[WORK(task)] == forks[task]);
                    execute(task)
                :: else
                fi;
                task = 0
            }
        :: else
        fi
    :: else
    fi;
    atomic { top = 0; split = 0; place = 0 }
}

/* One for each thief is enough: nobody keeps a token in mind here. */
#if MUTANT == 19
#define TOKEN TOKENS
#else
#define TOKEN (TOKENS + me)
#endif

/* It reaches the owner at some time. */
inline barrier()
{
#if MUTANT == 14
    skip
#else
    DRAINED
#endif
}

inline deque_force()
{
    d_step { memory[SPLIT] < TOKENS -> split = memory[SPLIT]; memory[SPLIT] = TOKEN };
#if MUTANT == 15
    place = memory[BOTTOM];
#endif
    if
    :: true;
        place = split;
    :: true;
        barrier();
#if MUTANT != 15
        place = memory[BOTTOM];
#endif
        d_step {
#if MUTANT != 16
            place = (place < memory[END] -> place : memory[END]);
#endif
#if MUTANT != 17
            place = (place < split -> split : place)
#endif
        }
    fi;
    d_step {
        if
#if MUTANT == 18
        :: true -> memory[SPLIT] = place
#else
        :: memory[SPLIT] == TOKEN -> memory[SPLIT] = place
#endif
        :: else
        fi;
        split = 0;
        place = 0
    }
}

proctype thief(byte me)
{
    byte top, split, place, task;

    do
    :: deque_steal()
    :: deque_force()
    :: ended > 0 -> break
    od;
    ended++
}

/* What waits arrives at any time, in order; so does a bell that a thief has rung. */
proctype arrivals()
{
end_arrivals:
    do
    :: d_step { waiting ? cell, value -> memory[cell] = value; value = 0; cell = 0 }
    :: d_step { memory[LIMIT] != HUNGRY -> memory[LIMIT] = HUNGRY }
    od
}

init
{
    atomic {
        if
        :: writable = LAST
        :: STORY != SPAWNS && !WAS_PUBLISHED -> writable = FIRST
        fi;
        memory[END] = writable;
        memory[LIMIT] = writable;
        memory[ORIGIN] = FIRST;
        memory[BOTTOM] = FIRST;
#if WAS_PUBLISHED
        do
        :: memory[BOTTOM] < FIRST + TASKS ->
            count++;
            forks[count] = 1;
            memory[WORK(count)] = 1;
            memory[SLOT(memory[BOTTOM])] = count;
            memory[BOTTOM] = memory[BOTTOM] + 1
        :: else -> break
        od;
        count = 0;
#endif
        memory[SPLIT] = memory[BOTTOM];
        run arrivals();
        run owner();
        run thief(0);
#if THIEVES > 1
        run thief(1);
#endif
        skip
    };
    d_step {
        ended == 1 + THIEVES && DRAINED;
        assert(memory[BOTTOM] == FIRST && memory[ORIGIN] + memory[TOP] == FIRST && memory[SPLIT] <= FIRST);
        count = 1;
        do
        :: count <= TASKS -> assert(runs[count] > 0 && runs[count] == forks[count]); count++
        :: else -> break
        od;
        count = 0
    }
}
