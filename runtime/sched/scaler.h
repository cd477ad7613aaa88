/*
 * The automatic mode: a thread of the runtime's that looks, now and then while anybody works, whether there should be
 * more workers or fewer. The rule is in scale.md.
 */
#ifndef ROVEI_SCHED_SCALER_H
#define ROVEI_SCHED_SCALER_H

#include "runtime/platform/thread.h"

#include <rove/scale.h>
#include <stdatomic.h>
#include <stdbool.h>

struct rove_runtime;

/* What the scaler's thread does. A futex word.
 *   AWAKE   it looks, and sleeps for a while between two looks
 *   ASLEEP  it sleeps until a worker begins to work, or something is said to it
 *   OFF     the mode has been ended: it sleeps until it is begun again. Entered under the lock of the seats
 *   ENDING  it is to end */
enum rovei_scaler_state { SCALER_AWAKE, SCALER_ASLEEP, SCALER_OFF, SCALER_ENDING };

struct rovei_scaler {
    /* Under the lock of the seats. */
    bool is_auto;
    int least;
    int most; /* 0: no bound but the machine's */
    bool has_thread;
    pthread_t thread;
    rove_scale_decision history[ROVE_SCALE_HISTORY]; /* round and round */
    uint64_t decisions;

    _Atomic uint64_t counts[ROVE_SCALE_REASONS]; /* written under the lock */
    _Atomic uint32_t state;
};

/* Lets the scaler look again, if it sleeps; called where a worker begins to work. Any thread. */
void rovei_scaler_rouse(struct rovei_scaler *scaler);

static inline void scaler_rouse(struct rovei_scaler *scaler)
{
    /* [scaler] pairs with the scaler, which says that it sleeps and then looks whether anybody works. */
    if (atomic_load_explicit(&scaler->state, memory_order_seq_cst) == SCALER_ASLEEP)
        rovei_scaler_rouse(scaler);
}

/* How many workers are left of `workers`, but not fewer than `least`, which is at least 1: where they waited for
 * processors for `waiting_percent` of their time, from 0 to 100; where `asleep` of them found nothing to do. */
int rovei_scaler_uncrowded(int workers, int waiting_percent, int least);
int rovei_scaler_unidled(int workers, int asleep, int least);

/* Begins the automatic mode. Returns 0 or an errno value: the thread was refused. Requires: the lock of the seats. */
int rovei_scaler_begin(struct rove_runtime *runtime, int least, int most);

/* Ends the thread, if there is one. Requires: nobody begins the automatic mode any more. */
void rovei_scaler_end(struct rove_runtime *runtime);

#endif
