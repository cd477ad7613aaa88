/*
 * Binding workers to the processors of their seats.
 */
#ifndef ROVEI_NUMA_PIN_H
#define ROVEI_NUMA_PIN_H

#include "numa/plan.h"

enum rovei_pin_outcome { PIN_DONE, PIN_SKIPPED, PIN_REFUSED };

/* Why the threads of a plan of which `workers` seats are taken are not to be bound, in a few words, or NULL if they
 * are. */
const char *rovei_pin_obstacle(const struct rovei_plan *plan, int workers, rove_pin mode);

/*
 * Binds the calling thread to the processor of its seat, or says why not:
 *
 *   PIN_DONE     it is bound
 *   PIN_SKIPPED  there is an obstacle. Where that is that the workers are more than the processors, the thread gets all
 *                that are allowed: it may have been bound before, or have been started by a thread that was.
 *   PIN_REFUSED  the system does not want it, for the reason in `*error` (an errno value); the thread goes where it may
 *
 * `*error` is 0 otherwise. May be called again when the number of workers has changed.
 */
enum rovei_pin_outcome rovei_pin_thread(const struct rovei_plan *plan, int seat, int workers, rove_pin mode,
                                        int *error);

#endif
