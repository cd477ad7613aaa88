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

/* Gives each seat a processor; `users[i]` counts the seats on the i-th that is allowed. A seat keeps its own unless that
 * is gone or has more users than another. */
static void restrict_seat(struct rovei_plan *plan, const int *allowed, int count, int *users)
{
    for (int seat = 0; seat < plan->count; seat++) {
        int at = restrict_find(allowed, count, plan->seats[seat].os);
        int least = 0;
        for (int i = 1; i < count; i++)
            least = users[i] < users[least] ? i : least;
        if (at < 0 || (plan->kind != ROVE_PLAN_LIST && users[at] > users[least]))
            at = least;
        plan->seats[seat].os = allowed[at];
        users[at]++;
    }
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
        restrict_seat(narrow, allowed, count, users);
        narrow->exclusive = restrict_exclusive(narrow, allowed, count, users);
    } else {
        rovei_plan_fini(narrow);
    }
    free(users);
    return has_memory;
}
