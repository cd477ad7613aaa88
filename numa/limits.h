/*
 * How many workers a runtime gets, and why not more.
 */
#ifndef ROVEI_NUMA_LIMITS_H
#define ROVEI_NUMA_LIMITS_H

#include "numa/topology.h"

/* What has been asked for and allowed; 0 or less is no limit. */
struct rovei_limits {
    int environment;    /* ROVE_WORKERS */
    int configured;     /* the configuration's `workers` */
    bool oversubscribe; /* take `configured` as it is: only the environment is stronger */
    int listed;         /* processors of an explicit list */
    int quota;          /* of the control group, in processors */
};

/* The least of the limits and of the processors that are allowed; never below 1 nor above ROVE_WORKERS_MAX. Stores
 * which limit it was in `*decided_by`, in a few words. */
int rovei_limits_workers(const struct rovei_limits *limits, const struct rovei_machine *machine,
                         const char **decided_by);

#endif
