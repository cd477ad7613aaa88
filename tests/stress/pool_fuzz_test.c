/*
 * Everything at once: threads drive random sequences of calls over several pools with random configurations, and jobs
 * submit jobs. In the end each job that was accepted has run or was discarded, and not both; its end was told once; each
 * result came once, or was counted as dropped; the numbers add up; and the memory is back.
 *
 * What a program must not do is left out: jobs wait only for jobs that wait for nothing, in pools without lanes, do not
 * wait for room in pools of another runtime, and each stream has a reader.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/heap.h>
#include <support/pool.h>

enum { WATCH_SECONDS = 140, PLAYERS = 4, POOLS = 4, ITEMS = 6000, BATCH = 40, ATTEMPTS = 3 };

/* What the function of a job does. */
enum deed {
    DEED_NOTHING,
    DEED_FAIL,
    DEED_FAIL_ITSELF,
    DEED_SPIN,
    DEED_LOOP,
    DEED_ABORT,
    DEED_SUBMIT,
    DEED_WAIT,
    DEED_UNTIL_CANCELED, /* for jobs with a time limit */
    DEEDS
};

struct item {
    enum deed deed;
    int pool;
    bool is_retryable, has_future;
    bool is_accepted; /* written by the submitter, read in the end */
    _Atomic rove_ticket ticket;
    _Atomic unsigned char runs, discards, ends, records;
    _Atomic int attempts;
    _Atomic(rove_status) outcome;
    rove_future future;
    rove_future *after[2];
};

struct player {
    struct test_random random;
    rove_batch batch;
    rove_result batch_results[BATCH];
};

static struct {
    rove_runtime *runtimes[2];
    rove_pool *pools[POOLS];
    rove_pool_config configs[POOLS];
    struct item items[ITEMS];
    _Atomic int64_t next;
    _Atomic uint64_t accepted[POOLS], records[POOLS];
    struct player players[PLAYERS];
    struct test_heap heap;
    int64_t operations;
} world;

static bool has_serial; /* whether some of the pools are */

static bool chance(struct test_random *random, uint64_t one_in)
{
    return test_random_below(random, one_in) == 0;
}

/* A new item, or NULL when all are used up. */
static struct item *item_take(struct test_random *random)
{
    int64_t number = atomic_fetch_add(&world.next, 1);
    if (number >= ITEMS)
        return NULL;
    struct item *item = &world.items[number];
    item->pool = (int)test_random_below(random, POOLS);
    item->deed = (enum deed)test_random_below(random, DEED_UNTIL_CANCELED);
    return item;
}

static void submit_child(struct test_random *random, bool waits);

static void loop_body(int64_t begin, int64_t end, void *arg)
{
    atomic_fetch_add((_Atomic int64_t *)arg, end - begin);
}

static int item_run(void *arg, void **value)
{
    struct item *item = arg;
    const rove_job_info *job = rove_current_job();
    struct test_random random = test_random_make((uint64_t)(item - world.items) * 3 + 1000);
    _Atomic int64_t counted = 0;
    TEST_CHECK(job && job->id == (uint64_t)(item - world.items) && job->pool == world.pools[item->pool],
               "a job that is another one");
    int run = atomic_fetch_add(&item->runs, 1) + 1;
    TEST_CHECK(run == job->attempt && run <= (item->is_retryable ? ATTEMPTS : 1), "run %d, attempt %d", run,
               job->attempt);
    *value = item;
    switch (item->deed) {
    case DEED_FAIL:
        return run == ATTEMPTS ? 0 : run;
    case DEED_FAIL_ITSELF:
        rove_fail(run);
        break;
    case DEED_LOOP:
        TEST_CHECK(rove_for(0, 100, loop_body, &counted) != ROVE_OK || counted == 100, "a loop");
        break;
    case DEED_ABORT:
        TEST_CHECK(rove_job_abort(run) == ROVE_INVALID && !world.configs[item->pool].catches_aborts, "abort");
        break;
    case DEED_SUBMIT:
        submit_child(&random, false);
        break;
    case DEED_WAIT:
        submit_child(&random, true);
        break;
    case DEED_UNTIL_CANCELED:
        while (!rove_is_canceled())
            test_yield();
        break;
    default:
        test_spin_ns((int64_t)test_random_below(&random, 30000));
    }
    TEST_CHECK(rove_current_job() && rove_current_job()->id == (uint64_t)(item - world.items), "another job");
    return 0;
}

