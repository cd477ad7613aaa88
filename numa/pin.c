#include "numa/pin.h"
#include "runtime/platform/affinity.h"

const char *rovei_pin_obstacle(const struct rovei_plan *plan, int workers, rove_pin mode)
{
    if (!plan->is_real)
        return "the topology is not that of this machine";
    if (mode == ROVE_PIN_NEVER)
        return "as configured";
    if (mode == ROVE_PIN_AUTO && rovei_plan_is_crowded(plan, workers))
        return "workers share processors";
    return NULL;
}

enum rovei_pin_outcome rovei_pin_thread(const struct rovei_plan *plan, int seat, int workers, rove_pin mode, int *error)
{
    *error = 0;
    if (!rovei_pin_obstacle(plan, workers, mode)) {
        *error = rovei_affinity_bind(&plan->seats[seat].os, 1);
        return *error ? PIN_REFUSED : PIN_DONE;
    }
    /* If this is refused, binding was too, and there is nothing to undo. */
    if (plan->is_real && mode == ROVE_PIN_AUTO)
        rovei_affinity_bind(plan->allowed, plan->allowed_count);
    return PIN_SKIPPED;
}
