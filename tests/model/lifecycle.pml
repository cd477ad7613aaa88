/*
 * The life of a runtime: workers that search, work, sleep, and rest on the bench; tasks that come in from outside and
 * tasks that a task pushes; the number of workers going down and up; the end. Two workers, three tasks.
 *
 * What Relacy does not show and this does: nothing is left to chance (all interleavings), and things happen in the end
 * (liveness, under weak fairness). In exchange memory is sequentially consistent here, a deque is a set whose
 * operations are single steps, and sleeping is waiting for the own state to change; for those there are
 * deque_test.cpp and sleep_test.cpp. Steps are named after the functions of runtime/sched that they shorten: wait.c,
 * sleep.c, scale.c, stop.c. Without patience, deaf waits and guests.
 *
 *   safety    a task runs once, and when nobody can do anything any more, or all threads have ended, all tasks that
 *             were made visible have run
 *   runs      a task that was made visible runs, without a shutdown
 *   ends      a shutdown comes to its end
 *
 * Task 0 pushes task 2, privately, and is a long leaf: it goes on when tasks 1 and 2 have run, unless only one worker
 * is wanted. So the second worker must hear of task 1 and, where there is membarrier, of task 2.
 *
 * Stories, what is checked besides safety, and which mistakes (MUTANT) must be found in each; spin.sh reads this:
 *   story WORKS                  property runs_nightly  mutants 1 2 5 6
 *   story STOPS                  property ends_nightly  mutants 1 4
 *   story SCALES                 property none          mutants 7
 *   story SCALES_DOWN_AND_STOPS  property none          mutants 8
 *   story RETIRES                property safety_nightly mutants 3 9
 * The mistakes: 1 no look before sleeping. 2 The last searcher stops in silence. 3 Who goes to the bench leaves private
 * tasks behind. 4 The end does not look at the queues, and threads end without looking. 5 A feeder does not wake.
 * 6 Searchers below zero count as somebody. 7 No look when a worker is taken from the bench. 8 Who goes to the bench
 * does not look whether the end has come meanwhile. 9 A
 * searcher that is sent to the bench while it parks drops what it saw.
 */
#ifndef MUTANT
#define MUTANT 0
#endif

/* What happens besides tasks. */
#define WORKS 0
#define STOPS 1
#define SCALES 2
#define SCALES_DOWN_AND_STOPS 3
#define RETIRES 4
#ifndef STORY
#define STORY WORKS
#endif

#define WORKERS 2
#define TASKS 3
#define NONE 255

mtype:place = {UNBORN, INJECTED, PRIVATE, PUBLIC, TAKEN, DONE};
mtype:role = {RUNNING, IDLE, CALLED, BENCHED};

mtype:place place[TASKS];
byte owner[TASKS]; /* in whose deque it lies */
mtype:role state[WORKERS];
bool bell[WORKERS]; /* `limit` is armed */

/* idle.counts: read and changed in one step. */
short sleepers, searchers;

bool seats; /* the lock */
byte target, working;
bool has_barrier;
byte outside; /* the gate: calls from outside that are not over */
bool is_stopping, is_finished;
bit settlings; /* modulo 2, which is worse than what ships */
#define SETTLE settlings = (is_stopping -> 1 - settlings : 0)
byte ended; /* threads */
bool is_joined;

#define HAS_PUBLIC(w)                                                                                                  \
    ((place[0] == PUBLIC && owner[0] == w) || (place[1] == PUBLIC && owner[1] == w) ||                                 \
     (place[2] == PUBLIC && owner[2] == w))
#define HIDES(w) (place[2] == PRIVATE && owner[2] == w) /* no other task is ever private */
#define HAS_INJECTED (place[0] == INJECTED || place[1] == INJECTED)

#if MUTANT == 6
#define NOBODY_SEARCHES (searchers == 0)
#else
#define NOBODY_SEARCHES (searchers <= 0)
#endif

/* Sleeping and waking. */

inline wake_if_asleep(w, is_woken)
{
    if
    :: atomic { state[w] == IDLE -> state[w] = CALLED; is_woken = true };
        atomic { sleepers--; searchers++ }
    :: else
    fi
}

inline wake_any()
{
    wake_if_asleep(0, is_woken);
    if
    :: !is_woken -> wake_if_asleep(1, is_woken)
    :: else
    fi;
    is_woken = false
}

inline wake_one()
{
    if
    :: sleepers > 0 && NOBODY_SEARCHES -> wake_any()
    :: else
    fi
}

/* rovei_wake_for_good */
inline wake_for_good(w)
{
    if
    :: atomic { state[w] == BENCHED -> state[w] = RUNNING }
    :: atomic { state[w] == IDLE -> state[w] = RUNNING };
        sleepers--
    :: else
    fi
}

inline sleep_end(w)
{
    if
    :: atomic { state[w] == IDLE -> state[w] = RUNNING };
        sleepers--
    :: else
    fi
}

/* rovei_work_is_visible: one source after the other. */
#define SEES(w) (HAS_PUBLIC(w) || (has_barrier && HIDES(w)))

