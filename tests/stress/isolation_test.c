/*
 * Locks that are held across isolated waits, at random: tasks take one lock after the other, upwards, spawn tasks that
 * do the same, and wait for them in isolated groups with the locks held, while strangers want the same locks. The locks
 * complain when their owner takes them again. Every task runs once, or is discarded once where its group is canceled.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <support/support.h>

enum { LOCKS = 4, CHILDREN = 4 };

static pthread_mutex_t locks[LOCKS];
static int64_t counts[LOCKS]; /* each guarded by its lock */
static atomic_llong spawned, ended, discarded, nodes_left;
static rove_group strangers;

/* A task: what it is made of, and the lowest lock that it may take. */
struct node {
    uint64_t stream;
    int lowest;
};

static void locks_init(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&locks[i], &attributes);
    pthread_mutexattr_destroy(&attributes);
    memset(counts, 0, sizeof counts);
}

static void take(int i)
{
    int error = pthread_mutex_lock(&locks[i]);
    TEST_CHECK(error == 0, "lock %d: %s", i, strerror(error));
}

static void give(int i)
{
    counts[i]++;
    TEST_CHECK(pthread_mutex_unlock(&locks[i]) == 0, "lock %d is not ours", i);
}

/* Wants any lock, and nothing else. */
static int stranger_run(void *arg)
{
    int i = (int)(intptr_t)arg;
    take(i);
    give(i);
    atomic_fetch_add(&ended, 1);
    return 0;
}

static void stranger_spawn(struct test_random *random)
{
    intptr_t i = (intptr_t)test_random_below(random, LOCKS);
    TEST_CHECK(rove_group_spawn(&strangers, stranger_run, (void *)i) == ROVE_OK, "spawn a stranger");
    atomic_fetch_add(&spawned, 1);
}

static int node_run(void *arg);

static void node_discard(void *arg)
{
    (void)arg;
    atomic_fetch_add(&discarded, 1);
}

static void count_range(int64_t begin, int64_t end, void *arg)
{
    atomic_fetch_add((atomic_int *)arg, (int)(end - begin));
}

/* Waits for its children with the locks below `lowest` held. */
static void node_wait(rove_group *group, struct test_random *random)
{
    rove_status status;
    do {
        int64_t patience = (int64_t)test_random_below(random, 40000);
        status = patience % 2 ? rove_group_wait(group) : rove_group_wait_until(group, rove_clock() + patience);
    } while (status == ROVE_PENDING);
    TEST_CHECK(status == ROVE_OK || status == ROVE_CANCELED, "%s", rove_status_text(status));
}

/* A loop is part of what its caller is part of: it may run siblings, which may want what the caller holds. */
static void node_work(struct node *node, struct test_random *random, bool is_holder)
{
    struct node children[CHILDREN];
    rove_group group = {.is_isolated = true, .on_discard = node_discard};
    int count = (int)test_random_below(random, CHILDREN + 1);
    for (int i = 0; i < count && atomic_fetch_sub(&nodes_left, 1) > 0; i++) {
        children[i] = (struct node){test_random_next(random), node->lowest};
        if (test_random_below(random, 2))
            stranger_spawn(random);
        TEST_CHECK(rove_group_spawn(&group, node_run, &children[i]) == ROVE_OK, "spawn");
        atomic_fetch_add(&spawned, 1);
    }
    if (test_random_below(random, 10) == 0)
        rove_scope_cancel(&group.scope);
    if (test_random_below(random, 4) == 0 && !is_holder) {
        atomic_int indices = 0;
        rove_status status = rove_for(0, 100, count_range, &indices);
        TEST_CHECK(status == ROVE_CANCELED || atomic_load(&indices) == 100, "%d indices", atomic_load(&indices));
    }
    node_wait(&group, random);
}

static int node_run(void *arg)
{
    struct node *node = arg;
    struct test_random random = test_random_make(node->stream);
    int held = -1;
    if (node->lowest < LOCKS && test_random_below(&random, 4) > 0) {
        held = node->lowest + (int)test_random_below(&random, (uint64_t)(LOCKS - node->lowest));
        take(held);
        node->lowest = held + 1;
    }
    node_work(node, &random, held >= 0);
    if (held >= 0)
        give(held);
    atomic_fetch_add(&ended, 1);
    return 0;
}

/* Trees of such tasks beside each other, in a group that is not isolated itself: they are strangers to each other. */
static void grow(void *arg)
{
    enum { TREES = 20 };
    struct node roots[TREES];
    struct test_random random = test_random_make(*(uint64_t *)arg);
    rove_group group = {0};
    for (int i = 0; i < TREES; i++) {
        roots[i] = (struct node){test_random_next(&random), 0};
        TEST_CHECK(rove_group_spawn(&group, node_run, &roots[i]) == ROVE_OK, "spawn");
        atomic_fetch_add(&spawned, 1);
        stranger_spawn(&random);
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(rove_group_wait(&strangers) == ROVE_OK, "wait for the strangers");
}

static void grow_with(int workers)
{
    int64_t rounds = test_scaled(100, 3);
    rove_runtime *runtime = test_runtime(workers);
    atomic_store(&spawned, 0);
    atomic_store(&ended, 0);
    atomic_store(&discarded, 0);
    locks_init();
    for (int64_t round = 0; round < rounds; round++) {
        uint64_t stream = (uint64_t)(round * 100 + workers);
        memset(&strangers, 0, sizeof strangers);
        strangers.runtime = runtime;
        atomic_store(&nodes_left, 300);
        TEST_CHECK(rove_run(runtime, grow, &stream) == ROVE_OK, "run");
        TEST_CHECK(atomic_load(&ended) + atomic_load(&discarded) == atomic_load(&spawned), "%lld + %lld of %lld",
                   atomic_load(&ended), atomic_load(&discarded), atomic_load(&spawned));
    }
    test_runtime_end(runtime);
    int64_t taken = 0;
    for (int i = 0; i < LOCKS; i++) {
        taken += counts[i];
        pthread_mutex_destroy(&locks[i]);
    }
    printf("  %d workers: %lld tasks, %lld discarded, %lld locks\n", workers, atomic_load(&spawned),
           atomic_load(&discarded), (long long)taken);
    TEST_CHECK(taken > 0 && atomic_load(&discarded) > 0, "too little has happened");
}

static void one_worker(void)
{
    grow_with(1);
}

static void two_workers(void)
{
    grow_with(2);
}

static void four_workers(void)
{
    grow_with(4);
}

static void eight_workers(void)
{
    grow_with(8);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"one_worker", one_worker},
        {"two_workers", two_workers},
        {"four_workers", four_workers},
        {"eight_workers", eight_workers},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 60);
}
