/*
 * A door that tasks wait at in blocking regions, until somebody opens it.
 */
#ifndef TESTS_UNIT_SCHED_DOOR_H
#define TESTS_UNIT_SCHED_DOOR_H

#include <errno.h>
#include <rove/rove.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <support/storm.h>

#include <cmocka.h>

/* A door that tasks wait at, and who stands there. */
static struct {
    sem_t opened;
    atomic_int waiting;
    atomic_int passed;
    atomic_int others;
} door;

static inline int setup(void **state)
{
    (void)state;
    sem_init(&door.opened, 0, 0);
    atomic_store(&door.waiting, 0);
    atomic_store(&door.passed, 0);
    atomic_store(&door.others, 0);
    return 0;
}

static inline void door_wait(void)
{
    atomic_fetch_add(&door.waiting, 1);
    while (sem_wait(&door.opened))
        TEST_CHECK(errno == EINTR, "sem_wait: %s", strerror(errno));
    atomic_fetch_add(&door.passed, 1);
}

static inline void door_open(int count)
{
    for (int i = 0; i < count; i++)
        sem_post(&door.opened);
}

static inline int wait_in_region(void *arg)
{
    int depth = arg ? *(int *)arg : 1, worker = rove_worker_id();
    void *own = rove_worker_state();
    for (int i = 0; i < depth; i++)
        rove_blocking_begin();
    for (int i = 1; i < depth; i++) /* only the outermost end counts */
        rove_blocking_end();
    TEST_CHECK(rove_worker_id() == worker, "worker %d becomes %d in a region", worker, rove_worker_id());
    door_wait();
    rove_blocking_end();
    TEST_CHECK(rove_worker_id() == worker && rove_worker_state() == own, "worker %d becomes %d after a region", worker,
               rove_worker_id());
    return 0;
}

static inline int open_for(void *arg)
{
    door_open(*(int *)arg);
    return 0;
}

static inline int count_other(void *arg)
{
    (void)arg;
    atomic_fetch_add(&door.others, 1);
    return 0;
}

static inline rove_runtime *runtime_make(int workers, int spares)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.spares = spares;
    return test_runtime_with(&config);
}

static inline rove_stats stats_of(rove_runtime *runtime)
{
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    return stats;
}

static inline void spawn(rove_group *group, rove_group_fn *fn, void *arg, int count)
{
    for (int i = 0; i < count; i++)
        TEST_CHECK(rove_group_spawn(group, fn, arg) == ROVE_OK, "spawn");
}

static inline void wait_until(atomic_int *counter, int count)
{
    while (atomic_load(counter) < count)
        test_yield();
}

/* `blocked` tasks block, a task after them opens the door. This thread does not help out: it would hide that nobody
 * else can. */
static inline void block_and_release(rove_runtime *runtime, int blocked, int depth)
{
    rove_group group = {.runtime = runtime};
    int waiting = atomic_load(&door.waiting), passed = atomic_load(&door.passed);
    spawn(&group, wait_in_region, &depth, blocked);
    wait_until(&door.waiting, waiting + blocked);
    spawn(&group, open_for, &blocked, 1);
    wait_until(&door.passed, passed + blocked);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
}

#endif
