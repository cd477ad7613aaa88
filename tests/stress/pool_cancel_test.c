/*
 * Cancellation against completion: a job runs or is discarded, never both, never neither, and its end is told once;
 * whoever cancels, by ticket, by batch or by pool, and whenever.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/pool.h>

enum { WATCH_SECONDS = 200, PLAYERS = 4, JOBS = 300 };

struct item {
    _Atomic unsigned char runs, discards, ends;
    _Atomic rove_ticket ticket;
    _Atomic(rove_status) outcome;
    bool is_accepted;
};

static struct {
    rove_pool *pool;
    struct item items[JOBS];
    rove_batch batch;
    rove_result results[JOBS];
    uint64_t round;
    atomic_int submitted;
    atomic_bool over;
} arena;

static int run(void *arg, void **value)
{
    (void)value;
    atomic_fetch_add(&((struct item *)arg)->runs, 1);
    return 0;
}

static void discard(void *arg)
{
    atomic_fetch_add(&((struct item *)arg)->discards, 1);
}

static void told(const rove_result *result, void *arg)
{
    struct item *item = &arena.items[result->id];
    (void)arg;
    atomic_fetch_add(&item->ends, 1);
    atomic_store(&item->outcome, result->status);
}

static void submit_all(struct test_random *random, bool in_batch)
{
    for (size_t i = 0; i < JOBS; i++) {
        rove_ticket ticket = 0;
        rove_job job = {.fn = run, .arg = &arena.items[i], .id = i, .on_discard = discard};
        job.priority = (int)test_random_below(random, 3);
        job.batch = in_batch ? &arena.batch : NULL;
        job.index = i;
        if (test_random_below(random, 4) == 0)
            job.deadline = rove_clock() + (int64_t)test_random_below(random, 20000);
        rove_status status = rove_pool_submit_job(arena.pool, &job, ROVE_NEVER, &ticket);
        arena.items[i].is_accepted = status == ROVE_OK;
        atomic_store(&arena.items[i].ticket, ticket);
        atomic_store(&arena.submitted, (int)i + 1);
        TEST_CHECK(status == ROVE_OK || status == ROVE_CANCELED || status == ROVE_CLOSED || status == ROVE_DRAINING,
                   "submit: %s", rove_status_text(status));
    }
    atomic_store(&arena.over, true);
}

/* Aims at what was submitted last, which is about to start. */
static void cancel_some(struct test_random *random)
{
    while (!atomic_load(&arena.over)) {
        int last = atomic_load(&arena.submitted);
        if (last == 0)
            continue;
        uint64_t back = test_random_below(random, last < 12 ? (uint64_t)last : 12);
        rove_ticket ticket = atomic_load(&arena.items[last - 1 - (int)back].ticket);
        rove_status status = test_random_below(random, 3)
                                 ? rove_job_cancel(arena.pool, ticket)
                                 : rove_job_set_priority(arena.pool, ticket, (int)test_random_below(random, 3));
        TEST_CHECK(status == ROVE_OK || status == ROVE_INVALID || status == ROVE_BUSY, "cancel: %s",
                   rove_status_text(status));
    }
}

static void end_somewhere(struct test_random *random)
{
    int at = (int)test_random_below(random, JOBS);
    while (atomic_load(&arena.submitted) < at && !atomic_load(&arena.over))
        test_yield();
    if (arena.round % 3 == 1)
        rove_batch_cancel(&arena.batch);
    else if (arena.round % 3 == 2)
        TEST_CHECK(rove_pool_cancel(arena.pool) == ROVE_OK, "cancel");
}

static void play(void *arg)
{
    int number = *(int *)arg;
    struct test_random random = test_random_make(arena.round * PLAYERS + (uint64_t)number);
    if (number == 0)
        submit_all(&random, arena.round % 2);
    else if (number == 1)
        end_somewhere(&random);
    else
        cancel_some(&random);
}

static void check_item(size_t number, bool in_batch)
{
    const struct item *item = &arena.items[number];
    int ran = item->runs, discards = item->discards, ends = item->ends;
    TEST_CHECK(ran + discards == (item->is_accepted ? 1 : 0), "job %zu: %d runs, %d discards", number, ran, discards);
    TEST_CHECK(ends == (item->is_accepted ? 1 : 0), "job %zu: its end is told %d times", number, ends);
    rove_status outcome = atomic_load(&item->outcome);
    TEST_CHECK(!discards || outcome == ROVE_CANCELED || outcome == ROVE_TIMED_OUT, "job %zu: discarded: %s", number,
               rove_status_text(outcome));
    TEST_CHECK(!in_batch || !item->is_accepted || arena.results[number].status == outcome, "job %zu: %s and %s", number,
               rove_status_text(arena.results[number].status), rove_status_text(outcome));
}

static void one_round(rove_runtime *runtime, uint64_t round)
{
    static int numbers[PLAYERS] = {0, 1, 2, 3};
    struct test_random random = test_random_make(round * 31);
    rove_pool_config config = test_pool_config(runtime);
    config.levels = 3;
    config.capacity = 1 + test_random_below(&random, 40);
    config.placement = round % 5 ? ROVE_PLACE_SHARED : (rove_placement)test_random_below(&random, 6);
    config.lanes = 2;
    config.on_end = told;
    memset(&arena, 0, sizeof arena);
    arena.round = round;
    arena.pool = test_pool(&config);
    arena.batch = (rove_batch){.results = arena.results, .count = JOBS};
    test_on_threads(PLAYERS, play, numbers, sizeof numbers[0]);
    rove_status status = rove_batch_wait(&arena.batch, ROVE_NEVER);
    TEST_CHECK(status == ROVE_OK || status == ROVE_CANCELED || status == ROVE_TIMED_OUT || status == ROVE_FAILED,
               "batch: %s", rove_status_text(status));
    test_pool_end(arena.pool);
    for (size_t i = 0; i < JOBS; i++)
        check_item(i, round % 2);
}

static void against_completion(void)
{
    int64_t rounds = test_scaled(1500, 40);
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int64_t i = 0; i < rounds / 3; i++)
            one_round(runtime, (uint64_t)i);
        test_runtime_end(runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"against_completion", against_completion},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, WATCH_SECONDS);
}