inline look()
{
    is_visible = HAS_INJECTED;
    is_visible = is_visible || SEES(0);
    is_visible = is_visible || SEES(1)
}

inline ring(w)
{
    d_step {
        if
        :: state[w] == RUNNING -> bell[w] = true
        :: else
        fi
    }
}

inline listen(me)
{
    if
    :: sleepers > 0 && NOBODY_SEARCHES -> bell[me] = true
    :: else
    fi
}

inline hand_over(me)
{
    if
    :: sleepers > 0 && NOBODY_SEARCHES ->
        look();
        if
        :: is_visible || state[1 - me] == RUNNING || state[1 - me] == CALLED -> wake_any()
        :: else
        fi;
        is_visible = false;
        listen(me)
    :: else
    fi
}

inline search_stop(me)
{
    searchers--;
    is_searcher = false;
#if MUTANT != 2
    hand_over(me)
#endif
}

/* Deques. */

inline publish(me)
{
    d_step {
        bell[me] = false;
        if
        :: HIDES(me) -> place[2] = PUBLIC
        :: else
        fi
    }
}

inline take_if(condition, t)
{
    if
    :: got == NONE && (condition) -> got = t; place[t] = TAKEN
    :: else
    fi
}

#define MINE(t, w) ((place[t] == PUBLIC || place[t] == PRIVATE) && owner[t] == w)
#define THEIRS(t, w) (place[t] == PUBLIC && owner[t] == w)

inline find_own(me)
{
    take_if(MINE(2, me), 2);
    take_if(MINE(1, me), 1);
    take_if(MINE(0, me), 0)
}

/* Steals from the other worker, or rings. */
inline find_stolen(me)
{
    take_if(THEIRS(0, 1 - me), 0);
    take_if(THEIRS(1, 1 - me), 1);
    take_if(THEIRS(2, 1 - me), 2);
    if
    :: got == NONE && state[1 - me] == RUNNING -> bell[1 - me] = true
    :: else
    fi
}

inline find_injected()
{
    take_if(place[0] == INJECTED, 0);
    take_if(place[1] == INJECTED, 1)
}

/* One step: what it would miss if it were several, the look before sleeping sees. */
inline find(me)
{
    d_step {
        find_own(me);
        find_stolen(me);
        find_injected()
    }
}

/* The end. */

inline stop_finish()
{
    is_finished = true;
    wake_for_good(0);
    wake_for_good(1)
}

#define RESTS(w) (state[w] == IDLE || state[w] == BENCHED)

inline stop_if_quiet()
{
    if
    :: is_stopping ->
        settled = settlings;
        is_quiet = RESTS(0);
        is_quiet = is_quiet && RESTS(1);
#if MUTANT != 4
        if
        :: is_quiet -> look(); is_quiet = !is_visible; is_visible = false
        :: else
        fi;
#endif
        is_quiet = is_quiet && RESTS(0);
        is_quiet = is_quiet && RESTS(1);
        is_quiet = is_quiet && settlings == settled;
        settled = 0;
        if
        :: is_quiet -> is_quiet = false; stop_finish()
        :: else
        fi
    :: else
    fi
}

/* A worker. */

#define IS_SURPLUS (working > target)

inline execute(me)
{
    if
    :: got == 0 ->
        atomic { place[2] = PRIVATE; owner[2] = me };
        if
        :: bell[me] -> publish(me); wake_one()
        :: else
        fi;
        (target < WORKERS || working < WORKERS || is_finished ||
         (place[1] == DONE && (place[2] == DONE || !has_barrier)))
    :: else
    fi;
    atomic { assert(place[got] == TAKEN); place[got] = DONE; got = NONE }
}

inline leave_work()
{
    look();
    if
    :: is_visible -> is_visible = false; wake_one()
    :: else
    fi
}

/* rovei_sleep */
inline asleep(me)
{
    skip;
end_asleep:
    if
    :: state[me] == RUNNING -> is_called = false
    :: atomic { state[me] == CALLED -> state[me] = RUNNING; is_called = true }
    fi
}

inline park(me)
{
    publish(me);
    SETTLE;
    atomic { sleepers++; searchers = searchers - (is_searcher -> 1 : 0) };
    state[me] = IDLE;
    ring(1 - me);
    is_over = is_finished || IS_SURPLUS;
    if
    :: is_over -> sleep_end(me)
    :: else ->
#if MUTANT != 1
        look();
#endif
        if
        :: is_visible -> is_visible = false; saw_work = true; wake_if_asleep(me, is_woken); is_woken = false
        :: else -> stop_if_quiet()
        fi
    fi;
#if MUTANT != 9
    if
    :: (is_over || saw_work) && state[me] == BENCHED -> leave_work()
    :: else
    fi;
#endif
    asleep(me);
    if
    :: !is_called && is_searcher && (is_over || saw_work) -> hand_over(me)
    :: !is_called && !(is_searcher && (is_over || saw_work)) -> listen(me)
    :: else
    fi;
    atomic { is_searcher = is_called; is_called = false; is_over = false; saw_work = false }
}

