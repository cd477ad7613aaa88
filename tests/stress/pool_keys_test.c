/*
 * Keyed pools: of one key one job runs at a time, and in the order of submission, while jobs submit to the full queue,
 * which makes workers help, and wait for jobs of other keys on top of which others run.
 */
#include <stdlib.h>
#include <support/pool.h>

enum { WATCH_SECONDS = 250, SUBMITTERS = 3, KEYS = 5, LEAF_KEYS = 7, JOBS = 500 };

/* What runs of a key, and what comes next. Keys of leaves, which wait for nothing, have no order: many submit them. */
static struct key {
    atomic_int inside;
    atomic_int next;
} keys[SUBMITTERS * KEYS + LEAF_KEYS];

static rove_pool *pool;
static atomic_llong leaves_made, leaves_run;

struct job {
    int key;
    int number; /* among those of its key */
    uint64_t draw;
};

static void key_enter(int key)
{
    TEST_CHECK(atomic_fetch_add(&keys[key].inside, 1) == 0, "two jobs of key %d run at once", key);
}

static void key_leave(int key)
{
    atomic_fetch_sub(&keys[key].inside, 1);
}

static int leaf(void *arg, void **value)
{
    int key = (int)(intptr_t)arg;
    (void)value;
    key_enter(key);
    test_spin_ns(500);
    atomic_fetch_add(&leaves_run, 1);
    key_leave(key);
    return 0;
}

static void submit_leaf(uint64_t draw, rove_future *future)
{
    int key = SUBMITTERS * KEYS + (int)(draw % LEAF_KEYS);
    rove_job job = {.fn = leaf, .arg = (void *)(intptr_t)key, .key = (uint64_t)key, .future = future};
    rove_status status = rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
    TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    atomic_fetch_add(&leaves_made, 1);
}

/* Submits leaves, and waits for one of them at times; all in its turn, and alone with its key. */
static int in_turn(void *arg, void **value)
{
    const struct job *self = arg;
    struct key *key = &keys[self->key];
    rove_future future = {.fn = NULL};
    (void)value;
    key_enter(self->key);
    int turn = atomic_fetch_add(&key->next, 1);
    TEST_CHECK(turn == self->number, "job %d of key %d runs as number %d", self->number, self->key, turn);
    if (self->draw % 4 == 1)
        submit_leaf(self->draw / 8, NULL);
    if (self->draw % 4 == 2) {
        submit_leaf(self->draw / 8, &future);
        TEST_CHECK(rove_future_wait(&future, NULL) == ROVE_OK, "wait");
    }
    key_leave(self->key);
    return 0;
}

static void submit_some(void *arg)
{
    const int *first = arg;
    struct test_random random = test_random_make((uint64_t)*first);
    static struct job jobs[SUBMITTERS][JOBS];
    int numbers[KEYS] = {0};
    for (int i = 0; i < JOBS; i++) {
        int key = (int)test_random_below(&random, KEYS);
        struct job *made = &jobs[*first][i];
        *made = (struct job){*first * KEYS + key, numbers[key]++, test_random_next(&random)};
        rove_job job = {.fn = in_turn, .arg = made, .key = (uint64_t)made->key};
        rove_status status = rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL);
        TEST_CHECK(status == ROVE_OK, "submit: %s", rove_status_text(status));
    }
}

static void one_pool(rove_runtime *runtime, const rove_pool_config *config)
{
    static int numbers[SUBMITTERS] = {0, 1, 2};
    pool = test_pool(config);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        atomic_store(&keys[i].next, 0);
    atomic_store(&leaves_made, 0);
    atomic_store(&leaves_run, 0);
    test_watch_runtime(runtime);
    test_on_threads(SUBMITTERS, submit_some, numbers, sizeof numbers[0]);
    TEST_CHECK(rove_pool_wait(pool, ROVE_NEVER) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&leaves_run) == atomic_load(&leaves_made), "leaves");
    test_pool_end(pool);
    test_watch_runtime(NULL);
}

static void keys_with(bool is_serial)
{
    static const int workers[] = {1, 2, 8};
    int64_t rounds = test_scaled(20, 1);
    for (int i = 0; i < 3; i++) {
        rove_runtime *runtime = test_runtime(workers[i]);
        struct test_random random = test_random_make((uint64_t)i);
        for (int64_t round = 0; round < rounds; round++) {
            rove_pool_config config = test_pool_config(runtime);
            config.placement = ROVE_PLACE_KEYED;
            config.lanes = 1 + (int)test_random_below(&random, 9);
            config.capacity = test_random_below(&random, 5) * 4;
            config.is_serial = is_serial;
            one_pool(runtime, &config);
        }
        test_runtime_end(runtime);
    }
}

static void keys_of_lanes(void)
{
    keys_with(false);
}

static void keys_of_serial_pools(void)
{
    keys_with(true);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"keys_of_lanes", keys_of_lanes},
        {"keys_of_serial_pools", keys_of_serial_pools},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, WATCH_SECONDS);
}
