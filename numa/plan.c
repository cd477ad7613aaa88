#include "numa/plan.h"
#include "numa/order.h"
#include "numa/report.h"

#include <stdlib.h>

/* Victims at equal distance make a ring. The remote ones of the same package have one of their own. */
enum { RING_OTHER_PACKAGE = ROVE_DISTANCES, RINGS };

_Static_assert(ROVE_DISTANCE_SMT == LEVEL_CORE + 1 && ROVE_DISTANCE_NODE == LEVEL_NODE + 1,
               "the levels are in the order of the distances");

static rove_distance pu_distance(const struct rovei_pu *a, const struct rovei_pu *b)
{
    for (enum rovei_level level = LEVEL_CORE; level <= LEVEL_NODE; level++)
        if (a->at[level] >= 0 && a->at[level] == b->at[level])
            return (rove_distance)(level + 1);
    return ROVE_DISTANCE_REMOTE;
}

rove_distance rovei_plan_distance(const struct rovei_plan *plan, int seat_a, int seat_b)
{
    return seat_a == seat_b ? ROVE_DISTANCE_SELF : pu_distance(&plan->seats[seat_a], &plan->seats[seat_b]);
}

static int plan_ring(const struct rovei_plan *plan, int seat_a, int seat_b)
{
    rove_distance distance = rovei_plan_distance(plan, seat_a, seat_b);
    bool other_package = plan->seats[seat_a].at[LEVEL_PACKAGE] != plan->seats[seat_b].at[LEVEL_PACKAGE];
    return distance == ROVE_DISTANCE_REMOTE && other_package ? RING_OTHER_PACKAGE : (int)distance;
}

void rovei_plan_victims(const struct rovei_plan *plan, int seat, int *order)
{
    int sizes[RINGS] = {0};
    for (int i = 0; i < plan->count; i++)
        sizes[plan_ring(plan, seat, i)]++;
    int starts[RINGS], turns[RINGS];
    for (int ring = ROVE_DISTANCE_SMT, start = 0; ring < RINGS; start += sizes[ring++]) {
        starts[ring] = start;
        turns[ring] = sizes[ring] ? sizes[ring] - plan->places[seat] % sizes[ring] : 0;
    }
    for (int i = 0; i < plan->count; i++) {
        int victim = plan->by_place[i];
        int ring = plan_ring(plan, seat, victim);
        if (victim != seat)
            order[starts[ring] + turns[ring]++ % sizes[ring]] = victim;
    }
}

int rovei_plan_seat_near(const struct rovei_plan *plan, int os_pu)
{
    return os_pu >= 0 && os_pu < plan->near_limit ? plan->near[os_pu] : 0;
}

bool rovei_plan_is_crowded(const struct rovei_plan *plan, int workers)
{
    return workers > plan->exclusive;
}

static int machine_find(const struct rovei_machine *machine, int os)
{
    for (int i = 0; i < machine->pu_count; i++)
        if (machine->pus[i].os == os)
            return i;
    return -1;
}

/* The list as places in machine->pus. */
static rove_status plan_take_list(const struct rovei_machine *machine, const int *list, size_t length, int **pus,
                                  int *count, rove_report *report)
{
    if (!list || length == 0 || length > MACHINE_OS_LIMIT) {
        report_add(report, "the plan is a list of processors, and the list is %s", length ? "not valid" : "empty");
        return ROVE_INVALID;
    }
    *pus = malloc(length * sizeof **pus);
    if (!*pus)
        return ROVE_NO_MEMORY;
    for (size_t i = 0; i < length; i++) {
        int pu = machine_find(machine, list[i]);
        if (pu < 0 || !machine->pus[pu].is_allowed) {
            report_add(report, "the plan names processor %d, which %s", list[i],
                       pu < 0 ? "this machine does not have" : "is not allowed to this process");
            free(*pus);
            *pus = NULL;
            return ROVE_INVALID;
        }
        (*pus)[i] = pu;
    }
    *count = (int)length;
    return ROVE_OK;
}

static bool plan_allocate(struct rovei_plan *plan, const struct rovei_machine *machine, int seats)
{
    for (int i = 0; i < machine->pu_count; i++)
        plan->near_limit = machine->pus[i].os >= plan->near_limit ? machine->pus[i].os + 1 : plan->near_limit;
    plan->count = seats;
    plan->seats = malloc((size_t)seats * sizeof *plan->seats);
    plan->by_place = malloc((size_t)seats * sizeof *plan->by_place);
    plan->places = malloc((size_t)seats * sizeof *plan->places);
    plan->near = calloc((size_t)plan->near_limit, sizeof *plan->near);
    plan->allowed = malloc((size_t)machine->allowed_count * sizeof *plan->allowed);
    return plan->seats && plan->by_place && plan->places && plan->near && plan->allowed;
}