inline bench_self(me)
{
#if MUTANT != 3
    publish(me);
#endif
    atomic { !seats -> seats = true };
    if
    :: IS_SURPLUS && !is_finished ->
        SETTLE;
        state[me] = BENCHED;
        working--;
        seats = false;
        leave_work();
        stop_if_quiet();
#if MUTANT != 8
        if
        :: is_finished -> wake_for_good(me) /* it may have come before the state, and nobody else wakes us */
        :: else
        fi
#endif
    :: else -> seats = false
    fi
}

proctype worker(byte me)
{
    byte got = NONE;
    bool is_searcher, is_called, is_woken, is_visible, is_over, saw_work, is_quiet;
    bit settled;

    do
    :: true;
        /* between waits: rovei_sleep */
end_rest:
        if
        :: state[me] == RUNNING
        :: atomic { state[me] == CALLED -> state[me] = RUNNING; is_searcher = true }
        fi;
        if
        :: is_finished -> break
        :: else
        fi;
        do
        :: is_finished || IS_SURPLUS -> break
        :: else ->
            find(me);
            if
            :: got != NONE ->
                if
                :: is_searcher -> search_stop(me)
                :: else
                fi;
                execute(me)
            :: else ->
                if
                :: !is_searcher && searchers < 1 -> searchers++; is_searcher = true
                :: else
                fi;
                if
                :: d_step { is_searcher && has_barrier && HIDES(1 - me) -> place[2] = PUBLIC } /* force */
                :: else -> park(me)
                fi
            fi
        od;
        if
        :: is_searcher -> search_stop(me)
        :: else
        fi;
        bench_self(me)
    od;
    if
    :: is_searcher -> searchers--; is_searcher = false /* the thread ends */
    :: else
    fi;
#if MUTANT != 4
    do
    :: true;
        d_step {
            find_own(me);
            find_injected()
        };
        if
        :: got == NONE -> break
        :: else -> execute(me)
        fi
    od;
#endif
    ended++
}

/* Threads from outside. */

proctype feeder(byte first, last)
{
    byte task = first;
    bool is_woken;

    do
    :: place[task] = INJECTED;
#if MUTANT != 5
        wake_one();
#endif
        if
        :: task == last -> break
        :: else -> task = last
        fi
    od;
    outside--
}

/* rovei_scale_adjust, under the lock. */
inline bench(w)
{
    if
    :: IS_SURPLUS ->
        if
        :: atomic { state[w] == IDLE -> state[w] = BENCHED };
            sleepers--;
            working--
        :: else
        fi
    :: else
    fi
}

inline unbench(w)
{
    if
    :: working < target && state[w] == BENCHED ->
        working++;
        sleepers++;
        state[w] = IDLE;
        ring(1 - w);
#if MUTANT != 7
        leave_work()
#endif
    :: else
    fi
}

inline set_workers(count)
{
    atomic { !seats -> seats = true };
    target = count;
    bench(1);
    bench(0);
    unbench(0);
    unbench(1);
    seats = false
}

/* Who created it: sets the number of workers, and shuts down. */
proctype creator()
{
    bool is_woken, is_visible, is_quiet;
    bit settled;

#if STORY == SCALES
    set_workers(1);
    set_workers(2);
#elif STORY == SCALES_DOWN_AND_STOPS || STORY == RETIRES
    set_workers(1);
#endif
#if STORY == STOPS || STORY == SCALES_DOWN_AND_STOPS
    outside == 0;
    is_stopping = true;
    stop_if_quiet();
    is_finished;
    ended == WORKERS;
    assert(place[0] == DONE && place[1] == DONE && place[2] == DONE);
    assert(sleepers == 0 && searchers == 0);
    is_joined = true
#endif
}

init
{
    atomic {
        place[0] = UNBORN;
        place[1] = UNBORN;
        place[2] = UNBORN;
        target = WORKERS;
        working = WORKERS;
#if STORY == WORKS || STORY == STOPS
        if
        :: has_barrier = true
        :: has_barrier = false
        fi;
#else
        has_barrier = (STORY != RETIRES);
#endif
#if STORY == RETIRES
        state[0] = RUNNING;
        state[1] = RUNNING;
#else
        state[0] = IDLE;
        state[1] = IDLE;
        sleepers = WORKERS;
#endif
        run worker(0);
        run worker(1);
#if STORY == WORKS
        outside = 2;
        run feeder(0, 0);
        run feeder(1, 1);
#elif STORY == STOPS
        outside = 1;
        run feeder(1, 0);
#else
        place[1] = DONE;
        outside = 1;
        run feeder(0, 0);
#endif
        run creator()
    }
    /* Nobody can do anything any more. */
end_watch:
    timeout;
    assert((place[0] == DONE || place[0] == UNBORN) && (place[1] == DONE || place[1] == UNBORN) &&
           (place[2] == DONE || place[2] == UNBORN))
}

ltl runs { [] ((place[0] != UNBORN -> <> (place[0] == DONE)) && (place[1] != UNBORN -> <> (place[1] == DONE)) &&
               (place[2] != UNBORN -> <> (place[2] == DONE))) }
ltl ends { [] (is_stopping -> <> is_joined) }