static void item_discard(void *arg)
{
    atomic_fetch_add(&((struct item *)arg)->discards, 1);
}

static bool item_retryable(int error, void *arg)
{
    return error != 99 && arg;
}

/* A job for the item, with a random choice of what a job may have. */
static rove_job item_job(struct item *item, struct test_random *random)
{
    const rove_pool_config *config = &world.configs[item->pool];
    rove_job job = {.fn = item_run, .arg = item, .id = (uint64_t)(item - world.items), .name = "fuzz"};
    job.on_discard = item_discard;
    job.user = item;
    job.priority = (int)test_random_below(random, (uint64_t)config->levels);
    job.key = test_random_below(random, 5);
    if (chance(random, 8))
        job.deadline = rove_clock() + (int64_t)test_random_below(random, 100000) - 20000;
    if (chance(random, 8)) {
        job.timeout = 1 + (int64_t)test_random_below(random, 200000);
        item->deed = chance(random, 2) ? DEED_UNTIL_CANCELED : item->deed;
    } else if (chance(random, 4)) {
        job.retry = (rove_retry){.attempts = ATTEMPTS, .jitter = 50, .backoff_max = 100000};
        job.retry.backoff = chance(random, 2) ? 0 : (int64_t)test_random_below(random, 100000);
        job.retry.is_retryable = chance(random, 2) ? item_retryable : NULL;
        item->is_retryable = true;
    }
    if (item->has_future)
        job.future = &item->future;
    return job;
}

/* A submission to a batch gives up with the batch, whose time may be over. */
static void check_submitted(rove_status status, int64_t until, bool has_time)
{
    bool is_legal = status == ROVE_OK || status == ROVE_DRAINING || status == ROVE_CLOSED || status == ROVE_CANCELED ||
                    (status == ROVE_FULL && until == 0) || (status == ROVE_TIMED_OUT && has_time);
    TEST_CHECK(is_legal, "submit: %s", rove_status_text(status));
}

static rove_status item_submit(struct item *item, const rove_job *job, int64_t until)
{
    rove_ticket ticket = 0;
    rove_status status = rove_pool_submit_job(world.pools[item->pool], job, until, &ticket);
    check_submitted(status, until, (job->batch && job->batch->deadline) || (until != 0 && until != ROVE_NEVER));
    TEST_CHECK((status == ROVE_OK) == (ticket != 0), "a ticket of %llu: %s", (unsigned long long)ticket,
               rove_status_text(status));
    item->is_accepted = status == ROVE_OK;
    atomic_store(&item->ticket, ticket);
    atomic_fetch_add(&world.accepted[item->pool], status == ROVE_OK);
    return status;
}

static int64_t random_until(struct test_random *random)
{
    uint64_t way = test_random_below(random, 3);
    return way == 0 ? 0 : way == 1 ? rove_clock() + (int64_t)test_random_below(random, 100000) : ROVE_NEVER;
}

static void submit_child(struct test_random *random, bool waits)
{
    struct item *child = item_take(random);
    if (!child)
        return;
    if (child->deed == DEED_WAIT || child->deed == DEED_SUBMIT)
        child->deed = DEED_SPIN;
    waits = waits && world.configs[child->pool].placement == ROVE_PLACE_SHARED && !world.configs[child->pool].is_serial;
    child->has_future = waits;
    rove_job job = item_job(child, random);
    int64_t until = random_until(random);
    if (until == ROVE_NEVER && world.configs[child->pool].runtime != rove_current_runtime())
        until = rove_clock() + 100000;
    if (item_submit(child, &job, until) == ROVE_OK && waits) {
        rove_status status = rove_future_wait(&child->future, NULL);
        TEST_CHECK(status != ROVE_INVALID && status != ROVE_PENDING && status != ROVE_FORKED, "wait: %s",
                   rove_status_text(status));
    }
}

static void told_end(const rove_result *result, void *arg)
{
    struct item *item = &world.items[result->id];
    (void)arg;
    TEST_CHECK(result->id < ITEMS && result->user == item, "the end of another job");
    atomic_fetch_add(&item->ends, 1);
    atomic_store(&item->attempts, result->attempts);
    atomic_store(&item->outcome, result->status);
}

