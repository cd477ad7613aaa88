/*
 * The number of workers while running: fixed (rove_set_workers in runtime.h) or automatic, and what a program can say
 * about its own phases: that it blocks, or that work will come soon.
 *
 * In automatic mode the number follows the machine and the load, between two bounds. It falls when the quota or the
 * affinity mask falls, when the workers have to wait for processors because others use them, and when workers find
 * nothing to do; it rises when tasks wait. The rule and its constants are in runtime/sched/scale.md. Every decision can
 * be read back with its reason.
 */
#ifndef ROVE_SCALE_H
#define ROVE_SCALE_H

#include <rove/export.h>
#include <rove/runtime.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

/*
 * Lets the number of workers follow load and machine, between `least` and `most` (0: as many as the processors that are
 * allowed and the quota, whatever these are at the time). It begins with the present number. rove_set_workers ends it.
 *
 * A thread of the runtime's own looks some fifty times a second while anybody works; while nobody does, it sleeps.
 *
 * Returns ROVE_OK; ROVE_INVALID for a null `runtime`, if least is below 1 or above most, or if most is above the
 * runtime's maximum; ROVE_NO_THREADS, ROVE_NO_MEMORY, ROVE_CLOSED, ROVE_FORKED: then nothing has changed. Any thread,
 * also a task. Does not wait for workers to leave.
 */
ROVE_API rove_status rove_auto_workers(rove_runtime *runtime, int least, int most);

/* Why the number of workers was changed. */
typedef enum rove_scale_reason {
    ROVE_SCALE_ASKED = 0,    /* rove_set_workers or rove_auto_workers */
    ROVE_SCALE_QUOTA = 1,    /* the quota of the control group is another */
    ROVE_SCALE_AFFINITY = 2, /* the processors that are allowed are others */
    ROVE_SCALE_CROWDED = 3,  /* workers had to wait for processors */
    ROVE_SCALE_IDLE = 4,     /* workers found nothing to do */
    ROVE_SCALE_BACKLOG = 5,  /* tasks waited and all workers were busy */
    ROVE_SCALE_REASONS = 6
} rove_scale_reason;

/* A change of the number of workers, and what was known. */
typedef struct rove_scale_decision {
    int64_t time; /* by rove_clock */
    rove_scale_reason reason;
    int before;
    int after;
    int most;            /* the upper bound at the time: of the call, the quota and the processors */
    int waiting_percent; /* of the time that workers could have run, how much they waited for one; -1: unknown */
    int asleep;          /* how many of the workers slept */
} rove_scale_decision;

/* How many decisions a runtime remembers. */
enum { ROVE_SCALE_HISTORY = 64 };

/* Stores the last decisions in `decisions`, at most `capacity` of them, the newest first, and returns how many. 0 for
 * NULL, or in a child of fork(2). How many there were by reason is in rove_stats. Any thread. */
ROVE_API size_t rove_scale_history(rove_runtime *runtime, rove_scale_decision *decisions, size_t capacity);

/*
 * Brackets a call that blocks (a read, a lock held elsewhere, a sleep) inside a task: meanwhile a spare thread works in
 * the caller's place, so that its processor stays busy. Spares are started when they are first needed, kept, and at
 * most as many as `spares` of the configuration; beyond that the call only blocks. Regions nest; only the outermost
 * counts.
 *
 * Each begin needs its end on the same thread, in the same task. In between, the task should not fork, spawn or wait;
 * what it does all the same is right, but may find no help; a wait interrupts the region. On a thread that is no worker
 * both do nothing. Cost: about a microsecond each, and a wake-up; the start of a thread now and then.
 */
ROVE_API void rove_blocking_begin(void);
ROVE_API void rove_blocking_end(void);

/*
 * Between the two, idle workers of `runtime` (NULL: the caller's own, else the default runtime) look for work without
 * going to sleep, so that what comes starts within a microsecond; for a program that knows that the next parallel part
 * is near. It burns the processors' time. Phases nest and may overlap; the last end counts.
 *
 * Return ROVE_OK; ROVE_INVALID for an end without a begin; what rove_run returns if there is no runtime. Any thread.
 */
ROVE_API rove_status rove_phase_begin(rove_runtime *runtime);
ROVE_API rove_status rove_phase_end(rove_runtime *runtime);

ROVE_END_C

#endif
