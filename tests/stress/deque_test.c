/*
 * The deque alone, without a scheduler: one owner, and up to three thieves that steal, ring and force as fast as they
 * can. Each task runs exactly once, and what it carries arrives whole.
 */
#include "runtime/platform/barrier.h"
#include "runtime/platform/cpu.h"
#include "runtime/queue/deque.h"

#include <pthread.h>
#include <rove/task.h>
#include <stdatomic.h>
#include <stdio.h>
#include <support/support.h>

enum { THIEVES_MAX = 3, DEPTH_MAX = 300, SLOTS_MAX = 512 };

/* How many tasks an owner forks, and how. */
struct program {
    int64_t tasks;
    int depth;      /* at most so many are open at a time */
    int slots_max;  /* beyond that there is no memory */
    bool is_popped; /* the owner takes whatever there is, instead of joining */
    bool is_forced; /* thieves do not ring */
};

struct job {
    rove_task task;
    int64_t number;
    int64_t square; /* of the number: carried from owner to thief */
    bool is_unqueued;
    atomic_bool is_done;
};

struct owner {
    struct program program;
    struct rovei_deque deque;
    rove_slot slots[SLOTS_MAX + 1];
    struct test_random random;
    struct job jobs[DEPTH_MAX];
    int open;
    int64_t forked;
    atomic_bool is_over;
};

struct thief {
    struct owner *owner;
    struct test_random random;
    int number;
    uintptr_t tokens;
    int64_t steals, losses, forced;
};

static struct test_once once;
static bool has_barrier;

static void job_run(struct job *job)
{
    TEST_CHECK(job->square == job->number * job->number, "task %lld is not whole", (long long)job->number);
    test_once_mark(&once, job->number);
    job->square = -1;
    atomic_store_explicit(&job->is_done, true, memory_order_release);
}

static struct job *job_of(rove_task *task)
{
    return (struct job *)task;
}

/* The owner. */

static bool owner_take(struct owner *owner, rove_slot *slot)
{
    bool is_here = rovei_deque_take(&owner->deque, slot) || deque_take_slow(&owner->deque, slot);
    TEST_CHECK(ROVEI_LOAD(owner->deque.bottom, RELAXED) == slot, "the deque does not go on where the task lay");
    return is_here;
}

/* The push that has just been made used up the last slot. False if there is no memory for more of them. */
static bool owner_extend(struct owner *owner)
{
    int64_t slots = 2 * ((rove_slot *)ROVEI_LOAD(owner->deque.end, RELAXED) - owner->slots);
    if (slots > owner->program.slots_max)
        return false;
    deque_extend(&owner->deque, owner->slots + slots);
    return true;
}

static void owner_fork(struct owner *owner)
{
    struct rovei_deque *deque = &owner->deque;
    struct job *job = &owner->jobs[owner->open++];
    job->number = owner->forked++;
    job->square = job->number * job->number;
    job->is_unqueued = false;
    atomic_store_explicit(&job->is_done, false, memory_order_relaxed);
    job->task.slot = ROVEI_LOAD(deque->bottom, RELAXED);
    TEST_CHECK((uintptr_t)job->task.slot <= ROVEI_LOAD(deque->end, RELAXED), "a slot that may not be written");
    if (!rovei_deque_push(deque, job->task.slot, &job->task))
        return;
    if (deque_is_full(deque) && !owner_extend(owner)) {
        TEST_CHECK(owner_take(owner, job->task.slot), "a task that was not queued was stolen");
        job->is_unqueued = true;
    }
    if (ROVEI_LOAD(deque->limit, RELAXED) == DEQUE_HUNGRY)
        deque_publish(deque);
}

static void owner_join(struct owner *owner)
{
    struct job *job = &owner->jobs[--owner->open];
    if (owner_take(owner, job->task.slot)) {
        job_run(job);
    } else {
        TEST_CHECK(!job->is_unqueued, "a task that was not queued was stolen");
        while (!atomic_load_explicit(&job->is_done, memory_order_acquire))
            test_yield();
    }
}

static void owner_pop(struct owner *owner)
{
    rove_task *task = deque_pop(&owner->deque);
    if (task)
        job_run(job_of(task));
}

/* Runs what could not be queued, and waits until all jobs may be used again. */
static void owner_wait_for_all(struct owner *owner)
{
    while (owner->open > 0) {
        struct job *job = &owner->jobs[--owner->open];
        if (job->is_unqueued)
            job_run(job);
        while (!atomic_load_explicit(&job->is_done, memory_order_acquire)) {
            owner_pop(owner);
            test_yield();
        }
    }
}

/* Now and then the owner works for a while, or loses its processor, so that the thieves catch up with it. */
static void owner_pause(struct owner *owner)
{
    uint64_t choice = test_random_below(&owner->random, 64);
    if (choice == 0)
        test_yield();
    else if (choice < 8)
        for (uint64_t i = test_random_below(&owner->random, 100); i > 0; i--)
            cpu_relax();
}

