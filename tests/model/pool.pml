/*
 * A pool: threads that submit and wait for room, drivers that come and go, a job that waits for another one, readers
 * and the bounded stream, closing, draining, a stop from a signal handler, destruction.
 *
 * What happens under the pool's lock is one step, but for the promise of room in the stream, which readers do not wait
 * for; between two regions under the lock, and wherever a thread looks at something without it, everybody else may go
 * on. Bells are rung after the lock is released. Steps are named after the functions of runtime/pool that they shorten:
 * submit.c, drive.c, help.c, close.c, stream.c, waiter.c. That an injected driver runs is for lifecycle.pml. Without
 * lanes, levels, retries, serial pools, helpers, workers that wait and turns that are over.
 *
 *   safety    an accepted job ends exactly once, and runs at most once; a refused one does not; after the close none is
 *             accepted; a driver takes no job beyond the width; "closed" is said to a reader when all records have been
 *             read; nobody touches a pool that was freed; and when nobody can do anything any more all have ended:
 *             nobody sleeps for room, for a record or for the end
 *   ends      everything comes to its end; not where drivers may rob each other of the same job for ever (WIDE)
 *
 * In each story all threads are to end. Which there are, what is checked besides safety, and which mistakes (MUTANT)
 * must be found in each; spin.sh reads this:
 *   story ROOM              property ends_nightly mutants 3 10 17
 *   story CLOSES            property none  mutants 9
 *   story READS             property none  mutants 1 2
 *   story TWO_READERS       property none  mutants 6
 *   story WAITS             property none  mutants 4 13 18
 *   story WAITS_WIDE        property none  mutants 16
 *   story WAITS_AND_READS   property none  mutants 11
 *   story WIDE              property none  mutants 14 15
 *   story HOLDS             property none  mutants 12
 *   story HOLDS_AND_CLOSES  property ends_nightly mutants 5
 *   story STOPS             property none  mutants 7 8
 * The mistakes: 1 No second look after is_stalled is set. 2 The reader does not look at is_stalled. 3 A driver leaves
 * without looking at the queue under the same lock. 4 Nobody is roused when a job is lent out. 5 Who waits for room is
 * not told of the close. 6 Readers are not told of the end. 7 The bells are rung before the stop is stored. 8 A bell is
 * read after the look at the stop. 9 No reference for a driver that is on its way. 10 A driver that has come still
 * counts as being on its way. 11 A job that waits keeps the room in the stream. 12 Only a quarter of the queue is worth
 * a signal. 13 A driver that is back goes on, though there is one too many. 14 A driver that takes does not start the
 * next one. 15 Fellows' hands are not looked into. 16 Nor is that of a driver that is lent out. 17 Nobody is told of
 * room. 18 A driver that waited a moment for jobs does not ask whether there is one too many by now.
 */
#ifndef MUTANT
#define MUTANT 0
#endif

#define ROOM 0
#define CLOSES 1
#define READS 2
#define WAITS 3
#define WIDE 4
#define HOLDS 5
#define HOLDS_AND_CLOSES 6
#define STOPS 7
#define TWO_READERS 8
#define WAITS_AND_READS 9
#define WAITS_WIDE 10
#ifndef STORY
#define STORY ROOM
#endif

#if STORY == ROOM || STORY == WAITS || STORY == WAITS_WIDE || STORY == WIDE || STORY == HOLDS
#define JOBS 4
#else
#define JOBS 3
#endif
#if STORY == WAITS || STORY == WAITS_WIDE || STORY == WAITS_AND_READS || STORY == WIDE
#define CAPACITY 4
#elif STORY == READS || STORY == TWO_READERS || STORY == HOLDS
#define CAPACITY 2
#else
#define CAPACITY 1
#endif
#define ENOUGH (STORY == HOLDS -> 2 : 1) /* stands for a quarter of the capacity */
#define WIDTH ((STORY == CLOSES || STORY == READS || STORY == WIDE || STORY == WAITS_WIDE) -> 2 : 1)

