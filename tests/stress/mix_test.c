/*
 * A bit of everything, in an order that the seed decides, by several threads on one runtime: storms, loops, reductions,
 * waits outside, more and fewer workers, runtimes beside it. However long it goes on, memory stays as it is.
 */
#include <rove/rove.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/storm.h>

enum { PLAYERS = 3, WORKERS_MOST = 8, NUMBERS = 5000 };

static rove_runtime *runtime;

static void mark_range(int64_t begin, int64_t end, void *once)
{
    for (int64_t i = begin; i < end; i++)
        test_once_mark(once, i);
}

static void loop(void *arg)
{
    (void)arg;
    struct test_once once;
    test_once_init(&once, NUMBERS);
    TEST_CHECK(rove_for(0, NUMBERS, mark_range, &once) == ROVE_OK, "loop");
    test_once_check(&once);
    test_once_fini(&once);
}

static void sum_range(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        *(int64_t *)value += i;
}

static void sum_add(void *left, void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(int64_t *)right;
}

static void reduction(void *arg)
{
    (void)arg;
    int64_t nothing = 0, sum = -1;
    rove_reduction reduction = {.size = sizeof sum, .identity = &nothing, .body = sum_range, .combine = sum_add};
    TEST_CHECK(rove_reduce(0, NUMBERS, &reduction, &sum) == ROVE_OK, "reduction");
    TEST_CHECK(sum == (int64_t)NUMBERS * (NUMBERS - 1) / 2, "the sum is %lld", (long long)sum);
}

static void run_here(void (*fn)(void *arg))
{
    TEST_CHECK(rove_run(runtime, fn, NULL) == ROVE_OK, "run");
}

static int fail_or_not(void *arg)
{
    return (int)(intptr_t)arg;
}

static void group_with_errors(struct test_random *random)
{
    rove_group group = {.runtime = runtime};
    int tasks = 1 + (int)test_random_below(random, 100), failures = 0;
    for (int i = 0; i < tasks; i++) {
        bool fails = test_random_below(random, 4) == 0;
        failures += fails;
        TEST_CHECK(rove_group_spawn(&group, fail_or_not, (void *)(intptr_t)fails) == ROVE_OK, "spawn");
    }
    rove_status expected = failures ? ROVE_FAILED : ROVE_OK, status = rove_group_wait(&group);
    TEST_CHECK(status == expected, "wait: %s", rove_status_text(status));
    TEST_CHECK(rove_group_failures(&group) == failures, "%lld failures", (long long)rove_group_failures(&group));
}

static void runtime_beside(uint64_t stream)
{
    rove_runtime *beside = NULL;
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    TEST_CHECK(rove_runtime_create(&beside, &config, NULL) == ROVE_OK, "create");
    storm_in(beside, 500, stream, STORM_ALL);
    TEST_CHECK(rove_runtime_destroy(beside) == ROVE_OK, "destroy");
}

static void play_once(struct test_random *random)
{
    uint64_t stream = test_random_next(random);
    switch (test_random_below(random, 10)) {
    case 0:
        TEST_CHECK(rove_set_workers(runtime, 1 + (int)(stream % WORKERS_MOST)) == ROVE_OK, "set");
        break;
    case 1:
        runtime_beside(stream);
        break;
    case 2:
        run_here(loop);
        break;
    case 3:
        run_here(reduction);
        break;
    case 4:
        group_with_errors(random);
        break;
    case 5:
        storm_in(runtime, 20000, stream, STORM_ALL);
        break;
    case 6:
        storm_in(NULL, 2000, stream, STORM_ALL);
        break;
    default:
        storm_in(runtime, 1 + (int64_t)(stream % 300), stream, 1 + (unsigned)(stream >> 20) % STORM_ALL);
    }
}

struct player {
    uint64_t stream;
    int64_t rounds;
};

static void play(void *arg)
{
    const struct player *player = arg;
    struct test_random random = test_random_make(player->stream);
    for (int64_t i = 0; i < player->rounds; i++)
        play_once(&random);
}

static void play_together(uint64_t stream, int64_t rounds)
{
    struct player players[PLAYERS];
    for (uint64_t i = 0; i < PLAYERS; i++)
        players[i] = (struct player){stream + i, rounds};
    test_on_threads(PLAYERS, play, players, sizeof players[0]);
}

static void everything_at_once(void)
{
    enum { SLACK_KIB = 16 << 10, SLACK_MAPPINGS = 64 };
    int64_t rounds = test_scaled(3000, 30);
    runtime = test_runtime(WORKERS_MOST);
    play_together(10, rounds / 3);
    int64_t resident = test_resident_kib();
    int mappings = test_mapping_count(), descriptors = test_descriptor_count();
    play_together(20, rounds - rounds / 3);
    printf("  mappings %d -> %d, resident %lld KiB -> %lld KiB\n", mappings, test_mapping_count(), (long long)resident,
           (long long)test_resident_kib());
    TEST_CHECK(test_descriptor_count() == descriptors, "%d descriptors instead of %d", test_descriptor_count(),
               descriptors);
    test_runtime_end(runtime);
    if (test_is_sanitized())
        return; /* sanitizers keep freed memory */
    TEST_CHECK(test_mapping_count() <= mappings + SLACK_MAPPINGS, "%d mappings, %d before", test_mapping_count(),
               mappings);
    TEST_CHECK(test_resident_kib() <= resident + SLACK_KIB, "%lld KiB, %lld before", (long long)test_resident_kib(),
               (long long)resident);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {{"everything_at_once", everything_at_once}};
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
