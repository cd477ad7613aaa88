/*
 * A workload that uses everything at once: a seeded tree of tasks in which each part goes on as a fork, as a task of
 * the group around it, as a task of a group of its own, or as a call, and whose joins and waits come in every order
 * that is legal. Each task marks its number, so whatever is lost or runs twice is found.
 *
 * It keeps its promise also where memory is short: what cannot be spawned it calls.
 */
#ifndef TESTS_STORM_H
#define TESTS_STORM_H

#include <support/support.h>

/* The ways in which a part may go on; a set of them. */
enum { STORM_CALL = 1, STORM_FORK = 2, STORM_SPAWN_OUTER = 4, STORM_SPAWN_LOCAL = 8, STORM_ALL = 15 };

struct storm {
    struct test_once once;
    uint64_t stream;     /* which of the seed's trees it is */
    unsigned ways;       /* a set of STORM_... */
    _Atomic int refused; /* spawns that were refused */
};

/* A storm of `tasks` tasks, ready to run. */
void storm_init(struct storm *storm, int64_t tasks, uint64_t stream, unsigned ways);

/* Runs it; for rove_run, or for any thread, on the default runtime then. */
void storm_run(void *storm);
/* The same as a task of a group. */
int storm_task(void *storm);

/* Fails unless each task has run once; then frees what storm_init allocated. */
void storm_fini(struct storm *storm);

/* All of that in a given runtime. Returns how many spawns were refused. */
int storm_in(rove_runtime *runtime, int64_t tasks, uint64_t stream, unsigned ways);

#endif