/* The stream's capacity, 0: there is none. */
#if STORY == READS || STORY == TWO_READERS || STORY == WAITS_AND_READS || STORY == STOPS
#define RESULTS 1
#else
#define RESULTS 0
#endif

#define DRIVERS 3
#define HAND 2
#define NONE 255

/* Who waits: two submitters, the creator, two readers. */
#define CREATOR 2
#define FIRST_READER 3
#define SLEEPERS 5
#define ALL_BELLS 31

mtype:place = {NEW, QUEUED, HELD, TAKEN, RUNS, ENDED, REFUSED};

mtype:place place[JOBS];
byte owner[JOBS]; /* the driver in whose hand it lies */
bool told[JOBS];  /* its future has ended */

/* The pool. */
bool locked;
byte queued, held_after, left;
byte driving, starting, lingering, lent;
bool is_injected[DRIVERS], is_starting[DRIVERS], is_lent[DRIVERS], is_idle[DRIVERS];
bool is_closed, is_canceled, has_ended;
byte due; /* bells, a bit each */
byte references;
bool is_freed;

/* The stream. */
short results_held;
bool is_stalled;
byte records, records_read, pushed;
bool is_ended;

/* Waiting. A bell's word only matters to who sleeps on it: was it rung since it was read? */
chan for_room = [2] of {byte};
chan for_end = [1] of {byte};
chan readers = [2] of {byte};
bool is_signalled[SLEEPERS];
bool is_rung[SLEEPERS], is_awaited[SLEEPERS];

bool stop, stop_noticed, is_over; /* is_over: the scope of the jobs */

byte users; /* threads in calls of the program, but for the creator */
bool has_waited, is_done;

byte i; /* of short use: 0 between steps, so that states do not differ in it */

#define HAS_TAKEN(j, d) (place[j] == TAKEN && owner[j] == d)
#if JOBS == 4
#define HAS_HAND(d) (HAS_TAKEN(0, d) || HAS_TAKEN(1, d) || HAS_TAKEN(2, d) || HAS_TAKEN(3, d))
#else
#define HAS_HAND(d) (HAS_TAKEN(0, d) || HAS_TAKEN(1, d) || HAS_TAKEN(2, d))
#endif
#if MUTANT == 16
#define HAS_LENT_HAND false
#else
#define HAS_LENT_HAND                                                                                                  \
    ((is_lent[0] && HAS_HAND(0)) || (is_lent[1] && HAS_HAND(1)) || (is_lent[2] && HAS_HAND(2)))
#endif

#define IS_FULL (queued + held_after >= CAPACITY)
#define IS_LISTED(list, who) (list ?? [eval(who)])

/* Waiters. */

inline enter(list, who)
{
    list ! who
}

inline leave_list(list, who)
{
    if
    :: IS_LISTED(list, who) -> list ?? eval(who)
    :: else
    fi;
    is_signalled[who] = false
}

inline signal_one(list)
{
    if
    :: list ? i -> is_signalled[i] = true; due = due | (1 << i)
    :: empty(list)
    fi
}

inline signal_all(list)
{
    do
    :: list ? i -> is_signalled[i] = true; due = due | (1 << i)
    :: empty(list) -> break
    od
}

inline ring(bells)
{
    if
    :: bells != 0 ->
        d_step {
            assert(!is_freed);
            i = 0;
            do
            :: i < SLEEPERS -> is_rung[i] = is_rung[i] || (is_awaited[i] && (bells >> i) & 1); i++
            :: else -> break
            od;
            bells = 0;
            i = 0
        }
    :: else
    fi
}

#define IS_UNNOTICED (stop && !stop_noticed)

