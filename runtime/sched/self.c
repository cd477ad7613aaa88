/*
 * Which worker this thread is. The library's state that belongs to the process is here: one thread-local pointer, where
 * executables have copies of it, the deques that it points to on threads that are no workers, and a count of scopes.
 * That one is no runtime's, because a scope may be canceled by somebody who does not know whether the runtime that it
 * was in still exists.
 */
#include "runtime/sched/runtime.h"

#include <rove/fork_at.h>

/* Every operation on these takes the slow path, where the thread is seen to be no worker and undoes what it did; nobody
 * reads what is stored. A thread begins with the one that all share, because only that has an address beforehand, and
 * leaves it for its own at the first slow path. One that loads the shared `bottom` before another has undone its push
 * goes on from there; since no thread does so twice, it takes thousands that meet in just this way to get far. */
enum { OUTSIDE_SLOTS = 8192 };
static rove_slot outside_slots[OUTSIDE_SLOTS];
static struct rovei_deque outside = {.bottom = outside_slots, .limit = DEQUE_HUNGRY, .split = UINTPTR_MAX};

/* By this name executables refer to it. A second name, because this one is exported, and the library does not have to
 * look up where its own is. */
extern struct rovei_deque rovei_self_outside __attribute__((alias("outside")));

static __thread rove_slot own_slot;
static __thread struct rovei_deque own_outside = {.limit = DEQUE_HUNGRY, .split = UINTPTR_MAX};

__thread struct rovei_deque *rovei_self __attribute__((tls_model("initial-exec"))) = &outside;

/* The copies of rovei_self. It only changes before the first constructor of the process runs, so it needs no lock. */
static struct rovei_self_copy *self_copies;

_Atomic(int32_t) rovei_scopes_to_heed;

void rovei_self_announce(struct rovei_deque **self, struct rovei_self_copy *copy)
{
    copy->distance = (intptr_t)self - (intptr_t)&rovei_self;
    for (struct rovei_self_copy *known = self_copies; known; known = known->next) {
        if (known->distance == copy->distance)
            return; /* another object of the same executable was first */
    }
    copy->next = self_copies;
    self_copies = copy;
}

/* Nothing else writes rovei_self. */
static void self_set(struct rovei_deque *deque)
{
    rovei_self = deque;
    for (struct rovei_self_copy *copy = self_copies; copy; copy = copy->next)
        *(struct rovei_deque **)((intptr_t)&rovei_self + copy->distance) = deque;
}

struct rovei_worker *rovei_worker_become(struct rovei_worker *worker)
{
    struct rovei_worker *before = worker_self();
    if (worker)
        self_set(&worker->forks);
    else
        rovei_outside_reset();
    return before;
}

void rovei_outside_reset(void)
{
    if (rovei_self == &outside)
        ROVEI_STORE(outside.bottom, outside_slots, RELAXED); /* nobody's */
    ROVEI_STORE(own_outside.bottom, &own_slot, RELAXED);     /* own variable */
    self_set(&own_outside);
}

rove_deque *rove_deque_here(rove_slot **slot)
{
    if (!worker_self())
        rovei_outside_reset();
    *slot = ROVEI_LOAD(rovei_self->bottom, RELAXED); /* own variable */
    return rovei_self;
}

int rove_worker_id(void)
{
    struct rovei_worker *worker = worker_self();
    return worker ? worker->index : -1;
}

void *rove_worker_state(void)
{
    struct rovei_worker *worker = worker_self();
    return worker ? worker->user_state : NULL;
}

rove_runtime *rove_current_runtime(void)
{
    struct rovei_worker *worker = worker_self();
    return worker ? worker->runtime : NULL;
}