/* Seats the workers, and counts the nodes that they are on in the order of the seats. `first` becomes the first seat on
 * each processor of the machine, or -1; `next` the next seat on the same processor, or -1. */
static void plan_seat(struct rovei_plan *plan, const struct rovei_machine *machine, const int *pus, int count,
                      int *first, int *next, int *nodes)
{
    plan->exclusive = plan->count;
    for (int seat = plan->count - 1; seat >= 0; seat--) {
        int pu = pus[seat % count];
        plan->seats[seat] = machine->pus[pu];
        next[seat] = first[pu];
        if (first[pu] >= 0 && first[pu] < plan->exclusive)
            plan->exclusive = first[pu];
        first[pu] = seat;
    }
    for (int seat = 0; seat < plan->count; seat++) {
        int *node = &plan->seats[seat].at[LEVEL_NODE];
        if (nodes[*node] < 0)
            nodes[*node] = plan->node_count++;
        *node = nodes[*node];
    }
}

static void plan_place(struct rovei_plan *plan, const struct rovei_machine *machine, const int *first, const int *next)
{
    int place = 0;
    for (int pu = 0; pu < machine->pu_count; pu++)
        for (int seat = first[pu]; seat >= 0; seat = next[seat]) {
            plan->places[seat] = place;
            plan->by_place[place++] = seat;
        }
}

/* Processors are in the order of the machine, so that the nearest one with a seat is the next such to the left or to
 * the right. */
static void plan_find_near(struct rovei_plan *plan, const struct rovei_machine *machine, const int *first)
{
    const struct rovei_pu *pus = machine->pus;
    for (int pu = 0, left = -1; pu < machine->pu_count; pu++) {
        left = first[pu] >= 0 ? pu : left;
        plan->near[pus[pu].os] = left;
    }
    for (int pu = machine->pu_count - 1, right = -1; pu >= 0; pu--) {
        right = first[pu] >= 0 ? pu : right;
        int *near = &plan->near[pus[pu].os];
        bool go_right =
            *near < 0 || (right >= 0 && pu_distance(&pus[pu], &pus[right]) < pu_distance(&pus[pu], &pus[*near]));
        *near = first[go_right ? right : *near];
    }
}

static void plan_list_allowed(struct rovei_plan *plan, const struct rovei_machine *machine)
{
    for (int pu = 0; pu < machine->pu_count; pu++)
        if (machine->pus[pu].is_allowed)
            plan->allowed[plan->allowed_count++] = machine->pus[pu].os;
}

/* Fills in the plan from the processors to sit on, which are as many as the workers or are used again and again. */
static bool plan_fill(struct rovei_plan *plan, const struct rovei_machine *machine, const int *pus, int count,
                      int seats)
{
    size_t machine_size = (size_t)machine->pu_count;
    int *scratch = malloc((2 * machine_size + (size_t)seats) * sizeof *scratch);
    if (!scratch || !plan_allocate(plan, machine, seats)) {
        free(scratch);
        return false;
    }
    int *first = scratch, *nodes = scratch + machine_size, *next = scratch + 2 * machine_size;
    for (size_t i = 0; i < 2 * machine_size; i++)
        scratch[i] = -1;
    plan_seat(plan, machine, pus, count, first, next, nodes);
    plan_place(plan, machine, first, next);
    plan_find_near(plan, machine, first);
    plan_list_allowed(plan, machine);
    free(scratch);
    return true;
}

rove_status rovei_plan_make(struct rovei_plan *plan, const struct rovei_machine *machine, rove_plan kind,
                            const int *pus, size_t pu_count, int seats, rove_report *report)
{
    *plan = (struct rovei_plan){0};
    if (seats < 1 || (int)kind < ROVE_PLAN_CORES || (int)kind > ROVE_PLAN_LIST) {
        report_add(report, seats < 1 ? "a plan of %d workers" : "a plan of the unknown kind %d",
                   seats < 1 ? seats : (int)kind);
        return ROVE_INVALID;
    }
    plan->kind = kind;
    plan->is_real = machine->is_real;
    int *chosen = NULL;
    int count = 0;
    rove_status status = ROVE_OK;
    if (kind == ROVE_PLAN_LIST)
        status = plan_take_list(machine, pus, pu_count, &chosen, &count, report);
    else if (!rovei_order_make(machine, kind, &chosen, &count))
        status = ROVE_NO_MEMORY;
    if (status == ROVE_OK && !plan_fill(plan, machine, chosen, count, seats))
        status = ROVE_NO_MEMORY;
    free(chosen);
    if (status == ROVE_NO_MEMORY)
        report_add(report, "no memory for a plan of %d workers", seats);
    if (status != ROVE_OK)
        rovei_plan_fini(plan);
    return status;
}

void rovei_plan_fini(struct rovei_plan *plan)
{
    free(plan->seats);
    free(plan->by_place);
    free(plan->places);
    free(plan->near);
    free(plan->allowed);
    *plan = (struct rovei_plan){0};
}