/* rovei_waiter_wait. `gives_up`: the time may be over. */
inline wait(who, gives_up)
{
    do
    :: true;
#if MUTANT == 8
        if
        :: is_signalled[who] || IS_UNNOTICED -> break
        :: else
        fi;
        d_step { is_rung[who] = false; is_awaited[who] = true };
#else
        d_step { assert(!is_freed); is_rung[who] = false; is_awaited[who] = true };
        if
        :: is_signalled[who] || IS_UNNOTICED -> break
        :: else
        fi;
#endif
        if
        :: is_rung[who]
        :: gives_up -> is_late = true; break
        fi
    od;
    atomic { is_rung[who] = false; is_awaited[who] = false }
}

/* Under the lock. */

inline start()
{
    i = 0;
    do
    :: i < DRIVERS && !is_idle[i] -> i++
    :: else -> break
    od;
    assert(i < DRIVERS);
    is_idle[i] = false;
    is_injected[i] = true;
    is_starting[i] = true;
#if MUTANT != 9
    references++;
#endif
    driving++;
    starting++
}

inline rouse()
{
    if
    :: ((queued > 0 && !is_stalled) || (lent > 0 && HAS_LENT_HAND)) && starting == 0 && lingering == 0 &&
            driving < WIDTH ->
        start()
    :: else
    fi
}

inline offer_room()
{
    if
#if MUTANT == 17
    :: true
#elif MUTANT == 12
    :: CAPACITY - queued - held_after >= ENOUGH -> signal_all(for_room)
#else
    :: !IS_FULL && (CAPACITY - queued - held_after >= ENOUGH || queued == 0 || is_stalled) -> signal_all(for_room)
#endif
    :: else
    fi
}

inline end_pool()
{
    if
    :: is_closed && left == 0 && !has_ended ->
        has_ended = true;
        is_ended = true;
#if MUTANT != 6
        signal_all(readers)
#endif
    :: else
    fi
}

inline close()
{
    is_closed = true;
    is_stalled = false;
#if MUTANT != 5
    signal_all(for_room);
#endif
    end_pool()
}

inline stop_pool()
{
    if
    :: !is_canceled ->
        is_canceled = true;
        stop_noticed = true;
        is_over = true;
        close();
        rouse()
    :: else
    fi
}

/* rovei_pool_lock, in front of a step or of several; whoever gets it notices a stop. */
inline lock()
{
    !locked;
    locked = true;
    assert(!is_freed)
#if STORY == STOPS
    ;
    if
    :: stop -> stop_pool()
    :: else
    fi
#endif
}

inline unlock(bells)
{
    bells = due;
    due = 0;
    i = 0;
    locked = false
}

inline release()
{
    atomic {
        assert(references > 0);
        references--;
        is_freed = (references == 0)
    }
}

/* A driver. */

/* rovei_pool_finish */
inline finish(me)
{
    if
    :: is_starting[me] ->
        is_starting[me] = false;
#if MUTANT != 10
        starting--
#endif
    :: else
    fi;
    if
    :: ended > 0 ->
        left = left - ended;
        ended = 0;
        if
        :: left == 0 -> end_pool(); signal_all(for_end)
        :: else
        fi
    :: else
    fi
}

/* rovei_stream_promise in steps, and how many jobs to take. A reader may make room meanwhile. */
inline promise()
{
    granted = queued / (driving + 1);
    granted = (granted > HAND -> HAND : (granted > 0 -> granted : 1));
    granted = (granted > queued -> queued : granted);
    is_short = RESULTS > 0 && !is_surplus && !is_closed && queued > 0 && results_held >= RESULTS
}

inline grant()
{
#if RESULTS > 0
    if
#if MUTANT == 1
    :: is_short -> granted = 0
#endif
    :: !is_closed && results_held >= RESULTS -> granted = 0
    :: !is_closed && results_held < RESULTS && granted > RESULTS - results_held -> granted = RESULTS - results_held
    :: else
    fi;
    if
    :: !is_closed && granted > 0 -> is_stalled = false
    :: else
    fi;
    results_held = results_held + granted
#else
    skip
#endif
}

