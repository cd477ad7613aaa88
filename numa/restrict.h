/*
 * Following the affinity mask while running: a plan that has been made, on the processors that are left of it.
 */
#ifndef ROVEI_NUMA_RESTRICT_H
#define ROVEI_NUMA_RESTRICT_H

#include "numa/plan.h"

/*
 * Makes `narrow` from `plan` for a process that may now use the `count` processors of `allowed`, ascending, which may
 * be fewer, more or others than when the plan was made. A seat keeps its processor if that is still allowed and not
 * shared while another has fewer seats; a list of processors is shared as it says. Distances, nodes and what is near a
 * processor stay those of `plan`: they say who steals from whom first, and that may be out of date.
 *
 * Returns false if there is no memory. Requires: `plan` is made, count is at least 1. rovei_plan_fini frees `narrow`.
 */
bool rovei_plan_restrict(struct rovei_plan *narrow, const struct rovei_plan *plan, const int *allowed, int count);

#endif
