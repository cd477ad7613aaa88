#include "numa/limits.h"

#include <rove/runtime.h>

static void limits_lower(int *workers, const char **decided_by, int limit, const char *name)
{
    if (limit > 0 && limit < *workers) {
        *workers = limit;
        *decided_by = name;
    }
}

int rovei_limits_workers(const struct rovei_limits *limits, const struct rovei_machine *machine,
                         const char **decided_by)
{
    int workers = ROVE_WORKERS_MAX;
    *decided_by = "the most that a runtime can have";
    if (!limits->oversubscribe || limits->configured <= 0) {
        limits_lower(&workers, decided_by, machine->allowed_count, "the processors that are allowed");
        limits_lower(&workers, decided_by, limits->listed, "the list of processors");
        limits_lower(&workers, decided_by, limits->quota, "the CPU quota of the control group");
    }
    limits_lower(&workers, decided_by, limits->configured, "the configuration");
    limits_lower(&workers, decided_by, limits->environment, "ROVE_WORKERS");
    return workers;
}