/* The next jobs of the queue, or one from the hand of a fellow. */
inline take(me)
{
    count = 0;
    i = 0;
    do
    :: i < JOBS && count < granted ->
        if
        :: place[i] == QUEUED -> place[i] = TAKEN; owner[i] = me; queued--; count++
        :: else
        fi;
        i++
    :: else -> break
    od;
    assert(count == granted);
    i = 0;
#if MUTANT != 15
    do
    :: i < JOBS && count == 0 ->
        if
        :: place[i] == TAKEN && owner[i] != me -> owner[i] = me; count = 1
        :: else
        fi;
        i++
    :: else -> break
    od;
#endif
    granted = 0
}

inline leave(me)
{
    driving--;
    is_idle[me] = true;
    has_left = true;
    has_run = false;
    has_lingered = false
}

#if MUTANT == 18
#define LOOKS_FOR_SURPLUS !has_lingered
#elif MUTANT == 13
#define LOOKS_FOR_SURPLUS false
#else
#define LOOKS_FOR_SURPLUS true
#endif

/* driver_decide, from where room has been promised */
inline decide(me)
{
    if
    :: is_surplus -> count = 0; granted = 0
    :: else -> grant(); take(me)
    fi;
    if
    :: count > 0 -> assert(driving <= WIDTH); has_run = true; has_lingered = false
    :: count == 0 && !is_surplus && !has_lingered && has_run && queued == 0 && !is_closed && lingering == 0 ->
        has_lingered = true;
        lingering++
#if MUTANT == 3
    :: else -> is_leaving = true
#else
    :: else -> leave(me)
#endif
    fi;
    if
    :: has_lingered /* waits a moment */
    :: else ->
        offer_room();
#if MUTANT == 14
        if
        :: has_left -> rouse()
        :: else
        fi
#elif MUTANT != 3
        rouse()
#endif
    fi;
    is_surplus = false;
    count = 0
}

/* driver_take, once or, with a moment between, twice */
inline take_or_leave(me)
{
    atomic {
        lock();
        finish(me);
        if
        :: has_lingered -> lingering--
        :: else
        fi;
        is_surplus = LOOKS_FOR_SURPLUS && driving > WIDTH;
        promise();
#if RESULTS > 0
        if
        :: is_short -> i = 0 /* with the lock */
        :: else -> decide(me); unlock(bells)
        fi
    };
    if
    :: is_short ->
        is_stalled = true;
        atomic { decide(me); is_short = false; unlock(bells) }
    :: else
    fi;
#else
        decide(me);
        unlock(bells)
    };
#endif
    ring(bells)
#if MUTANT == 3
    ;
    if
    :: is_leaving ->
        atomic { lock(); leave(me); is_leaving = false; unlock(bells) };
        ring(bells)
    :: else
    fi
#endif
}

inline lend(me)
{
    atomic {
        lock();
        driving--;
        is_lent[me] = true;
        lent++;
#if MUTANT != 11
        if
        :: RESULTS > 0 -> results_held--; is_stalled = false
        :: else
        fi;
#endif
        offer_room();
#if MUTANT != 4
        rouse();
#endif
        unlock(bells)
    };
    ring(bells)
}

inline take_back(me)
{
    atomic {
        lock();
        driving++;
        is_lent[me] = false;
        lent--;
#if MUTANT != 11
        if
        :: RESULTS > 0 -> results_held++
        :: else
        fi;
#endif
        unlock(bells)
    };
    ring(bells)
}

#if STORY == WAITS || STORY == WAITS_WIDE || STORY == WAITS_AND_READS
#define WAITING_JOB 0
#else
#define WAITING_JOB NONE
#endif
#if STORY == WIDE
#define LONG_JOB 0
#elif STORY == WAITS_WIDE
#define LONG_JOB 3
#else
#define LONG_JOB NONE
#endif