/* Forks and joins so that the depth wanders, stays near the ground, or goes up and down all the way. */
static void owner_run(struct owner *owner)
{
    const struct program *program = &owner->program;
    int goal = 0;
    while (owner->forked < program->tasks) {
        goal = (int)test_random_below(&owner->random,
                                      (uint64_t)(test_random_below(&owner->random, 2) ? 3 : program->depth));
        while (owner->open <= goal && owner->forked < program->tasks)
            owner_fork(owner);
        owner_pause(owner);
        if (program->is_popped) {
            for (int i = 0; i < goal / 2; i++)
                owner_pop(owner);
            owner_wait_for_all(owner);
        }
        goal = (int)test_random_below(&owner->random, (uint64_t)owner->open + 1);
        while (owner->open > goal)
            owner_join(owner);
    }
    while (owner->open > 0)
        owner_join(owner);
    atomic_store(&owner->is_over, true);
}

/* A thief. */

static void thief_force(struct thief *thief)
{
    uintptr_t token = DEQUE_TOKENS + ((uintptr_t)thief->number << 40) + ++thief->tokens;
    if (has_barrier && deque_hides_tasks(&thief->owner->deque) &&
        deque_force(&thief->owner->deque, token, rovei_barrier_heavy))
        thief->forced++;
}

static void thief_find_nothing(struct thief *thief)
{
    uint64_t choice = test_random_below(&thief->random, 32);
    if (choice == 0)
        thief_force(thief);
    else if (choice < 8 && !(thief->owner->program.is_forced && has_barrier))
        deque_ring_doorbell(&thief->owner->deque);
    else if (choice < 12)
        test_yield();
}

static void *thief_run(void *arg)
{
    struct thief *thief = arg;
    while (!atomic_load(&thief->owner->is_over)) {
        rove_task *task = NULL;
        switch (deque_steal(&thief->owner->deque, &task)) {
        case STEAL_OK:
            thief->steals++;
            job_run(job_of(task));
            break;
        case STEAL_LOST:
            thief->losses++;
            break;
        case STEAL_EMPTY:
            thief_find_nothing(thief);
            break;
        }
    }
    return NULL;
}

static void run(struct program program, int thieves, int64_t first)
{
    static struct owner owner;
    struct thief thief[THIEVES_MAX] = {{0}};
    pthread_t threads[THIEVES_MAX];
    owner.program = program;
    owner.random = test_random_make((uint64_t)first);
    owner.open = 0;
    owner.forked = 0;
    atomic_store(&owner.is_over, false);
    deque_init(&owner.deque, owner.slots, owner.slots + 1, first);
    test_once_init(&once, program.tasks);
    for (int i = 0; i < thieves; i++) {
        thief[i].owner = &owner;
        thief[i].number = i;
        thief[i].random = test_random_make((uint64_t)(first + i + 1));
        TEST_CHECK(pthread_create(&threads[i], NULL, thief_run, &thief[i]) == 0, "thief %d", i);
    }
    owner_run(&owner);
    int64_t steals = 0, losses = 0, forced = 0;
    for (int i = 0; i < thieves; i++) {
        pthread_join(threads[i], NULL);
        steals += thief[i].steals;
        losses += thief[i].losses;
        forced += thief[i].forced;
    }
    test_once_check(&once);
    test_once_fini(&once);
    TEST_CHECK(deque_place(owner.deque.origin, owner.deque.top) == (uintptr_t)owner.deque.bottom, "something is left");
    printf("  %d thieves: %lld tasks, %lld steals, %lld lost, %lld forced\n", thieves, (long long)program.tasks,
           (long long)steals, (long long)losses, (long long)forced);
}

static void run_with_thieves(struct program program)
{
    program.tasks = test_scaled(program.tasks, 1000);
    for (int thieves = 1; thieves <= THIEVES_MAX; thieves++)
        run(program, thieves, -1000 * thieves);
}

static void fork_and_join(void)
{
    run_with_thieves((struct program){.tasks = 1000000, .depth = DEPTH_MAX - 10, .slots_max = SLOTS_MAX});
}

static void fork_and_join_near_the_ground(void)
{
    run_with_thieves((struct program){.tasks = 500000, .depth = 4, .slots_max = SLOTS_MAX});
}

static void publication_by_force_alone(void)
{
    run_with_thieves((struct program){.tasks = 500000, .depth = 20, .slots_max = SLOTS_MAX, .is_forced = true});
}

static void slots_that_cannot_grow(void)
{
    run_with_thieves((struct program){.tasks = 500000, .depth = 20, .slots_max = 4});
    run_with_thieves((struct program){.tasks = 50000, .depth = 20, .slots_max = 1});
}

static void spawn_and_pop(void)
{
    run_with_thieves((struct program){.tasks = 500000, .depth = 50, .slots_max = 32, .is_popped = true});
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"fork_and_join", fork_and_join},
        {"fork_and_join_near_the_ground", fork_and_join_near_the_ground},
        {"publication_by_force_alone", publication_by_force_alone},
        {"slots_that_cannot_grow", slots_that_cannot_grow},
        {"spawn_and_pop", spawn_and_pop},
    };
    has_barrier = rovei_barrier_register();
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 60);
}
