/*
 * Where workers sit. A plan gives each of a number of seats a processor; worker i has seat i. Several seats share a
 * processor where there are more seats than processors. A plan does not refer to the machine that it was made from.
 * It does not change once it is made: any thread may ask it.
 */
#ifndef ROVEI_NUMA_PLAN_H
#define ROVEI_NUMA_PLAN_H

#include "numa/topology.h"

#include <rove/runtime.h>
#include <rove/stats.h>
#include <rove/status.h>

/* All zero is a plan that is not made. */
struct rovei_plan {
    struct rovei_pu *seats; /* the processor of each; their nodes are counted anew, see node_count */
    int count;
    int exclusive;  /* the first so many seats have a processor for themselves */
    int node_count; /* nodes that seats are on: seats[i].at[LEVEL_NODE] is below it */
    rove_plan kind;
    bool is_real;  /* of this machine, so that binding makes sense */
    int *by_place; /* all seats in the order of the machine, so that neighbours are together */
    int *places;   /* where each seat is in by_place */
    int *near;     /* the seat on or nearest to each processor, by its number in the operating system */
    int near_limit;
    int *allowed; /* operating system numbers of all processors that are allowed, used or not */
    int allowed_count;
};

/*
 * Makes a plan of `seats` seats. `pus` and `pu_count` are the list for ROVE_PLAN_LIST, by the operating system's
 * numbers, and are ignored for other kinds. A processor that the list names twice is used twice.
 *
 * Returns ROVE_OK; ROVE_INVALID, with the reason added to `report` (may be NULL), if seats is below 1, the kind is
 * unknown, or the list is empty or names a processor that is absent or not allowed; ROVE_NO_MEMORY. After an error the
 * plan is as if not made. Requires: `plan` is not made, `machine` is loaded.
 */
rove_status rovei_plan_make(struct rovei_plan *plan, const struct rovei_machine *machine, rove_plan kind,
                            const int *pus, size_t pu_count, int seats, rove_report *report);
void rovei_plan_fini(struct rovei_plan *plan);

/* How far apart two seats are. Different seats on one processor are as near as two threads of a core. */
rove_distance rovei_plan_distance(const struct rovei_plan *plan, int seat_a, int seat_b);

/* Stores the count - 1 other seats in `order`, near to far; remote ones of the same package come before others. Seats
 * at equal distance follow one another round the machine, beginning at another for each seat, so that thieves do not
 * all begin with the same victim. */
void rovei_plan_victims(const struct rovei_plan *plan, int seat, int *order);

/* The first seat on the processor `os_pu`, or the one nearest to it; 0 if there is no such processor. */
int rovei_plan_seat_near(const struct rovei_plan *plan, int os_pu);

/* Whether some of the first `workers` seats share a processor. */
bool rovei_plan_is_crowded(const struct rovei_plan *plan, int workers);

#endif