static void got_record(const rove_result *result, void *arg)
{
    struct item *item = &world.items[result->id];
    (void)arg;
    TEST_CHECK(result->id < ITEMS && result->user == item, "the record of another job");
    atomic_fetch_add(&item->records, 1);
    atomic_fetch_add(&world.records[item->pool], 1);
    TEST_CHECK(result->attempts == item->runs, "%d attempts, %d runs", result->attempts, item->runs);
}

/* Calls of a thread that is no worker. */

static void play_submit(struct player *player)
{
    struct item *item = item_take(&player->random);
    if (!item)
        return;
    static _Thread_local struct item *recent[2]; /* made by this thread in this world; futures to wait for */
    item->has_future = chance(&player->random, 3);
    rove_job job = item_job(item, &player->random);
    if (chance(&player->random, 6) && recent[0] >= world.items && recent[0]->is_accepted && recent[1]->is_accepted &&
        recent[0]->has_future && recent[1]->has_future) {
        item->after[0] = &recent[0]->future;
        item->after[1] = &recent[1]->future;
        job.after = item->after;
        job.after_count = 2;
    }
    bool is_made = item_submit(item, &job, random_until(&player->random)) == ROVE_OK && item->has_future;
    if (is_made) {
        recent[1] = recent[0] ? recent[0] : item;
        recent[0] = item;
    }
    if (is_made && chance(&player->random, 4))
        TEST_CHECK(rove_future_wait(&item->future, NULL) != ROVE_INVALID, "wait");
}

static void play_batch(struct player *player)
{
    memset(&player->batch, 0, sizeof player->batch);
    player->batch.results = player->batch_results;
    player->batch.count = BATCH;
    player->batch.policy = chance(&player->random, 2) ? ROVE_FAIL_FAST : ROVE_COLLECT_ALL;
    player->batch.stop_after = chance(&player->random, 3) ? 5 : 0;
    player->batch.deadline = chance(&player->random, 5) ? rove_clock() + 50000 : 0;
    size_t accepted = 0, succeeded = 0;
    struct item *items[BATCH] = {NULL};
    int pool = (int)test_random_below(&player->random, POOLS);
    for (size_t i = 0; i < BATCH && (items[i] = item_take(&player->random)); i++) {
        items[i]->pool = pool;
        rove_job job = item_job(items[i], &player->random);
        job.batch = &player->batch;
        job.index = i;
        accepted += item_submit(items[i], &job, ROVE_NEVER) == ROVE_OK;
    }
    if (chance(&player->random, 4))
        rove_batch_cancel(&player->batch);
    rove_status status;
    while ((status = rove_batch_wait(&player->batch, rove_clock() + 100000)) == ROVE_PENDING)
        continue;
    for (size_t i = 0; i < BATCH && items[i]; i++) {
        const rove_result *result = &player->batch_results[i];
        if (!items[i]->is_accepted)
            continue;
        TEST_CHECK(result->user == items[i] && result->attempts == items[i]->runs, "result %zu of a batch", i);
        succeeded += result->status == ROVE_OK;
    }
    TEST_CHECK(succeeded == rove_batch_successes(&player->batch), "%zu and %zu successes", succeeded,
               rove_batch_successes(&player->batch));
    TEST_CHECK(status != ROVE_OK || succeeded == accepted || player->batch.stop_after, "a batch: %s, %zu of %zu",
               rove_status_text(status), succeeded, accepted);
}

static void play_ticket(struct player *player)
{
    int64_t made = atomic_load(&world.next);
    if (made == 0)
        return;
    uint64_t back = test_random_below(&player->random, 30);
    int64_t number = made - 1 - (int64_t)back;
    const struct item *item = &world.items[number < 0 ? 0 : number >= ITEMS ? ITEMS - 1 : number];
    rove_ticket ticket = atomic_load(&item->ticket);
    int pool = ticket ? item->pool : 0; /* which was written before the ticket */
    rove_status status = chance(&player->random, 2) ? rove_job_cancel(world.pools[pool], ticket)
                                                    : rove_job_set_priority(world.pools[pool], ticket, 0);
    TEST_CHECK(status == ROVE_OK || status == ROVE_INVALID || status == ROVE_BUSY, "ticket: %s",
               rove_status_text(status));
}

