#include "numa/order.h"

#include <stdlib.h>

/* An allowed processor on its way to its place. */
struct candidate {
    int pu;      /* place in machine->pus */
    int sibling; /* which thread of its core it is: 0 is the first that is allowed */
    int key;     /* what is sorted by */
    int place;   /* where it stood before, so that equal keys keep their order */
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

static void order_by_key(struct candidate *candidates, int count)
{
    for (int i = 0; i < count; i++)
        candidates[i].place = i;
    qsort(candidates, (size_t)count, sizeof *candidates, compare_candidates);
}

/* The key of each is how many before it share its core (cache, node, package). `seen` has room for a count of each. */
static void order_count(const struct rovei_machine *machine, struct candidate *candidates, int count,
                        enum rovei_level level, int *seen)
{
    for (int i = 0; i < machine->counts[level]; i++)
        seen[i] = 0;
    for (int i = 0; i < count; i++) {
        int at = machine->pus[candidates[i].pu].at[level];
        candidates[i].key = at < 0 ? i : seen[at]++;
    }
}

/* Deals out the threads of each core in turn, then those of each cache, node and package, from the inside outwards:
 * then any first few are in different packages, and among those of one package in different nodes, and so on. */
static void order_spread(const struct rovei_machine *machine, struct candidate *candidates, int count, int *seen)
{
    for (enum rovei_level level = LEVEL_CORE; level < LEVELS; level++) {
        order_count(machine, candidates, count, level, seen);
        order_by_key(candidates, count);
    }
}

/* First threads of cores before second ones unless the plan is compact, and within those fast cores before slow. */
static void order_classes(const struct rovei_machine *machine, struct candidate *candidates, int count, rove_plan kind)
{
    int fastest = 0;
    for (int i = 0; i < count; i++) {
        int efficiency = machine->pus[candidates[i].pu].efficiency;
        fastest = efficiency > fastest ? efficiency : fastest;
    }
    for (int i = 0; i < count; i++) {
        int round = kind == ROVE_PLAN_COMPACT ? 0 : candidates[i].sibling;
        candidates[i].key = round * (fastest + 1) + fastest - machine->pus[candidates[i].pu].efficiency;
    }
    order_by_key(candidates, count);
}

bool rovei_order_make(const struct rovei_machine *machine, rove_plan kind, int **pus, int *count)
{
    size_t room = (size_t)machine->pu_count;
    struct candidate *candidates = malloc(room * sizeof *candidates);
    int *seen = malloc(room * sizeof *seen);
    *pus = malloc(room * sizeof **pus);
    *count = 0;
    bool done = candidates && seen && *pus;
    if (done) {
        for (int i = 0; i < machine->pu_count; i++)
            if (machine->pus[i].is_allowed)
                candidates[(*count)++].pu = i;
        order_count(machine, candidates, *count, LEVEL_CORE, seen);
        for (int i = 0; i < *count; i++)
            candidates[i].sibling = candidates[i].key;
        if (kind == ROVE_PLAN_SPREAD)
            order_spread(machine, candidates, *count, seen);
        order_classes(machine, candidates, *count, kind);
        for (int i = 0; i < *count; i++)
            (*pus)[i] = candidates[i].pu;
    } else {
        free(*pus);
        *pus = NULL;
    }
    free(candidates);
    free(seen);
    return done;
}
