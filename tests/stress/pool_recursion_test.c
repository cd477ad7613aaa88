/*
 * Jobs that submit jobs into queues that are full: their own, and each other's. Trees grow to their end, and nobody locks
 * up.
 */
#include <stdio.h>
#include <support/pool.h>

enum { WATCH_SECONDS = 250, POOLS = 3, DEPTH_MOST = 20 };

static rove_pool *pools[POOLS];
static _Atomic int64_t runs;

/* A node of a tree: which pool its children go to, and how far it is to the leaves. */
struct node {
    int left;
    int pool;
    int pool_step; /* 0: all in one pool */
};

static struct node nodes[POOLS][DEPTH_MOST + 1];

static int grow(void *arg, void **value)
{
    const struct node *self = arg;
    (void)value;
    atomic_fetch_add(&runs, 1);
    for (int i = 0; i < 2 && self->left > 0; i++) {
        int pool = (self->pool + (i + 1) * self->pool_step) % POOLS;
        rove_status status = rove_pool_submit(pools[pool], grow, &nodes[pool][self->left - 1]);
        TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    }
    return 0;
}

/* Waits until no pool has a job: one that has none may still be given some by another. */
static void wait_for_all(int64_t expected)
{
    while (atomic_load(&runs) < expected)
        for (int i = 0; i < POOLS; i++)
            TEST_CHECK(rove_pool_wait(pools[i], ROVE_NEVER) == ROVE_OK, "wait");
}

static void submit_tops(void *arg)
{
    int number = *(int *)arg;
    int depth = nodes[0][DEPTH_MOST].left;
    TEST_CHECK(rove_pool_submit(pools[number], grow, &nodes[number][depth]) == ROVE_OK, "submit");
}

static void trees(int workers, int width, size_t capacity, int depth, int pool_step)
{
    static int numbers[POOLS] = {0, 1, 2};
    rove_runtime *runtime = test_runtime(workers);
    rove_pool_config config = test_pool_config(runtime);
    config.width = width;
    config.capacity = capacity;
    atomic_store(&runs, 0);
    for (int pool = 0; pool < POOLS; pool++) {
        pools[pool] = test_pool(&config);
        for (int i = 0; i <= depth; i++)
            nodes[pool][i] = (struct node){i, pool, pool_step};
    }
    nodes[0][DEPTH_MOST].left = depth;
    test_on_threads(POOLS, submit_tops, numbers, sizeof numbers[0]);
    int64_t expected = POOLS * ((INT64_C(2) << depth) - 1);
    wait_for_all(expected);
    TEST_CHECK(atomic_load(&runs) == expected, "%lld jobs instead of %lld", (long long)runs, (long long)expected);
    uint64_t helped = 0;
    for (int i = 0; i < POOLS; i++) {
        helped += test_pool_stats(pools[i]).helped;
        TEST_CHECK(rove_pool_wait(pools[i], ROVE_NEVER) == ROVE_OK, "wait");
    }
    for (int i = 0; i < POOLS; i++)
        test_pool_end(pools[i]);
    printf("  %d workers, width %d, room for %zu: %lld jobs, %llu by helpers\n", workers, width, capacity,
           (long long)expected, (unsigned long long)helped);
    test_runtime_end(runtime);
}

static int depth_scaled(int depth)
{
    while (depth > 6 && test_scaled(INT64_C(1) << depth, 1) < INT64_C(1) << (depth - 1))
        depth--;
    return depth;
}

static void into_their_own_queue(void)
{
    static const size_t capacities[] = {0, 1, 7, 1024};
    for (int i = 0; i < 4; i++)
        for (int workers = 1; workers <= 4; workers *= 2)
            trees(workers, workers == 2 ? 1 : 0, capacities[i], depth_scaled(14), 0);
}

static void into_each_others_queues(void)
{
    static const size_t capacities[] = {0, 1, 7, 1024};
    for (int i = 0; i < 4; i++)
        for (int workers = 1; workers <= 4; workers *= 2)
            trees(workers, 1, capacities[i], depth_scaled(14), 1);
}

/* Jobs that wait for what they submit, as far as stacks go: a fan of futures at every node. */
struct fan {
    int left;
    int pool;
};

static int spread(void *arg, void **value)
{
    enum { FAN = 3 };
    struct fan *self = arg, below = {self->left - 1, (self->pool + 1) % 2};
    rove_future futures[FAN] = {{.fn = NULL}};
    (void)value;
    atomic_fetch_add(&runs, 1);
    for (int i = 0; i < FAN && self->left > 0; i++) {
        rove_job job = {.fn = spread, .arg = &below, .future = &futures[i]};
        rove_status status = rove_pool_submit_job(pools[below.pool], &job, ROVE_NEVER, NULL);
        TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    }
    for (int i = FAN - 1; i >= 0 && self->left > 0; i--)
        TEST_CHECK(rove_future_wait(&futures[i], NULL) == ROVE_OK, "wait");
    return 0;
}

static void fans_of_futures(void)
{
    int64_t rounds = test_scaled(20, 2);
    for (int64_t round = 0; round < rounds; round++) {
        rove_runtime *runtime = test_runtime(1 + (int)(round % 4));
        rove_pool_config config = test_pool_config(runtime);
        config.width = 1;
        config.capacity = (size_t)(round % 3);
        for (int i = 0; i < POOLS; i++)
            pools[i] = test_pool(&config);
        atomic_store(&runs, 0);
        struct fan tops[2] = {{7, 0}, {7, 1}};
        for (int i = 0; i < 2; i++)
            TEST_CHECK(rove_pool_submit(pools[i], spread, &tops[i]) == ROVE_OK, "submit");
        wait_for_all(2 * 3280);
        for (int i = 0; i < POOLS; i++)
            TEST_CHECK(rove_pool_wait(pools[i], ROVE_NEVER) == ROVE_OK, "wait");
        for (int i = 0; i < POOLS; i++)
            test_pool_end(pools[i]);
        TEST_CHECK(atomic_load(&runs) == 2 * 3280, "%lld jobs", (long long)runs);
        test_runtime_end(runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"into_their_own_queue", into_their_own_queue},
        {"into_each_others_queues", into_each_others_queues},
        {"fans_of_futures", fans_of_futures},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, WATCH_SECONDS);
}
