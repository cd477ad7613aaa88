/*
 * The plan, for a person to read: what ROVE_VERBOSE prints.
 */
#ifndef ROVEI_NUMA_DESCRIBE_H
#define ROVEI_NUMA_DESCRIBE_H

#include "numa/plan.h"

struct rovei_description {
    const struct rovei_machine *machine;
    const struct rovei_plan *plan; /* may have more seats than there are workers */
    int workers;
    const char *decided_by; /* what limited the workers, see numa/limits.h */
    int quota;              /* in processors, 0 for none */
    rove_pin pin;
};

/* Calls line(text, arg) for each line, without a newline at its end. */
void rovei_describe(const struct rovei_description *description, void (*line)(const char *text, void *arg), void *arg);

#endif
