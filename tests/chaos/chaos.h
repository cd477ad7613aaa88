/*
 * Chaos points: places where a thread now and then yields, spins for a moment, or rarely sleeps, as decided by a random
 * generator of its own that is seeded from ROVE_TEST_SEED and the number of the thread. The seams put one in front of
 * every atomic operation of the library.
 *
 * Environment, read once:
 *   ROVE_CHAOS_PAUSE=n   on average one point in n does something; 0: none
 *   ROVE_CHAOS_HUNGER=n  on average one look at a doorbell in n finds it ringing; 0: none beyond those of thieves
 */
#ifndef TESTS_CHAOS_CHAOS_H
#define TESTS_CHAOS_CHAOS_H

#include <stdbool.h>
#include <stdint.h>

/* Of a thread. All zero is valid: the first point asks for more. */
struct chaos_thread {
    int64_t points;  /* that still pass quietly */
    int64_t hungers; /* looks at a doorbell that find it as it is */
    uint64_t random; /* the generator's state; 0: not seeded yet */
};

extern __thread struct chaos_thread chaos_self;

/* The slow sides: what is due, happens. */
void chaos_pause(void);
void chaos_hunger(uintptr_t *limit);

/* Called between the owner's store of `bottom` and its load in push and take, where it is not NULL. For tests that stop
 * a worker exactly there; set while nothing runs. */
extern void (*chaos_at_gap)(void);

static inline void chaos_point(void)
{
    if (--chaos_self.points < 0)
        chaos_pause();
}

/* The point that matters most counts for several. */
static inline void chaos_gap(void)
{
    chaos_self.points -= 4;
    chaos_point();
    if (chaos_at_gap)
        chaos_at_gap();
}

/* In front of a load of a cell, which the source calls `name`. */
static inline void chaos_before_load(const void *cell, const char *name)
{
    if (__builtin_strcmp(name, "deque->limit") == 0 && --chaos_self.hungers < 0)
        chaos_hunger((uintptr_t *)cell);
    chaos_point();
}

#endif