/* What the job does: one waits for job 1 and lends its driver out, another one keeps its driver meanwhile. */
inline call(me)
{
    if
    :: job == WAITING_JOB && !told[1] -> lend(me); told[1]; take_back(me)
    :: job == LONG_JOB -> told[1]
    :: else
    fi
}

/* A job of the own hand starts. */
inline run_begin(me)
{
    i = 0;
    do
    :: i < JOBS && !HAS_TAKEN(i, me) -> i++
    :: else -> break
    od;
    if
    :: i < JOBS -> job = i; place[i] = RUNS; owner[i] = 0
    :: else
    fi;
    i = 0
}

/* A job ends, and its record is pushed. The stream's lock is not the pool's, and the bell is rung at once. */
inline run_end()
{
    assert(place[job] == RUNS);
    place[job] = ENDED;
    told[job] = true;
    ended++;
    job = NONE;
    if
    :: RESULTS > 0 ->
        assert(!is_ended);
        records++;
        pushed++;
        if
        :: readers ? i -> is_signalled[i] = true; bells = 1 << i; i = 0
        :: empty(readers)
        fi
    :: else
    fi
}

/* Where nobody can tell when a job begins, it is one step. */
inline run_hand(me)
{
    do
    :: true;
#if WAITING_JOB != NONE || LONG_JOB != NONE
        atomic { run_begin(me) };
        if
        :: job != NONE && !is_over -> call(me)
        :: else
        fi;
        atomic {
            if
            :: job != NONE -> run_end()
            :: else -> break
            fi
        };
#else
        atomic {
            run_begin(me);
            if
            :: job != NONE -> run_end()
            :: else -> break
            fi
        };
#endif
        ring(bells)
    od
}

proctype driver(byte me)
{
    byte job = NONE, ended, count, granted, bells;
    bool is_surplus, is_short, has_run, has_lingered, has_left, is_leaving;

    do
    :: true;
end_idle:
        atomic { is_injected[me] -> is_injected[me] = false };
        do
        :: has_left -> has_left = false; break
        :: else -> take_or_leave(me); run_hand(me)
        od;
#if MUTANT != 9
        release()
#endif
    od
}

/* Threads of the program. */

/* rove_pool_submit; `is_held`: the job has `after`. */
inline submit(who, is_held, gives_up)
{
    do
    :: true;
        atomic {
            lock();
            leave_list(for_room, who);
            if
            :: is_closed -> place[job] = REFUSED
            :: !is_closed && !IS_FULL ->
                left++;
                if
                :: is_held -> place[job] = HELD; held_after++
                :: else -> place[job] = QUEUED; queued++; rouse()
                fi
            :: !is_closed && IS_FULL && is_late -> place[job] = REFUSED
            :: else -> enter(for_room, who)
            fi;
            is_late = false;
            unlock(bells)
        };
        ring(bells);
        if
        :: place[job] == NEW -> wait(who, gives_up)
        :: else -> break
        fi
    od
}

/* Its jobs: every `step`-th one from the first. */
proctype submitter(byte who; byte job; byte step)
{
    byte bells;
    bool is_late;

    do
    :: job < JOBS ->
        submit(who, (STORY == HOLDS || STORY == HOLDS_AND_CLOSES) && job == 0, STORY == ROOM && who == 1);
        job = job + step
    :: else -> break
    od;
    users--
}

/* What ends the future that job 0 waits for; that is when the last job was submitted. */
proctype follower()
{
    byte bells;

    place[JOBS - 1] != NEW && place[0] != NEW;
    atomic {
        lock();
        if
        :: place[0] == HELD ->
            place[0] = QUEUED;
            held_after--;
            queued++;
            rouse()
        :: else
        fi;
        unlock(bells)
    };
    ring(bells);
    users--
}

