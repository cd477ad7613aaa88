/*
 * Work that comes while the runtime is being shut down: each piece is run or refused, and who is told which is told the
 * truth.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <support/support.h>

enum { SUBMITTERS = 3 };

/* One round: what was accepted and what has run. */
struct round {
    rove_runtime *runtime;
    pthread_barrier_t begin;
    pthread_barrier_t end;
    atomic_bool over;
    atomic_int accepted;
    atomic_int executed;
};

static struct round game;

static int execute_task(void *arg)
{
    (void)arg;
    atomic_fetch_add(&game.executed, 1);
    return 0;
}

static void execute(void *arg)
{
    (void)execute_task(arg);
}

/* A task that spawns more work from inside, which is accepted as long as an accepted task runs. */
static int execute_more(void *arg)
{
    rove_group group = {0};
    for (int i = 0; i < 3; i++) {
        rove_status status = rove_group_spawn(&group, execute_task, arg);
        TEST_CHECK(status == ROVE_OK, "spawn from inside: %s", rove_status_text(status));
        atomic_fetch_add(&game.accepted, 1);
    }
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait from inside");
    return execute_task(arg);
}

/* Submits until it is refused. Returns by then; the group is waited for after the refusal. */
static void submit_until_closed(struct test_random *random)
{
    rove_group group = {.runtime = game.runtime};
    for (rove_status status = ROVE_OK; status == ROVE_OK;) {
        switch (test_random_below(random, 3)) {
        case 0:
            status = rove_run(game.runtime, execute, NULL);
            break;
        case 1:
            status = rove_group_spawn(&group, execute_more, NULL);
            break;
        default:
            status = rove_group_spawn(&group, execute_task, NULL);
        }
        TEST_CHECK(status == ROVE_OK || status == ROVE_CLOSED, "%s", rove_status_text(status));
        if (status == ROVE_OK)
            atomic_fetch_add(&game.accepted, 1);
    }
    rove_status status = rove_group_wait(&group);
    TEST_CHECK(status == ROVE_OK, "wait after the refusal: %s", rove_status_text(status));
}

static void submitter(void *arg)
{
    struct test_random random = test_random_make(*(uint64_t *)arg);
    for (;;) {
        pthread_barrier_wait(&game.begin);
        if (atomic_load(&game.over))
            return;
        submit_until_closed(&random);
        pthread_barrier_wait(&game.end);
    }
}

static void referee(void *arg)
{
    struct test_random random = test_random_make(*(uint64_t *)arg);
    int64_t rounds = test_scaled(10000, 100);
    for (int64_t i = 0; i < rounds; i++) {
        game.runtime = test_runtime(1 + (int)test_random_below(&random, 3));
        atomic_store(&game.accepted, 0);
        atomic_store(&game.executed, 0);
        pthread_barrier_wait(&game.begin);
        if (test_random_below(&random, 4) == 0)
            test_yield();
        for (uint64_t pause = test_random_below(&random, 20000); pause > 0; pause--)
            atomic_load(&game.accepted);
        TEST_CHECK(rove_runtime_shutdown(game.runtime) == ROVE_OK, "shutdown");
        pthread_barrier_wait(&game.end);
        TEST_CHECK(atomic_load(&game.accepted) == atomic_load(&game.executed), "round %lld: %d accepted, %d executed",
                   (long long)i, atomic_load(&game.accepted), atomic_load(&game.executed));
        test_runtime_end(game.runtime);
    }
    atomic_store(&game.over, true);
    pthread_barrier_wait(&game.begin);
}

static void player(void *arg)
{
    if (*(uint64_t *)arg == 0)
        referee(arg);
    else
        submitter(arg);
}

static void submit_against_shutdown(void)
{
    uint64_t numbers[SUBMITTERS + 1];
    for (uint64_t i = 0; i <= SUBMITTERS; i++)
        numbers[i] = i;
    atomic_store(&game.over, false);
    pthread_barrier_init(&game.begin, NULL, SUBMITTERS + 1);
    pthread_barrier_init(&game.end, NULL, SUBMITTERS + 1);
    test_on_threads(SUBMITTERS + 1, player, numbers, sizeof numbers[0]);
    pthread_barrier_destroy(&game.begin);
    pthread_barrier_destroy(&game.end);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"submit_against_shutdown", submit_against_shutdown},
    };
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 200);
}
