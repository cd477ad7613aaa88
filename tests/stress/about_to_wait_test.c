/*
 * A wait that ends, or work that comes, at the moment when the waiter has said that it sleeps and does not sleep yet:
 * a stolen task that is done, the last task of a group, and a call by a thread for which there is no guest slot left.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <support/idle.h>
#include <support/support.h>

static rove_runtime *runtime;
static struct test_once once;
static struct test_random randoms; /* of the thread that ends the wait */

/* A task that begins on another worker, and ends as soon as its waiter is about to sleep. */
struct job {
    rove_task task;
    int64_t number;
    struct rovei_worker *waiter;
    _Atomic bool has_begun;
};

/* Returns when the waiter has announced that it sleeps but may not have said so in its state, or later. */
static void await_waiter(struct rovei_worker *waiter)
{
    bool is_early = test_random_below(&randoms, 2);
    for (uint32_t polls = 1; !idle_is_waiting(waiter) && !(is_early && idle_announced(runtime) > 0); polls++)
        if (polls % 1000 == 0)
            test_yield();
    test_spin_ns((int64_t)test_random_below(&randoms, is_early ? 300 : 3000));
}

static void end_when_awaited(rove_task *task)
{
    struct job *job = (struct job *)task;
    TEST_CHECK(worker_self() != job->waiter, "the waiter runs it itself");
    atomic_store(&job->has_begun, true);
    await_waiter(job->waiter);
    test_once_mark(&once, job->number);
}

static int end_when_awaited_spawned(void *arg)
{
    end_when_awaited(arg);
    return 0;
}

static void await_begin(struct job *job)
{
    while (!atomic_load(&job->has_begun))
        test_yield();
}

static void join_again_and_again(void *arg)
{
    (void)arg;
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        struct job job = {.number = number, .waiter = worker_self()};
        rove_fork(&job.task, end_when_awaited);
        await_begin(&job);
        TEST_CHECK(rove_join(&job.task, end_when_awaited) == ROVE_OK, "join");
        TEST_CHECK(once.runs[number] == 1, "task %lld has not run", (long long)number);
    }
}

static void wait_again_and_again(void *arg)
{
    (void)arg;
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        struct job job = {.number = number, .waiter = worker_self()};
        rove_group group = {0};
        TEST_CHECK(rove_group_spawn(&group, end_when_awaited_spawned, &job) == ROVE_OK, "spawn");
        await_begin(&job);
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        TEST_CHECK(once.runs[number] == 1, "task %lld has not run", (long long)number);
    }
}

static void begin(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.spin_ns = 1000;
    runtime = test_runtime_with(&config);
    randoms = test_random_make((uint64_t)workers);
    test_once_init(&once, test_scaled(20000, 200));
}

static void end(void)
{
    test_once_check(&once);
    test_once_fini(&once);
    test_runtime_end(runtime);
}

static void a_join(void)
{
    begin(2);
    TEST_CHECK(rove_run(runtime, join_again_and_again, NULL) == ROVE_OK, "run");
    end();
}

static void a_wait_for_a_group(void)
{
    begin(2);
    TEST_CHECK(rove_run(runtime, wait_again_and_again, NULL) == ROVE_OK, "run");
    end();
}

/* Two guests fill a runtime of two workers. One waits for a task that a pool thread has begun, and sleeps; the other is
 * busy. A third thread's call can only be run by the one that sleeps. */
static struct {
    _Atomic(struct rovei_worker *) waiter;
    atomic_bool has_begun;
    atomic_bool is_full;
    atomic_bool is_over;
} table;

static int last_until_over(void *arg)
{
    (void)arg;
    atomic_store(&table.has_begun, true);
    while (!atomic_load(&table.is_over))
        test_yield();
    return 0;
}

static void guest_that_waits(void *arg)
{
    rove_group group = {0};
    TEST_CHECK(rove_group_spawn(&group, last_until_over, arg) == ROVE_OK, "spawn");
    while (!atomic_load(&table.has_begun) || !atomic_load(&table.is_full))
        test_yield();
    atomic_store(&table.waiter, worker_self());
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void guest_that_is_busy(void *arg)
{
    (void)arg;
    atomic_store(&table.is_full, true);
    while (!atomic_load(&table.is_over))
        test_yield();
}

static void mark_call(void *arg)
{
    struct job *job = arg;
    TEST_CHECK(worker_self() == job->waiter, "not the waiter runs it");
    test_once_mark(&once, job->number);
}

static void call_again_and_again(void)
{
    while (!atomic_load(&table.waiter))
        test_yield();
    for (int64_t number = 0; test_once_goes_on(&once, number); number++) {
        struct job job = {.number = number, .waiter = atomic_load(&table.waiter)};
        await_waiter(job.waiter);
        TEST_CHECK(rove_run(runtime, mark_call, &job) == ROVE_OK, "run");
        TEST_CHECK(once.runs[number] == 1, "call %lld has not run", (long long)number);
    }
    atomic_store(&table.is_over, true);
}

static void player(void *arg)
{
    int number = *(int *)arg;
    if (number == 0)
        TEST_CHECK(rove_run(runtime, guest_that_waits, NULL) == ROVE_OK, "run");
    while (number > 0 && !atomic_load(&table.has_begun))
        test_yield();
    if (number == 1)
        TEST_CHECK(rove_run(runtime, guest_that_is_busy, NULL) == ROVE_OK, "run");
    if (number == 2)
        call_again_and_again();
}

static void calls_that_are_queued(void)
{
    int numbers[] = {0, 1, 2};
    begin(2);
    atomic_store(&table.waiter, NULL);
    atomic_store(&table.has_begun, false);
    atomic_store(&table.is_full, false);
    atomic_store(&table.is_over, false);
    test_on_threads(3, player, numbers, sizeof numbers[0]);
    end();
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"a_join", a_join},
        {"a_wait_for_a_group", a_wait_for_a_group},
        {"calls_that_are_queued", calls_that_are_queued},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