static void play_look(struct player *player, rove_pool *pool)
{
    char text[4000];
    rove_pool_worker workers[8];
    rove_pool_lane lanes[8];
    rove_progress progress;
    rove_report report;
    test_pool_stats(pool);
    rove_pool_get_workers(pool, workers, 8);
    rove_pool_get_lanes(pool, lanes, 8);
    rove_pool_imbalance(pool);
    TEST_CHECK(rove_pool_get_progress(pool, &progress) == ROVE_OK && progress.done <= progress.total, "progress");
    rove_pool_write_json(pool, text, sizeof text);
    rove_pool_write_prometheus(pool, text, test_random_below(&player->random, sizeof text));
    rove_pool_explain(pool, "look", ROVE_FULL, &report);
}

static void play_end(struct player *player, rove_pool *pool)
{
    switch (test_random_below(&player->random, 4)) {
    case 0:
        TEST_CHECK(rove_pool_close(pool) == ROVE_OK, "close");
        break;
    case 1:
        TEST_CHECK(rove_pool_cancel(pool) == ROVE_OK, "cancel");
        break;
    case 2:
        rove_pool_request_stop(pool);
        break;
    default:
        TEST_CHECK(rove_pool_drain(pool, ROVE_NEVER) == ROVE_OK, "drain");
    }
}

static void play(void *arg)
{
    struct player *player = arg;
    for (int64_t i = 0; i < world.operations && atomic_load(&world.next) < ITEMS; i++) {
        rove_pool *pool = world.pools[test_random_below(&player->random, POOLS)];
        uint64_t what = test_random_below(&player->random, 100);
        if (what < 70)
            play_submit(player);
        else if (what < 73)
            play_batch(player);
        else if (what < 90)
            play_ticket(player);
        else if (what < 93)
            play_look(player, pool);
        else if (what < 96)
            rove_pool_wait(pool, rove_clock() + 20000);
        else if (chance(&player->random, 200))
            play_end(player, pool);
    }
}

static void read_records(void *arg)
{
    int pool = *(int *)arg;
    rove_result results[7];
    rove_status status;
    size_t count = 0;
    if (!world.configs[pool].has_results)
        return;
    while ((status = rove_pool_next_batch(world.pools[pool], results, 7, ROVE_NEVER, &count)) == ROVE_OK)
        for (size_t i = 0; i < count; i++)
            got_record(&results[i], NULL);
    TEST_CHECK(status == ROVE_CLOSED, "the end of the stream: %s", rove_status_text(status));
}

static rove_pool_config config_random(struct test_random *random)
{
    rove_pool_config config = test_pool_config(world.runtimes[test_random_below(random, 2)]);
    config.capacity = chance(random, 5) ? ROVE_UNBOUNDED : test_random_below(random, 40);
    config.width = (int)test_random_below(random, 4);
    config.levels = 1 + (int)test_random_below(random, ROVE_LEVELS_MAX);
    config.aging = config.levels + (int)test_random_below(random, 20);
    config.placement = chance(random, 2) ? ROVE_PLACE_SHARED : (rove_placement)test_random_below(random, 6);
    config.lanes = (int)test_random_below(random, 5);
    config.is_untimed = chance(random, 3);
    config.catches_aborts = chance(random, 2);
    config.is_serial = has_serial && chance(random, 4);
    config.has_results = config.is_serial || chance(random, 2); /* whoever reads runs what is left of a serial one */
    config.results_capacity = 1 + test_random_below(random, 20);
    config.overflow = (rove_overflow)test_random_below(random, 4);
    config.on_result = got_record;
    config.on_end = told_end;
    config.stuck_after = chance(random, 3) ? 1000 * ROVE_SECOND : 0;
    return config;
}