/* rove_pool_next, up to the end */
proctype reader(byte who)
{
    byte bells;
    bool is_late, has_record;

#if STORY == STOPS
    if
    :: true
    :: has_waited
    fi;
#endif
    do
    :: true;
        if
        :: IS_UNNOTICED ->
            atomic { lock(); unlock(bells) };
            ring(bells)
        :: else
        fi;
        atomic {
            leave_list(readers, who);
            if
            :: records > 0 -> records--; has_record = true
            :: records == 0 && is_ended -> assert(left == 0 && is_closed); break
            :: else -> enter(readers, who)
            fi
        };
        if
        :: has_record ->
            has_record = false;
            records_read++;
            results_held--;
#if MUTANT != 2
            if
            :: is_stalled ->
                atomic {
                    lock();
                    if
                    :: is_stalled -> is_stalled = false; rouse()
                    :: else
                    fi;
                    unlock(bells)
                };
                ring(bells)
            :: else
            fi
#endif
        :: else -> wait(who, false)
        fi
    od;
    users--
}

/* A signal handler. */
proctype stopper()
{
    byte bells = ALL_BELLS;

#if MUTANT == 7
    ring(bells);
    stop = true;
    is_over = true;
#else
    stop = true;
    is_over = true;
    ring(bells);
#endif
    users--
}

inline close_pool()
{
    atomic { lock(); close(); rouse(); unlock(bells) };
    ring(bells)
}

/* Waits, closes and destroys; closes before it waits in some stories. */
proctype creator()
{
    byte bells;
    bool is_late, is_empty, is_destroying;

#if STORY == CLOSES || STORY == HOLDS_AND_CLOSES
    close_pool();
#elif STORY == READS
    if
    :: close_pool()
    :: place[JOBS - 1] != NEW
    fi;
#elif STORY != STOPS
    users == 0 || RESULTS > 0 && place[JOBS - 1] != NEW;
#endif
    do
    :: true;
        atomic {
            lock();
            leave_list(for_end, CREATOR);
            is_empty = (left == 0);
            if
            :: is_empty
            :: else -> enter(for_end, CREATOR)
            fi;
            unlock(bells)
        };
        ring(bells);
        if
        :: !is_empty -> wait(CREATOR, false)
        :: is_empty && is_destroying -> break
        :: else ->
            is_destroying = true;
            has_waited = true;
#if STORY != STOPS
            close_pool(); /* so that the readers come to an end */
#endif
            users == 0; /* nobody else may use a pool that is destroyed */
            atomic { lock(); stop_pool(); unlock(bells) };
            ring(bells)
        fi
    od;
    release();
    is_done = true
}

init
{
    atomic {
        i = 0;
        do
        :: i < JOBS -> place[i] = NEW; i++
        :: else -> break
        od;
        i = 0;
        is_idle[0] = true;
        is_idle[1] = true;
        is_idle[2] = true;
        references = 1;
        run driver(0);
        run driver(1);
#if STORY == ROOM || STORY == CLOSES
        users = 2;
        run submitter(0, 0, 2);
        run submitter(1, 1, 2);
#elif STORY == HOLDS || STORY == HOLDS_AND_CLOSES
        users = 2;
        run submitter(0, 0, 1);
        run follower();
#else
        users = 1;
        run submitter(0, 0, 1);
#endif
#if WAITING_JOB != NONE
        run driver(2);
#endif
#if RESULTS > 0
        users++;
        run reader(FIRST_READER);
#endif
#if STORY == TWO_READERS
        users++;
        run reader(FIRST_READER + 1);
#elif STORY == STOPS
        users++;
        run stopper();
#endif
        run creator()
    }
    /* Nobody can do anything any more. */
end_watch:
    timeout;
    assert(is_done && users == 0 && is_freed);
    assert(records == 0 && records_read == pushed && left == 0 && queued == 0 && held_after == 0);
    assert(driving == 0 && starting == 0 && lingering == 0 && lent == 0);
    i = 0;
    do
    :: i < JOBS -> assert(place[i] == ENDED || place[i] == REFUSED); i++
    :: else -> break
    od
}

ltl ends { <> is_done }
