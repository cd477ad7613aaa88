#include "numa/restrict.h"

#include <stdlib.h>
#include <string.h>

static void *restrict_copy(const void *items, size_t count, size_t size)
{
    void *copy = malloc(count * size);
    if (copy)
        memcpy(copy, items, count * size);
    return copy;
}

static int restrict_find(const int *allowed, int count, int os)
{
    for (int i = 0; i < count; i++)
        if (allowed[i] == os)
            return i;
    return -1;
}

/* Gives the seats from `from` up to but not including `to` processors: first those that keep their own, then the others
 * where the fewest sit. `users[i]` counts the seats on the i-th processor. */
static void restrict_round(struct rovei_plan *plan, int from, int to, const int *allowed, int count, int *users)
{
    int round = from / count;
    for (int seat = from; seat < to; seat++) {
        int at = restrict_find(allowed, count, plan->seats[seat].os);
        if (at >= 0 && (plan->kind == ROVE_PLAN_LIST || users[at] == round))
            users[at]++;
        else
            plan->seats[seat].os = -1;
    }
    for (int seat = from; seat < to; seat++) {
        if (plan->seats[seat].os >= 0)
            continue;
        int least = 0;
        for (int i = 1; i < count; i++)
            least = users[i] < users[least] ? i : least;
        plan->seats[seat].os = allowed[least];
        users[least]++;
    }
}

/* A round has a seat for each processor, so that few workers need not share. A list is one round: it shares as it
 * says. */
static void restrict_seats(struct rovei_plan *plan, const int *allowed, int count, int *users)
{
    int size = plan->kind == ROVE_PLAN_LIST ? plan->count : count;
    for (int from = 0; from < plan->count; from += size)
        restrict_round(plan, from, from + size < plan->count ? from + size : plan->count, allowed, count, users);
}

/* How many seats, from the first on, have a processor for themselves. */
static int restrict_exclusive(const struct rovei_plan *plan, const int *allowed, int count, int *users)
{
    memset(users, 0, (size_t)count * sizeof *users);
    for (int seat = 0; seat < plan->count; seat++)
        if (users[restrict_find(allowed, count, plan->seats[seat].os)]++ > 0)
            return seat;
    return plan->count;
}

bool rovei_plan_restrict(struct rovei_plan *narrow, const struct rovei_plan *plan, const int *allowed, int count)
{
    *narrow = *plan;
    size_t seats = (size_t)plan->count;
    narrow->seats = restrict_copy(plan->seats, seats, sizeof *plan->seats);
    narrow->by_place = restrict_copy(plan->by_place, seats, sizeof *plan->by_place);
    narrow->places = restrict_copy(plan->places, seats, sizeof *plan->places);
    narrow->near = restrict_copy(plan->near, (size_t)plan->near_limit, sizeof *plan->near);
    narrow->allowed = restrict_copy(allowed, (size_t)count, sizeof *allowed);
    narrow->allowed_count = count;
    int *users = calloc((size_t)count, sizeof *users);
    bool has_memory = users && narrow->seats && narrow->by_place && narrow->places && narrow->near && narrow->allowed;
    if (has_memory) {
        restrict_seats(narrow, allowed, count, users);
        narrow->exclusive = restrict_exclusive(narrow, allowed, count, users);
    } else {
        rovei_plan_fini(narrow);
    }
    free(users);
    return has_memory;
}