static void check_items(void)
{
    for (int64_t i = 0; i < ITEMS; i++) {
        const struct item *item = &world.items[i];
        int runs = item->runs, discards = item->discards, ends = item->ends, records = item->records;
        const rove_pool_config *config = &world.configs[item->pool];
        TEST_CHECK(ends == item->is_accepted, "job %d: its end was told %d times", (int)i, ends);
        TEST_CHECK(item->is_accepted ? (runs > 0) + discards == 1 : runs + discards == 0,
                   "job %d, accepted %d: %d runs, %d discards", (int)i, item->is_accepted, runs, discards);
        TEST_CHECK(item->attempts == runs, "job %d: %d attempts, %d runs", (int)i, item->attempts, runs);
        bool may_drop = config->overflow == ROVE_OVERFLOW_DROP_OLDEST;
        int expected = item->is_accepted && config->has_results;
        TEST_CHECK(records == expected || (may_drop && records == 0), "job %d: %d records", (int)i, records);
        TEST_CHECK(!item->has_future || !item->is_accepted || rove_future_is_done(&item->future),
                   "job %d: a future without an end", (int)i);
    }
}

static void check_pool(int number)
{
    rove_pool *pool = world.pools[number];
    rove_pool_stats stats = test_pool_stats(pool);
    TEST_CHECK(stats.submitted == atomic_load(&world.accepted[number]), "%llu submitted, %llu accepted",
               (unsigned long long)stats.submitted, (unsigned long long)world.accepted[number]);
    uint64_t records = atomic_load(&world.records[number]) + stats.results_dropped;
    TEST_CHECK(records == (world.configs[number].has_results ? stats.submitted : 0), "%llu records, %llu jobs",
               (unsigned long long)records, (unsigned long long)stats.submitted);
    uint64_t runs = 0, discards = 0;
    for (int i = 0; i < ITEMS; i++) {
        runs += world.items[i].pool == number ? world.items[i].runs : 0;
        discards += world.items[i].pool == number ? world.items[i].discards : 0;
    }
    TEST_CHECK(stats.discarded == discards, "%llu were discarded, %llu say so", (unsigned long long)discards,
               (unsigned long long)stats.discarded);
    TEST_CHECK(runs == stats.submitted - stats.discarded + stats.retried, "%llu runs, %llu jobs, %llu retried",
               (unsigned long long)runs, (unsigned long long)(stats.submitted - stats.discarded),
               (unsigned long long)stats.retried);
}

static void one_world(uint64_t number)
{
    struct test_random random = test_random_make(number);
    struct test_thread readers[POOLS];
    int numbers[POOLS];
    memset(&world, 0, sizeof world);
    world.operations = 2000;
    for (int i = 0; i < 2; i++) {
        rove_config config;
        rove_config_default(&config);
        config.workers = 1 + (int)test_random_below(&random, 4);
        config.oversubscribe = true;
        config.allocator = test_heap_allocator(&world.heap);
        world.runtimes[i] = test_runtime_with(&config);
    }
    for (int i = 0; i < POOLS; i++) {
        world.configs[i] = config_random(&random);
        world.pools[i] = test_pool(&world.configs[i]);
        numbers[i] = i;
    }
    for (int i = 0; i < POOLS; i++)
        test_thread_start(&readers[i], read_records, &numbers[i]);
    for (int i = 0; i < PLAYERS; i++)
        world.players[i].random = test_random_make(number * PLAYERS + (uint64_t)i + 77);
    test_on_threads(PLAYERS, play, world.players, sizeof world.players[0]);
    for (int i = 0; i < POOLS; i++) /* what runs in one may submit to another */
        TEST_CHECK(rove_pool_drain(world.pools[i], ROVE_NEVER) == ROVE_OK, "drain");
    for (int i = 0; i < POOLS; i++)
        test_thread_join(&readers[i]);
    check_items();
    for (int i = 0; i < POOLS; i++)
        check_pool(i);
    for (int i = 0; i < POOLS; i++)
        test_pool_end(world.pools[i]);
    test_runtime_end(world.runtimes[1]);
    test_runtime_end(world.runtimes[0]);
    test_heap_check(&world.heap, "world", (int64_t)number);
}

static void worlds(void)
{
    int64_t rounds = test_scaled(300, 6);
    for (int64_t i = 0; i < rounds; i++)
        one_world((uint64_t)i);
}

static void worlds_with_serial_pools(void)
{
    has_serial = true;
    worlds();
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"worlds", worlds},
        {"worlds_with_serial_pools", worlds_with_serial_pools},
    };
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, WATCH_SECONDS);
}
